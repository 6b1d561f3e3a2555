"""A table of a web service: its pages as they come, each made into columns and let go before the next is asked for.

Columns and kinds are found in the first pages (until 1,000 rows are there) and then hold, as in a JSON file: what was
promised before a run is what it gives.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import polars as pl
from msgspec import Struct
from msgspec.structs import replace
from polars.io.plugins import register_io_source

from modelyard.errors.connection import ServiceRefused, UnfitAnswer
from modelyard.errors.data import MissingColumn
from modelyard.errors.project import BadParameter
from modelyard.frame.gathered import Gathered
from modelyard.frame.objects import Item, NotJson, flat, items
from modelyard.frame.quarantine import Kept
from modelyard.frame.rest.client import Answer, Client
from modelyard.frame.rest.pager import Pager
from modelyard.frame.rest.said import members, null
from modelyard.frame.rest.target import Plain, target
from modelyard.frame.schema import DTYPES
from modelyard.schema.column import Column, Kind
from modelyard.schema.connection import Connection, Rest
from modelyard.schema.limits import Limits
from modelyard.schema.paging import Link, Paging
from modelyard.schema.schema import Schema
from modelyard.schema.url import checked, split

SAMPLE = 1_000
"""Rows, in whole pages, from which columns and kinds are found."""
INFER = 100_000
"""And of one page the most."""


class Asked(Struct, frozen=True, kw_only=True):
    """`keep`: keep rows that do not parse. `order_if_there`: columns that put the rows in an order, so that the same
    rows are the same table however they came."""

    connection: Connection
    folder: Path = Path()
    zone: str = "UTC"
    path: str
    parameters: dict[str, Plain] = {}
    paging: Paging = Link()
    records: str = ""
    columns: tuple[str, ...] | None = None
    types: dict[str, Kind] = {}
    at_most: Limits = Limits()
    keep: bool = False
    order_if_there: tuple[str, ...] = ()

    @property
    def service(self) -> Rest:
        if isinstance(self.connection, Rest):
            return self.connection
        raise BadParameter(f"connection {self.connection.name!r} is no web service", way_out="Read it by read.sql")

    @property
    def target(self) -> str:
        """The first one, of a paging that adds nothing. Raises BadParameter."""
        base = split(self.service.url)[1].path if checked(self.service.url, "url") else ""
        return target(base, self.path, self.parameters)


class Rows(Struct, frozen=True, eq=False):
    frame: pl.DataFrame
    kept: list[Kept]


def peek(asked: Asked) -> Schema:
    """The columns, from the first pages. Raises what a Client and a Pager raise, MissingColumn, UnreadableTable."""
    found, count = Gathered(INFER, asked.keep), 0
    with closing(pages(asked)) as all_pages:
        for answer, records in all_pages:
            count += len(records)
            _add(found, answer, records)
            if count >= SAMPLE:
                break
    return Schema(tuple(Column(name=name, kind=kind) for name, kind in _kinds(asked, found).items()))


def read(asked: Asked, kinds: Mapping[str, Kind] | None = None) -> Rows:
    """All rows. `kinds`: of the columns, where they are known; a table without rows has them, too. Raises as `peek`
    does, and UnreadableTable where a row does not parse and is not to be kept."""
    found = Gathered(INFER, asked.keep)
    parts = list(_parts(asked, found, kinds))
    frame = pl.concat(parts)
    found.most(frame.height)
    order = [name for name in asked.order_if_there if name in frame.columns]
    return Rows(frame.sort(order, maintain_order=True) if order else frame, found.kept)


def scan(asked: Asked, kinds: Mapping[str, Kind], as_they_are: tuple[str | None, ...] = ()) -> pl.LazyFrame:
    """Of those columns the ones that are there, page by page, each of its kind, and none held longer than it takes."""
    there = peek(replace(asked, columns=None))
    wanted = {name: kind for name, kind in kinds.items() if name in there.names}
    known = {name: there[name].kind if name in as_they_are else kind for name, kind in wanted.items()}
    only = replace(asked, columns=tuple(known), types=known)

    def batches(
        names: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        left = n_rows
        for part in _parts(only, Gathered(INFER, only.keep), known):
            if left == 0:
                return
            given = part if left is None else part.head(left)
            left = None if left is None else left - given.height
            chosen = given if names is None else given.select(names)
            yield chosen if predicate is None else chosen.filter(predicate)

    return register_io_source(batches, schema={name: DTYPES[kind] for name, kind in known.items()})


def pages(asked: Asked) -> Generator[tuple[Answer, list[Item]], None, None]:
    """Each answer with its records. The service is let go when no more pages are wanted."""
    with Client(asked.service, asked.folder, asked.at_most) as client:
        pager = Pager(asked.paging, asked.target, client)
        at: str | None = pager.first
        while at is not None:
            try:
                answer = client.get(at)
            except ServiceRefused:
                if pager.past_end():
                    return
                raise
            records = _records(answer, asked.records, client.name)
            at = pager.next(answer, [item.text for item in records])
            yield answer, records


def _parts(asked: Asked, found: Gathered, known: Mapping[str, Kind] | None) -> Iterator[pl.DataFrame]:
    count, seen, first = 0, dict.fromkeys(known or (), False), known is None
    with closing(pages(asked)) as all_pages:
        for answer, records in all_pages:
            count += len(records)
            seen |= dict.fromkeys(_add(found, answer, records), True)
            if known is None and count < SAMPLE:
                continue
            known = known or _kinds(asked, found)
            yield found.part(known, asked.zone, asked.columns is None)
    if known is None:
        known = _kinds(asked, found)
        yield found.part(known, asked.zone, asked.columns is None)
    for name in asked.types if first and count and not found.kept else ():
        if name in known and not seen.get(name):
            raise MissingColumn(f"`types:` names {name!r}, which no row has", who=f"connection {asked.service.name!r}")


def _add(found: Gathered, answer: Answer, records: list[Item]) -> set[str]:
    """The keys that the page has."""
    keys: set[str] = set()
    for number, item in enumerate(records, 1):
        row = flat(item.text)
        keys |= row.keys() if isinstance(row, dict) else set()
        found.add(answer.place, number, item.text, row)
    return keys


def _kinds(asked: Asked, found: Gathered) -> dict[str, Kind]:
    return found.kinds(asked.types, asked.columns, f"{asked.service.name}:{asked.path}")


def _records(answer: Answer, under: str, who: str) -> list[Item]:
    """An answer without a body, or with null where the rows lie, has none. Raises UnfitAnswer."""
    if not answer.body.strip() or (under and null(answer.body, under)):
        return []
    try:
        return list(items(answer.body, "lines" if answer.lines else "records", under))
    except NotJson as error:
        there = members(answer.body)
        way_out = f"Name the keys under which the rows lie by `records:`; there is: {', '.join(there)}" if there else ""
        where = f"{answer.place}, line {error.line}"
        raise UnfitAnswer(error.found, who=who, where=where, way_out=way_out) from None
