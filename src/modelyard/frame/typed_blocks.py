"""Blocks of whole records as typed columns, and the records that hold a value of another kind, with their lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from modelyard.errors.data import UnreadableTable
from modelyard.frame.exported import side_by_side
from modelyard.frame.infer import WHOLE_CODE, made, pointed
from modelyard.frame.lines import POISON, Bad, Lines, lines
from modelyard.frame.parsed import Form, Records, parsed
from modelyard.frame.quarantine import Kept
from modelyard.frame.schema import DTYPES
from modelyard.frame.source import first_line
from modelyard.schema.column import Kind

if TYPE_CHECKING:
    from modelyard.frame.delimited import Delimited

CODES: dict[Kind, str] = {"integer": "i", "number": "f"}


class Block(Struct, frozen=True, eq=False):
    """Whole records: `body[: found.used]`, from that line on."""

    body: bytes
    found: Lines
    line: int

    def text(self, form: Form, names: Sequence[str]) -> pl.DataFrame:
        """Those columns as text."""
        clean, end = _clean(self)
        return parsed(Records(clean, self.found.good, form, end), dict.fromkeys(names, "s"))[0]


Part = tuple[pl.DataFrame, list[Kept]]


class Typing:
    """Blocks as typed columns; in any order, and several at once. Only `look` must see them in the file's order: a
    column's first moment says how all of them are written."""

    def __init__(self, file: Delimited, kinds: Mapping[str, Kind], zone: str) -> None:
        self._file, self._kinds, self._zone = file, kinds, zone
        self._form, self._dialect = file.form, file.dialect
        plain = self._dialect.marks.plain
        self._codes = {n: CODES.get(kind, "s") if plain else "s" for n, kind in kinds.items()}
        self._like: dict[str, str] = {}
        self._noting = Lock()

    def look(self, block: Block) -> Mapping[str, str]:
        """Per column of moments the first of them."""
        new = [name for name, kind in self._kinds.items() if kind == "datetime" and name not in self._like]
        if new and block.found.good:
            text = block.text(self._form, new)
            first = {column.name: column.drop_nulls().head(1).to_list() for column in text}
            self._like = self._like | {name: found[0] for name, found in first.items() if found}
        return self._like

    def part(self, block: Block, like: Mapping[str, str]) -> Part:
        kept = self._file.told(block)
        (clean, end), rows = _clean(block), block.found.good
        try:
            frame, doubts, coded = parsed(Records(clean, rows, self._form, end), self._codes, like, self._zone)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise UnreadableTable(first_line(error), where=str(self._file.path)) from None
        if frame.height != rows:
            raise UnreadableTable(f"{rows} rows came out as {frame.height}", where=str(self._file.path))
        for name in (*coded, *self._marked(frame)):
            self._note(name, block)
        wrong = {name: mask for name, mask in doubts.items() if mask.any()}
        done: dict[str, pl.Series] = {}
        for column in frame:
            done[column.name] = self._made(column, like)
            if done[column.name].null_count() > column.null_count():
                wrong[column.name] = done[column.name].is_null() & column.is_not_null()
        whole = side_by_side(done)
        return self._without(whole, wrong, block, kept) if wrong else (whole, kept)

    def _marked(self, frame: pl.DataFrame) -> Iterator[str]:
        """Columns of numbers that came as text, for their marks, and hold a code."""
        for column in frame:
            numbers = self._kinds[column.name] in CODES and column.dtype == pl.String
            if numbers and pointed(column, self._dialect.marks).str.contains(WHOLE_CODE).any():
                yield column.name

    def _note(self, name: str, block: Block) -> None:
        """Blocks are typed in any order, and several at once; the earliest row is kept."""
        with self._noting:
            known = self._file.codes.get(name)
            if known is None or known.line >= block.line:
                self._find(name, block)

    def _find(self, name: str, block: Block) -> None:
        text = pointed(block.text(self._form, [name])[name], self._dialect.marks)
        rows = text.str.contains(WHOLE_CODE).fill_null(False).arg_true().to_list()[:1]
        for row, place in zip(rows, self._places(block, rows), strict=True):
            found = self._file.row(block.body, Bad(*place, 0), self._file.fields, text[row])
            self._file.codes[name] = found

    def _made(self, column: pl.Series, like: Mapping[str, str]) -> pl.Series:
        if column.dtype != pl.String:
            return column
        kind = self._kinds[column.name]
        return made(column, kind, self._dialect.marks, self._zone, like.get(column.name)).cast(DTYPES[kind])

    def _without(self, frame: pl.DataFrame, wrong: Mapping[str, pl.Series], block: Block, kept: list[Kept]) -> Part:
        """The rows whose every value is of its kind; the others are kept, or the first of them is the error."""
        reasons: dict[int, str] = {}
        for name in self._kinds:
            for row in wrong[name].arg_true().to_list() if name in wrong else ():
                reasons.setdefault(row, f"column {name!r} holds no {self._kinds[name]}")
        ordered = sorted(reasons) if self._dialect.keep else [min(reasons)]
        places = self._places(block, ordered)
        rows = [
            self._file.row(block.body, Bad(*place, 0), self._file.fields, reasons[row])
            for row, place in zip(ordered, places, strict=True)
        ]
        if not self._dialect.keep:
            self._file.stop(rows[0], "declare the column's kind under `types:`")
        good = pl.Series([True]).new_from_index(0, frame.height).scatter(ordered, False)
        return frame.filter(good), sorted([*kept, *rows], key=lambda row: row.line)

    def _places(self, block: Block, rows: list[int]) -> list[tuple[int, int, int]]:
        body = block.body[: block.found.used]
        poison = [bad.start for bad in block.found.bad if bad.wrong == POISON]
        dialect, fields = self._dialect, self._file.fields
        return lines(body, dialect.delimiter, dialect.quote, rows, poison, fields, block.line).places


def _clean(block: Block) -> tuple[bytes, int]:
    """The records that parse, and where they end."""
    if not block.found.bad:
        return block.body, block.found.used
    cut = _cut(block.body, block.found.bad, 0, block.found.used)
    return cut, len(cut)


def _cut(body: bytes, wrong: Sequence[Bad], start: int, end: int) -> bytes:
    """The bytes from `start` to `end` without those records."""
    starts, ends = [start, *(bad.end for bad in wrong)], [*(bad.start for bad in wrong), end]
    with memoryview(body) as view:
        return b"".join([view[at:stop] for at, stop in zip(starts, ends, strict=True)])
