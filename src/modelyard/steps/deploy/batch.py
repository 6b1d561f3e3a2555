"""Score a table every so often, with the same program and the same log as the server. Honoured by loop/."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from modelyard.errors.project import BadParameter
from modelyard.schema.duration import microseconds
from modelyard.schema.paging import Paging
from modelyard.step.step import Policy


class Place(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file, an object or a table of a connection."""

    path: Annotated[
        str | None, Meta(description="A file, relative to the project file, or an object; written as CSV or Parquet.")
    ] = None
    connection: Annotated[str | None, Meta(description="A name under `connections:`.")] = None
    table: Annotated[str | None, Meta(description="A table there; `schema.table` in another schema.")] = None

    def __post_init__(self) -> None:
        named = (self.path is not None, self.connection is not None, self.table is not None)
        if named not in ((True, False, False), (True, True, False), (False, True, True)):
            way_out = "Write {path: …}, {connection: …, path: …} or {connection: …, table: …}"
            raise BadParameter("a batch reads and writes a file, an object or a table", way_out=way_out)


class Source(Place, frozen=True, kw_only=True):
    """Of a web service: `path` on its connection, and what read.rest is told of its pages."""

    records: Annotated[str, Meta(description="Of a web service: the keys under which the rows lie.")] = ""
    paging: Annotated[Paging | None, Meta(description="Of a web service, as for read.rest.")] = None
    parameters: Annotated[
        dict[str, str | int | float | bool], Meta(description="Of a web service: the query of the first request.")
    ] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        told = bool(self.records or self.paging or self.parameters)
        if told and (self.path is None or self.connection is None):
            found = "`records:`, `paging:` and `parameters:` are of a web service"
            raise BadParameter(found, way_out="Write {connection: …, path: …} beside them, or leave them out")


class Target(Place, frozen=True, kw_only=True):
    """`replace`: the table holds the last run; `append`: all runs, each once; `upsert`: the last answer of each id."""

    mode: Annotated[
        Literal["replace", "append", "upsert"],
        Meta(description="What becomes of a table's rows; a file or object is replaced."),
    ] = "replace"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.path is not None and self.mode != "replace":
            raise BadParameter(
                f"a file or object cannot be written by {self.mode}", way_out="Write into a table, or leave it out"
            )


class Batch(Policy, frozen=True, kw_only=True, tag="deploy.batch"):
    """One run per period; a run is known by its period, so a second try writes nothing twice.

    Right: a list that is called through every Monday. Wrong: what must be answered while somebody waits: that
    is deploy.service.

    >>> Batch(every="7d", read=Source(path="in.csv"), write=Target(connection="crm", table="scores")).write.mode
    'replace'
    """

    every: Annotated[str, Meta(description="How often, in event time: 7d.")]
    read: Annotated[
        Source,
        Meta(description="Where rows come from: {path: …}, {connection: …, path: …} or {connection: …, table: …}."),
    ]
    write: Annotated[Target, Meta(description="Where answers go: likewise, and {mode: …} for a table.")]

    def __post_init__(self) -> None:
        microseconds(self.every)
