"""One delimited file, read so that nothing is lost: every record has the header's number of values, every value is of
its column's kind, or the record is named with its line.

Numbers are parsed by polars while it splits, the rest afterwards. Only where a number does not parse are the columns
that it can be in read again as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import polars as pl
from msgspec import Struct

from modelyard.errors.data import UnreadableTable
from modelyard.frame.infer import Marks, made
from modelyard.frame.lines import BLANK, FEW, MANY, POISON, STRAY, UNCLOSED, Bad, Body, Lines, lines
from modelyard.frame.opened import opened, plain
from modelyard.frame.quarantine import Kept
from modelyard.frame.source import chosen, first_line
from modelyard.schema.column import Kind

REASONS = {
    FEW: "fewer values than the header's {fields}",
    MANY: "more values than the header's {fields}",
    STRAY: "a quote inside a value",
    UNCLOSED: "a quote that is never closed",
    POISON: "bytes that are no UTF-8",
}
CHECKED = 2**20
"""Bytes that are checked for UTF-8 at once."""
NUMBERS: dict[Kind, pl.DataType] = {"integer": pl.Int64(), "number": pl.Float64()}


class Dialect(Struct, frozen=True, kw_only=True):
    delimiter: str = ","
    quote: str = '"'
    null_words: tuple[str, ...] = ("", "NA", "NaN", "null")
    encoding: str = "utf8"
    marks: Marks = Marks()
    keep: bool = False
    """Keep records that do not parse, instead of stopping at the first."""
    infer: int = 100_000
    """Rows of a sample."""


class Delimited:
    def __init__(self, path: Path, dialect: Dialect) -> None:
        """Raises UnreadableTable: no header, or a record that does not parse and is not to be kept."""
        self.path, self.dialect = path, dialect
        self._opened = opened(path, dialect.encoding)
        poison = not_utf8(self._opened) if dialect.keep else []
        self._poison = poison
        self._lines = self._scanned(poison)
        self._known = dict(zip((-1, dialect.infer - 1), self._lines.places, strict=False))
        """Where rows lie; −1 is the header."""
        wrong = [bad for bad in self._lines.bad if bad.wrong != BLANK]
        header = self._lines.places[0][2] if self._lines.places else 0
        if wrong and (not dialect.keep or not header or wrong[0].line < header):
            self._stop(self._row(wrong[0], self._reason(wrong[0].wrong)), "check delimiter and quotes")
        if not header:
            raise UnreadableTable("there is no header: the file is empty", where=str(path))
        self.kept = [self._row(bad, self._reason(bad.wrong)) for bad in wrong]
        """Records that do not parse; after `rows`, also those that hold a value of another kind than their column."""
        self._most(self._lines.good - 1)

    @cached_property
    def names(self) -> list[str]:
        return chosen(self._scan(), None, str(self.path)).collect_schema().names()

    def sample(self) -> pl.DataFrame:
        """The first rows, as text."""
        if self.dialect.infer >= self._lines.good - 1:
            return self._collected(self._scan())
        ((start, _, _), (_, end, _)) = self._places([-1, self.dialect.infer - 1])
        wrong = [bad for bad in self._lines.bad if start < bad.start < end]
        return self._collected(self._scan(_cut(self._opened, wrong, start, end)))

    def rows(self, kinds: Mapping[str, Kind], zone: str) -> pl.DataFrame:
        """All rows of those columns, which are there, in that order."""
        dtypes = {n: NUMBERS.get(kind) for n, kind in kinds.items()} if self.dialect.marks.plain else {}
        schema = {name: dtypes.get(name) or pl.String() for name in self.names}
        frame, sure = self._parsed(schema, list(kinds))
        if frame.height != self._lines.good - 1:
            raise UnreadableTable(f"{self._lines.good - 1} rows came out as {frame.height}", where=str(self.path))
        done = [frame[name] if dtypes.get(name) else self._made(frame[name], kinds[name], zone) for name in kinds]
        wrong = [] if sure else self._doubts(frame)
        wrong += [(s.name, s.is_null() & frame[s.name].is_not_null()) for s in done if s.dtype != frame[s.name].dtype]
        return self._without(
            pl.DataFrame({s.name: s for s in done}), [(n, mask) for n, mask in wrong if mask.any()], kinds
        )

    def _made(self, column: pl.Series, kind: Kind, zone: str) -> pl.Series:
        return made(column, kind, self.dialect.marks, zone)

    def _parsed(self, schema: dict[str, pl.DataType], names: list[str]) -> tuple[pl.DataFrame, bool]:
        """The typed columns, and whether each text in them was of its type; where it was not, there is a null."""
        if not self.dialect.keep:
            try:
                return self._scan(schema=schema).select(names).collect(), True
            except (pl.exceptions.PolarsError, OSError):
                self._utf8()
        return self._collected(self._scan(schema=schema, ignore_errors=True).select(names)), False

    def _doubts(self, frame: pl.DataFrame) -> list[tuple[str, pl.Series]]:
        """Per number column the rows whose text is no number: only rows that hold a null are read again."""
        doubted = [s.name for s in frame if s.dtype.is_numeric() and s.null_count()]
        if not doubted:
            return []
        rows = frame.select(pl.any_horizontal(pl.col(doubted).is_null()).arg_true()).to_series()
        places = self._places([-1, *rows.to_list()])
        with memoryview(self._opened) as view:
            body = b"".join([view[start:end] for start, end, _ in places])
        texts = self._collected(self._scan(body).select(doubted))
        nothing = pl.zeros(frame.height, dtype=pl.Boolean, eager=True)
        there = {name: frame[name][rows].is_null() & texts[name].is_not_null() for name in doubted}
        return [(name, nothing.clone().scatter(rows.filter(mask), True)) for name, mask in there.items()]

    def _places(self, rows: list[int]) -> list[tuple[int, int, int]]:
        """(start, end, line) of those rows, ascending; −1 is the header."""
        new = [row for row in rows if row not in self._known]
        if new:
            wanted = [row + 1 for row in new]
            found = lines(self._opened, self.dialect.delimiter, self.dialect.quote, wanted, self._poison)
            self._known |= dict(zip(new, found.places, strict=True))
        return [self._known[row] for row in rows]

    def _without(
        self, frame: pl.DataFrame, wrong: Sequence[tuple[str, pl.Series]], kinds: Mapping[str, Kind]
    ) -> pl.DataFrame:
        """The rows whose every value is of its kind; the others are kept, or the first of them is the error."""
        if not wrong:
            return frame
        reasons: dict[int, str] = {}
        for name, mask in wrong:
            for row in mask.arg_true().to_list():
                reasons.setdefault(row, f"column {name!r} holds no {kinds[name]}")
        ordered = sorted(reasons) if self.dialect.keep else [min(reasons)]
        places = self._places(ordered)
        kept = [self._row(Bad(*place, 0), reasons[row]) for row, place in zip(ordered, places, strict=True)]
        if not self.dialect.keep:
            self._stop(kept[0], "declare the column's kind under `types:`")
        self.kept = sorted([*self.kept, *kept], key=lambda row: row.line)
        self._most(frame.height - len(reasons))
        return frame.with_row_index("\0").filter(~pl.col("\0").is_in(ordered)).drop("\0")

    def _scanned(self, poison: list[int]) -> Lines:
        return lines(self._opened, self.dialect.delimiter, self.dialect.quote, [0, self.dialect.infer], poison)

    def _most(self, good: int) -> None:
        """Where hardly a row parses, it is not the rows that are wrong."""
        kept = len(self.kept)
        if kept > max(good, 1):
            raise UnreadableTable(
                f"{kept} of {kept + good} rows do not parse", where=str(self.path),
                way_out="check delimiter, quotes, encoding and `types:`",
            )  # fmt: skip

    def _reason(self, wrong: int) -> str:
        return REASONS[wrong].format(fields=self._lines.fields)

    def _row(self, bad: Bad, reason: str) -> Kept:
        text = self._opened[bad.start : bad.end].decode("utf-8", errors="backslashreplace").rstrip("\r\n")
        return Kept(self.path.name, bad.line, text, reason)

    def _stop(self, row: Kept, way_out: str) -> None:
        shown = row.text if len(row.text) <= 80 else row.text[:80] + "…"
        raise UnreadableTable(
            f"{row.reason}: {shown!r}", where=f"{self.path}, line {row.line}",
            way_out=f"correct the line, {way_out}, or keep such rows with `quarantine:`",
        )  # fmt: skip

    @cached_property
    def _source(self) -> Path | bytes:
        if not self._lines.bad:
            return self.path if not isinstance(self._opened, bytes) and plain(self.path) else bytes(self._opened[:])
        return _cut(self._opened, self._lines.bad, 0, len(self._opened))

    def _scan(
        self, source: bytes | None = None, schema: dict[str, pl.DataType] | None = None, ignore_errors: bool = False
    ) -> pl.LazyFrame:
        return pl.scan_csv(
            self._source if source is None else source,
            separator=self.dialect.delimiter,
            quote_char=self.dialect.quote or None,
            null_values=list(self.dialect.null_words),
            infer_schema=False,
            schema=schema,
            ignore_errors=ignore_errors,
            glob=False,
        )

    def _collected(self, frame: pl.LazyFrame) -> pl.DataFrame:
        try:
            return frame.collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            self._utf8()
            raise UnreadableTable(first_line(error), where=str(self.path)) from None

    def _utf8(self) -> None:
        """The error at the first record that is no UTF-8, if there is one."""
        hurt = not_utf8(self._opened)
        if hurt:
            bad = next(bad for bad in self._scanned(hurt).bad if bad.wrong == POISON)
            self._stop(self._row(bad, REASONS[POISON]), "write its `encoding:`")


def _cut(body: Body, wrong: Sequence[Bad], start: int, end: int) -> bytes:
    """The bytes from `start` to `end` without those records."""
    starts, ends = [start, *(bad.end for bad in wrong)], [*(bad.start for bad in wrong), end]
    with memoryview(body) as view:
        return b"".join([view[at:stop] for at, stop in zip(starts, ends, strict=True)])


def not_utf8(body: Body) -> list[int]:
    """Where each line that is no UTF-8 begins.

    >>> not_utf8(b"a\\nb\\xff\\nc\\xc3\\xa9\\n")
    [2]
    """
    found, at = [], 0
    while at < len(body):
        end = body.find(b"\n", at + CHECKED) + 1 or len(body)
        part = body[at:end]
        try:
            part.decode("utf-8")
        except UnicodeDecodeError:
            found += _hurt(part, at)
        at = end
    return found


def _hurt(part: bytes, at: int) -> list[int]:
    found = []
    for line in part.split(b"\n"):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            found.append(at)
        at += len(line) + 1
    return found
