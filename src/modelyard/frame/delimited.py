"""One delimited file, read so that nothing is lost: every record has the header's number of values, every value is of
its column's kind, or the record is named with its line.

It is read in blocks of whole records, several at once, so that a file may be larger than the memory; what is found in
one block does not depend on where the blocks are cut.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import polars as pl
from msgspec import Struct

from modelyard.errors.data import UnreadableTable
from modelyard.frame.blocks import blocks
from modelyard.frame.infer import Marks
from modelyard.frame.lines import BLANK, FEW, MANY, POISON, STRAY, UNCLOSED, Bad, Body, Lines, lines
from modelyard.frame.parsed import Form
from modelyard.frame.quarantine import Kept
from modelyard.frame.source import chosen
from modelyard.frame.typed_blocks import Block, Part, Typing
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
LONGEST = 64 * 2**20
"""Bytes of a record; a quote that is open for longer is never closed."""
SURE = 10_000
"""Rows kept out from which on a file is given up where they are the most."""
MOST_CORES = 8


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
        """Raises UnreadableTable: no header, or a record before it that does not parse."""
        self.path, self.dialect = path, dialect
        self.fields, self._header = 0, b""
        self.codes: dict[str, Kept] = {}
        """Per column of numbers the first row that writes one like a code (`007`), of the rows read by now."""
        next(self._blocks(), None)
        if not self.fields:
            raise UnreadableTable("there is no header: the file is empty", where=str(path))
        self.names = self._named()
        self.form = Form(
            names=tuple(self.names), delimiter=dialect.delimiter, quote=dialect.quote, null_words=dialect.null_words
        )

    def sample(self) -> pl.DataFrame:
        """The first rows, as text. Raises UnreadableTable at a record among them that is not to be kept."""
        rows, found = 0, []
        for block in self._blocks():
            self.told(block)
            text = block.text(self.form, self.names)
            found.append(text.head(self.dialect.infer - rows))
            rows += found[-1].height
            if rows >= self.dialect.infer:
                break
        return pl.concat(found)

    def parts(self, kinds: Mapping[str, Kind], zone: str) -> Iterator[Part]:
        """All rows of those columns, which are there, in that order, block by block; with each the records that do not
        parse. Raises UnreadableTable where they are not to be kept, or are most."""
        good, kept = 0, 0
        for frame, out in self._worked(Typing(self, kinds, zone)):
            good, kept = good + frame.height, kept + len(out)
            if kept > SURE:
                self._most(kept, good)
            yield frame, out
        self._most(kept, good)

    def _worked(self, typing: Typing) -> Iterator[Part]:
        workers = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2, MOST_CORES)
        waiting: deque[Future[Part]] = deque()
        with ThreadPoolExecutor(workers) as pool:
            try:
                for block in self._blocks():
                    waiting.append(pool.submit(typing.part, block, typing.look(block)))
                    if len(waiting) > workers:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _blocks(self) -> Iterator[Block]:
        """The records behind the header."""
        carry, line, fields = b"", 1, 0
        for piece, last in _with_last(blocks(self.path, self.dialect.encoding)):
            body = carry + piece if carry else piece
            if not fields:
                fields, body, line = self._head(body, line, last)
                if not fields:
                    carry = body
                    continue
            found = self._lines(body, fields, line, last)
            if not found.used and len(body) > LONGEST:
                raise UnreadableTable(f"a record of more than {LONGEST:,} bytes", where=f"{self.path}, line {line}")
            yield Block(body, found, line)
            line, carry = found.line, body[found.used :]

    def _head(self, body: bytes, line: int, last: bool) -> tuple[int, bytes, int]:
        """(values of the header, what is behind it, its line); 0 where it is not there yet."""
        found = self._lines(body, 0, line, last, [0])
        start, end, at = found.places[0] if found.places else (found.used, found.used, found.line)
        wrong = next((bad for bad in found.bad if bad.wrong != BLANK and bad.start < max(start, 1)), None)
        if wrong is not None:
            self.stop(self.row(body, wrong, found.fields), "check delimiter and quotes")
        if not found.places:
            return 0, body[end:], at
        self.fields, self._header = found.fields, body[start:end]
        return found.fields, body[end:], at + self._header.count(b"\n")

    def _lines(self, body: bytes, fields: int, line: int, last: bool, wanted: list[int] | None = None) -> Lines:
        poison = [] if body.isascii() else not_utf8(body)
        longest = -1 if last else LONGEST
        return lines(body, self.dialect.delimiter, self.dialect.quote, wanted, poison, fields, line, longest)

    def _named(self) -> list[str]:
        scanned = pl.scan_csv(
            self._header, separator=self.dialect.delimiter, quote_char=self.dialect.quote or None,
            infer_schema=False, glob=False,
        )  # fmt: skip
        return chosen(scanned, None, str(self.path)).collect_schema().names()

    def told(self, block: Block) -> list[Kept]:
        """The records of a block that do not parse; the first of them is the error where they are not to be kept."""
        wrong = [self.row(block.body, bad, self.fields) for bad in block.found.bad if bad.wrong != BLANK]
        if wrong and not self.dialect.keep:
            self.stop(wrong[0], "check delimiter and quotes")
        return wrong

    def _most(self, kept: int, good: int) -> None:
        """Where hardly a row parses, it is not the rows that are wrong."""
        if kept > max(good, 1):
            raise UnreadableTable(
                f"{kept} of {kept + good} rows do not parse", where=str(self.path),
                way_out="check delimiter, quotes, encoding and `types:`",
            )  # fmt: skip

    def row(self, body: bytes, bad: Bad, fields: int, reason: str = "") -> Kept:
        text = body[bad.start : bad.end].decode("utf-8", errors="backslashreplace").rstrip("\r\n")
        return Kept(self.path.name, bad.line, text, reason or REASONS[bad.wrong].format(fields=fields))

    def stop(self, row: Kept, way_out: str) -> None:
        if row.reason == REASONS[POISON]:
            way_out = "write its `encoding:`"
        shown = row.text if len(row.text) <= 80 else row.text[:80] + "…"
        raise UnreadableTable(
            f"{row.reason}: {shown!r}", where=f"{self.path}, line {row.line}",
            way_out=f"correct the line, {way_out}, or keep such rows with `quarantine:`",
        )  # fmt: skip


def _with_last(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    held = next(pieces, b"")
    for piece in pieces:
        yield held, False
        held = piece
    yield held, True


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
