"""Rows that come one by one (of JSON, of a workbook) as a Parquet file of words: read in parts, then like any file.

As in CSV every value is a word here, and what a column is, the reader's contract says.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import polars as pl
from msgspec import Struct

from modelyard.errors.data import UnreadableTable
from modelyard.frame.appended import appended
from modelyard.frame.json_blocks import objects
from modelyard.frame.objects import NotJson, flat
from modelyard.frame.suffixes import EXCEL
from modelyard.frame.values import Value, text

PART = 10_000


class Row(Struct, frozen=True):
    """`values`: by column, or why the row is none."""

    line: int
    values: dict[str, Value] | str


@contextmanager
def spooled(file: Path, suffix: str, columns: Sequence[str], name: Path) -> Iterator[Path]:
    """Of these columns those that some row has. `name`: what the file is called to a person. Raises UnreadableTable,
    also at the first row that is none."""
    rows = _sheet(file) if suffix in EXCEL else _objects(file, name)
    with tempfile.TemporaryDirectory(prefix="modelyard-") as folder:
        into = Path(folder) / "rows.parquet"
        seen = set[str]()
        with appended(into) as out:
            for part in _parts(rows, columns, seen, name):
                out.add(part)
        there = [column for column in columns if column in seen]
        pl.scan_parquet(into, glob=False).select(there).sink_parquet(Path(folder) / "there.parquet")
        yield Path(folder) / "there.parquet"


def _parts(rows: Iterator[Row], columns: Sequence[str], seen: set[str], name: Path) -> Iterator[pl.DataFrame]:
    """At least one part, so that there is a table."""
    schema = dict.fromkeys(columns, pl.String())
    first = True
    while (some := list(islice(rows, PART))) or first:
        first = False
        values = [_good(row, name) for row in some]
        seen.update(key for row in values for key in row)
        made = {column: [text(row.get(column)) for row in values] for column in columns}
        yield pl.DataFrame(made, schema=schema)


def _good(row: Row, name: Path) -> dict[str, Value]:
    if isinstance(row.values, str):
        raise UnreadableTable(row.values, where=f"{name}, line {row.line}")
    return row.values


def _objects(file: Path, name: Path) -> Iterator[Row]:
    try:
        with open(file, "rb") as opened:
            for item in objects(opened):
                yield Row(item.line, flat(item.text))
    except NotJson as error:
        raise UnreadableTable(error.found, where=f"{name}, line {error.line}") from None


def _sheet(file: Path) -> Iterator[Row]:
    """The first sheet, its first row the header."""
    from modelyard.frame.sheet import lines

    for line in lines(file, 1, 1)[1]:
        yield Row(line.number, line.row)
