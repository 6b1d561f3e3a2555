"""Which records of delimited text parse, and where the others lie: one pass over its bytes.

Why a pass of our own: every CSV reader fills a short row with nulls and says nothing, and none says on which line a
record began once quotes hold newlines. Where a quote goes wrong, the record ends with its line, so that one stray quote
costs one line and not the rest of the file. The pass is C where the extension was built (`_lines.c`), else regular
expressions; both give the same answer for any bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from mmap import mmap

from msgspec import Struct

Body = bytes | mmap
GOOD, BLANK, FEW, MANY, STRAY, UNCLOSED, POISON = range(7)


class Bad(Struct, frozen=True):
    """A record that does not parse: its bytes, the line it begins on, why."""

    start: int
    end: int
    line: int
    wrong: int


class Lines(Struct, frozen=True):
    """`good`: records that parse, the header among them; `fields`: values of the first of them; `bad`: the others, in
    order, blank lines among them; `places`: (start, end, line) of the good records asked for; `used`: bytes that were
    looked at; `line`: the one that comes after them."""

    good: int
    fields: int
    bad: list[Bad]
    places: list[tuple[int, int, int]]
    used: int
    line: int


Found = tuple[int, int, list[tuple[int, int, int, int]], list[tuple[int, int, int]], int, int]
Scan = Callable[[Body, int, int, list[int], list[int], int, int, int], Found]


def lines(
    body: Body,
    delimiter: str,
    quote: str,
    wanted: list[int] | None = None,
    poison: list[int] | None = None,
    fields: int = 0,
    line: int = 1,
    longest: int = -1,
) -> Lines:
    """`wanted`: positions of good records, ascending; `poison`: offsets of bytes that no record may hold, ascending.
    `fields`, `line`: where `body` is not the beginning of its file. `longest`: where it is not the end either; the last
    record is then left alone, unless its quote is open for more bytes than that.

    >>> found = lines(b'a,b\\n1\\n"2\\n",3\\n\\n4,x"y\\n', ",", '"', wanted=[1])
    >>> found.good, [(bad.line, bad.wrong) for bad in found.bad], found.places
    (2, [(2, 2), (5, 1), (6, 4)], [(6, 13, 3)])
    """
    mark = ord(quote) if quote else -1
    found = scan(body, ord(delimiter), mark, wanted or [], poison or [], fields, line, longest)
    good, values, bad, places, used, after = found
    return Lines(good, values, [Bad(*one) for one in bad], places, used, after)


def scan_python(
    body: Body,
    delimiter: int,
    quote: int,
    wanted: list[int],
    poison: list[int],
    fields: int = 0,
    line: int = 1,
    longest: int = -1,
) -> Found:
    """What `_lines.c` does, record by record."""
    special = re.compile(b"[\n" + b"".join(re.escape(bytes([one])) for one in (delimiter, quote) if one >= 0) + b"]")
    size, at, good = len(body), 0, 0
    bad: list[tuple[int, int, int, int]] = []
    places: list[tuple[int, int, int]] = []
    ask, hurt = iter([*wanted, -1]), iter([*poison, size + 1])
    asked, hurts = next(ask), next(hurt)
    while at < size:
        stop, values, wrong = _record(body, at, special, delimiter, quote)
        seen = 1
        if longest >= 0 and wrong != STRAY and stop == size and (not wrong or size - at <= longest):
            break
        if wrong:
            stop = body.find(b"\n", at)
            if longest >= 0 and stop < 0 and size - at <= longest:
                break
            stop = size if stop < 0 else stop
        else:
            seen += body[at:stop].count(b"\n")
            wrong, fields = _count(body[at:stop] if stop - at < 2 else b"..", values, fields)
        after = min(stop + 1, size)
        while hurts < after:
            wrong, hurts = POISON, next(hurt)
        if wrong:
            bad.append((at, after, line, wrong))
        else:
            if asked == good:
                places.append((at, after, line))
                asked = next(ask)
            good += 1
        line, at = line + seen, after
    return good, fields, bad, places, at, line


def _count(record: bytes, values: int, fields: int) -> tuple[int, int]:
    if record in (b"", b"\r") and fields != 1:
        return BLANK, fields
    if fields in (0, values):
        return GOOD, values
    return (FEW if values < fields else MANY), fields


def _record(body: Body, at: int, special: re.Pattern[bytes], delimiter: int, quote: int) -> tuple[int, int, int]:
    size, values = len(body), 1
    while True:
        if at < size and body[at] == quote:
            at = _closed(body, at + 1, bytes([quote]))
            if at < 0:
                return size, values, UNCLOSED
            rest = body[at : at + 2]
            if rest and rest[0] not in (10, delimiter) and rest not in (b"\r\n", b"\r"):
                return at, values, STRAY
        found = special.search(body, at)
        if found is None:
            return size, values, GOOD
        at = found.start()
        if body[at] == 10:
            return at, values, GOOD
        if body[at] != delimiter:
            return at, values, STRAY
        values, at = values + 1, at + 1


def _closed(body: Body, at: int, quote: bytes) -> int:
    """Behind the quote that closes, or -1."""
    while True:
        at = body.find(quote, at) + 1
        if at == 0:
            return -1
        if body[at : at + 1] != quote:
            return at
        at += 1


def _fastest() -> Scan:
    try:
        from modelyard.frame._lines import scan as native
    except ImportError:
        return scan_python
    return native


scan: Scan = _fastest()
