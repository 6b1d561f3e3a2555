"""Where a batch reads its rows and writes its answers: a file, an object or a table of a connection; rows may come from
a web service, too.

Answers for a table are kept in a file until all are there, so that its database sees one short transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from modelyard.errors.project import BadParameter
from modelyard.objects.finished import finished
from modelyard.schema.column import Kind
from modelyard.schema.connection import Rest
from modelyard.schema.contract import Contract
from modelyard.schema.paging import Link, Paging
from modelyard.step.context import Context
from modelyard.step.located import named_files, store_of

if TYPE_CHECKING:
    from polars import DataFrame, LazyFrame

    from modelyard.frame.appended import Appended


class Place(Struct, frozen=True):
    """A file (`path`), of an object store where there is a `connection`, or a table of one."""

    path: str | None = None
    connection: str | None = None
    table: str | None = None
    mode: Literal["replace", "append", "upsert"] = "replace"
    records: str = ""
    paging: Paging | None = None
    parameters: dict[str, str | int | float | bool] = {}

    def shown(self, folder: Path) -> str:
        if self.connection is not None:
            return f"{self.connection}:{self.table or self.path}"
        return str(folder / (self.path or ""))


@contextmanager
def scanned(read: Place, ctx: Context, kinds: Mapping[str, Kind], contract: Contract) -> Iterator[LazyFrame]:
    """The rows, of the contract's columns those that are there, until the block ends."""
    if isinstance(service := ctx.connections[read.connection] if read.connection else None, Rest):
        yield _served(read, service, ctx, kinds, contract)
    elif read.path is not None:
        from modelyard.frame import chunks

        path = ctx.folder / read.path if read.connection is None else _only(ctx, read.connection, read.path)
        with chunks.scanned(path, kinds) as frame:
            yield frame
    else:
        yield _table(read, ctx, kinds, contract)


def _table(read: Place, ctx: Context, kinds: Mapping[str, Kind], contract: Contract) -> LazyFrame:
    from modelyard.frame.sql import read as sql

    asked = sql.Asked(
        connection=ctx.connections[read.connection or ""],
        folder=ctx.folder,
        zone=ctx.zone,
        table=read.table,
        order_if_there=(contract.id,) if contract.id else (),
    )
    return sql.scan(sql.of_kinds(asked, kinds, as_they_are=(contract.time,)))


@contextmanager
def output(write: Place, ctx: Context, entry: str, period: int, version: int) -> Iterator[Appended]:
    """Where answers are added. In a table each row says of which run it is, so that a run that is done again takes the
    place of itself."""
    if write.path is not None:
        from modelyard.frame.appended import appended

        with _file(ctx, write) as path, appended(path) as file:
            yield file
        return
    from modelyard.frame.sql.write import written

    run = f"{entry} {datetime.fromtimestamp(period / 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    instead = {"run": run} if write.mode == "append" else {}
    with written(ctx.connections[write.connection or ""], ctx.folder, write.table or "", write.mode,
                 ("id",) if write.mode == "upsert" else (), ctx.zone, instead) as table:  # fmt: skip
        yield _Table(table, run, period, version)


def _served(read: Place, service: Rest, ctx: Context, kinds: Mapping[str, Kind], contract: Contract) -> LazyFrame:
    """Page by page, in the order of the service."""
    from modelyard.frame.rest.read import Asked, scan

    if read.path is None:
        way_out = f"Write {{connection: {service.name}, path: /…}}"
        raise BadParameter(f"connection {service.name!r} is a web service", who="deploy.batch", way_out=way_out)
    asked = Asked(
        connection=service,
        folder=ctx.folder,
        zone=ctx.zone,
        path=read.path,
        parameters=read.parameters,
        paging=read.paging or Link(),
        records=read.records,
    )
    return scan(asked, kinds, as_they_are=(contract.time,))


def _only(ctx: Context, connection: str, path: str) -> Path:
    """One table is one object: rows are known by their place in it."""
    found = list(named_files(ctx, connection, path).values())
    if len(found) > 1:
        raise BadParameter(f"{len(found)} objects match {path!r}", who="deploy.batch", way_out="Name one object")
    return found[0]


@contextmanager
def _file(ctx: Context, write: Place) -> Iterator[Path]:
    if write.connection is None:
        yield ctx.folder / (write.path or "")
        return
    with finished(store_of(ctx, write.connection), write.path or "", ctx.copies) as file:
        yield file


class _Table:
    """Rows of a table also say when, by which version and in which run; SQL has no brackets in its names."""

    def __init__(self, out: Appended, run: str, period: int, version: int) -> None:
        self._out, self._run, self._period, self._version = out, run, period, version

    def add(self, part: DataFrame) -> None:
        import polars as pl

        plain = part.rename(lambda name: name.replace("[", "_").replace("]", ""))
        scored = pl.lit(self._period).cast(pl.Datetime("us", "UTC")).alias("scored")
        self._out.add(
            plain.with_columns(scored, pl.lit(self._version).alias("version"), pl.lit(self._run).alias("run"))
        )
