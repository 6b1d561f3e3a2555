"""The binary form of COPY: what was packed is read, wherever the stream is cut into blocks; all else is refused."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.errors.data import UnreadableTable
from modelyard.frame.sql import copied
from modelyard.frame.sql.session import Field

pytestmark = pytest.mark.skipif(copied.native is None, reason="no native part was built")

EXAMPLES = int(os.environ.get("MODELYARD_EXAMPLES", "200"))
FIELDS = [
    Field(name="whole", dtype=pl.Int64()),
    Field(name="number", dtype=pl.Float64()),
    Field(name="yes", dtype=pl.Boolean()),
    Field(name="word", dtype=pl.String()),
    Field(name="at", dtype=pl.Datetime("us", "UTC")),
]
START, UNIX = datetime(2000, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)
HEADER = copied.SIGNATURE + bytes(8)
Cell = int | float | bool | str | datetime | None
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ROW = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(),
    st.none() | st.booleans(),
    st.none() | WORDS,
    st.none() | st.datetimes(timezones=st.just(UTC)),
)


def micros(value: datetime, since: datetime) -> int:
    return (value - since) // timedelta(microseconds=1)


def packed(value: Cell) -> bytes:
    match value:
        case None:
            return b"\xff\xff\xff\xff"
        case bool():
            body = bytes([value])
        case int():
            code = next(code for code, bits in (("h", 15), ("i", 31), ("q", 63)) if -(2**bits) <= value < 2**bits)
            body = struct.pack(f">{code}", value)
        case float():
            body = struct.pack(">d", value)
        case str():
            body = value.encode()
        case datetime():
            body = struct.pack(">q", micros(value, START))
    return len(body).to_bytes(4) + body


def stream(rows: list[tuple[Cell, ...]]) -> bytes:
    made = [len(row).to_bytes(2) + b"".join(map(packed, row)) for row in rows]
    return HEADER + b"".join(made) + copied.TRAILER


def read(blocks: list[bytes], fields: list[Field] = FIELDS) -> list[tuple[object, ...]]:
    return [row for frame in copied.frames(blocks, fields) for row in frame.rows()]


def outcome(body: bytes, fields: list[Field] = FIELDS) -> str:
    """What is read of a stream, moments as microseconds; or that it is refused."""
    try:
        found = [frame.select(pl.all().to_physical()).rows() for frame in copied.frames([body], fields)]
    except UnreadableTable:
        return "refused"
    return repr([row for rows in found for row in rows])


class Refused(Exception):
    pass


def by_hand(body: bytes, fields: list[Field] = FIELDS) -> str:
    """The same, read value by value in Python."""
    try:
        return repr(list(rows_by_hand(body, fields)))
    except (Refused, UnicodeDecodeError):
        return "refused"


def rows_by_hand(body: bytes, fields: list[Field]) -> Iterator[tuple[object, ...]]:
    at = 0

    def take(size: int) -> bytes:
        nonlocal at
        at += size
        if size < 0 or at > len(body):
            raise Refused
        return body[at - size : at]

    if take(11) != copied.SIGNATURE or take(2) != b"\0\0":
        raise Refused
    take(2)
    take(int.from_bytes(take(4)))
    while (values := int.from_bytes(take(2), signed=True)) != -1:
        if values != len(fields):
            raise Refused
        cells = (int.from_bytes(take(4), signed=True) for _ in fields)
        yield tuple(
            None if size == -1 else cell_by_hand(field.name, take(size))
            for field, size in zip(fields, cells, strict=True)
        )
    if at != len(body):
        raise Refused


def cell_by_hand(name: str, cell: bytes) -> object:
    whole, size = int.from_bytes(cell, signed=True), len(cell)
    match name:
        case "whole" if size in (2, 4, 8):
            return whole
        case "number" if size in (4, 8):
            return struct.unpack(">f" if size == 4 else ">d", cell)[0]
        case "yes" if cell in (b"\0", b"\1"):
            return cell == b"\1"
        case "word":
            return cell.decode()
        case "at" if size in (4, 8) and whole not in (-(2 ** (8 * size - 1)), 2 ** (8 * size - 1) - 1):
            moment = (whole + 10957) * 86_400_000_000 if size == 4 else whole + 946_684_800_000_000
            if -(2**63) <= moment < 2**63:
                return moment
    raise Refused


def one(kind: pl.DataType, *cells: bytes) -> list[object]:
    """What a stream of that one column holds."""
    rows = b"".join(b"\0\1" + len(cell).to_bytes(4) + cell for cell in cells)
    found = read([HEADER + rows + copied.TRAILER], [Field(name="x", dtype=kind)])
    return [value for (value,) in found]


@settings(deadline=None, max_examples=EXAMPLES)
@given(rows=st.lists(ROW, max_size=12), cuts=st.lists(st.integers(0, 400), max_size=5))
def test_what_was_packed_is_read_wherever_the_stream_is_cut_into_blocks(
    rows: list[tuple[Cell, ...]], cuts: list[int]
) -> None:
    whole = stream(rows)
    at = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    found = [frame for frame in copied.frames([whole[a:b] for a, b in pairwise(at)], FIELDS) if frame.height]
    columns = list(zip(*rows, strict=True)) or [()] * 5
    for k, field in enumerate(FIELDS):
        mine = [value for frame in found for value in frame[field.name].to_physical()]
        assert all(frame[field.name].dtype == field.dtype for frame in found)
        theirs = [micros(value, UNIX) if isinstance(value, datetime) else value for value in columns[k]]
        assert list(map(repr, mine)) == list(map(repr, theirs))


def test_every_cut_stream_is_said() -> None:
    whole = stream([(1, 2.5, True, "a word of more than twelve", START), (None, math.nan, None, "é", None)])
    for end in range(len(whole)):
        with pytest.raises(UnreadableTable, match="rows of the database"):
            read([whole[:end]])
        with pytest.raises(UnreadableTable, match="rows of the database"):
            read([whole[:end][k : k + 1] for k in range(end)])
    assert len(read([whole[k : k + 1] for k in range(len(whole))])) == 2


@settings(deadline=None, max_examples=EXAMPLES)
@given(data=st.data(), rows=st.lists(ROW, min_size=1, max_size=4))
def test_a_garbled_stream_is_what_it_is_by_hand(data: st.DataObject, rows: list[tuple[Cell, ...]]) -> None:
    body = bytearray(stream(rows))
    for _ in range(data.draw(st.integers(0, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    assert outcome(bytes(body)) == by_hand(bytes(body))


SIZES = st.sampled_from([-2, -1, 0, 1, 2, 3, 4, 8, 2**31 - 1])
CELLS = st.tuples(SIZES, st.binary(max_size=9)).map(lambda cell: cell[0].to_bytes(4, signed=True) + cell[1][: cell[0]])
FITTING = st.sampled_from([2, 4, 8, 1]).flatmap(lambda size: st.binary(min_size=size, max_size=size))
CELLS |= FITTING.map(lambda cell: len(cell).to_bytes(4) + cell)


@settings(deadline=None, max_examples=2 * EXAMPLES)
@given(cells=st.lists(CELLS, max_size=8), field=st.sampled_from(FIELDS), more=st.binary(max_size=3))
def test_random_values_are_what_they_are_by_hand(cells: list[bytes], field: Field, more: bytes) -> None:
    body = HEADER + b"".join(b"\0\1" + cell for cell in cells)
    for end in (copied.TRAILER, more):
        assert outcome(body + end, [field]) == by_hand(body + end, [field])


@settings(deadline=None, max_examples=EXAMPLES)
@given(
    st.binary(max_size=30) | WORDS.map(str.encode) | st.builds(lambda a, b: a + b"\xed\xa0\x80" + b, *[st.binary()] * 2)
)
def test_words_are_those_that_python_can_decode(body: bytes) -> None:
    try:
        word = body.decode()
    except UnicodeDecodeError:
        with pytest.raises(UnreadableTable, match="column 'x' holds words that are no UTF-8"):
            one(pl.String(), body)
    else:
        assert one(pl.String(), body) == [word]


def test_every_character_is_read_and_no_half_of_a_pair() -> None:
    every = [chr(k).encode() for k in (*range(0xD800), *range(0xE000, 0x110000, 13))]
    assert one(pl.String(), *every) == [body.decode() for body in every]
    edges = (0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0)
    pairs = (bytes([first, second]) for first in range(0x80, 0x100) for second in edges)
    for body in (pair + rest for pair in pairs for rest in (b"", b"\x80", b"\xbf\x80")):
        try:
            body.decode()
        except UnicodeDecodeError:
            with pytest.raises(UnreadableTable):
                one(pl.String(), body)
        else:
            assert one(pl.String(), body) == [body.decode()]


def test_numbers_and_moments_of_every_width() -> None:
    assert one(pl.Int64(), struct.pack(">h", -2), struct.pack(">i", -(2**31)), struct.pack(">q", 2**62)) == [
        -2, -(2**31), 2**62]  # fmt: skip
    assert one(pl.Float64(), struct.pack(">f", 0.1), struct.pack(">d", 0.1)) == [0.10000000149011612, 0.1]
    days = struct.pack(">i", -10958), struct.pack(">i", 0)
    assert one(pl.Datetime("us"), *days) == [datetime(1969, 12, 31), datetime(2000, 1, 1)]
    last = 2**63 - 1 - 946_684_800_000_000
    rows = b"".join(b"\0\1\0\0\0\x08" + struct.pack(">q", value) for value in (last, -last))
    (frame,) = copied.frames([HEADER + rows + copied.TRAILER], [Field(name="x", dtype=pl.Datetime("us"))])
    assert frame["x"].to_physical().to_list() == [2**63 - 1, 2 * 946_684_800_000_000 - 2**63 + 1]


@pytest.mark.parametrize(
    ("kind", "cell", "said"),
    [
        (pl.Int64(), b"abc", "a whole number that has not 2, 4 or 8 bytes"),
        (pl.Float64(), b"", "a number that has not 4 or 8 bytes"),
        (pl.Boolean(), b"\2", "neither true nor false"),
        (pl.Boolean(), b"", "neither true nor false"),
        (pl.Datetime("us"), b"abc", "a moment that has not 4 or 8 bytes"),
        (pl.Datetime("us"), struct.pack(">q", 2**63 - 1), "an infinite moment"),
        (pl.Datetime("us"), struct.pack(">q", -(2**63)), "an infinite moment"),
        (pl.Datetime("us"), struct.pack(">i", 2**31 - 1), "an infinite moment"),
        (pl.Datetime("us"), struct.pack(">i", -(2**31)), "an infinite moment"),
        (pl.Datetime("us"), struct.pack(">i", 2**31 - 2), "further from 1970"),
        (pl.Datetime("us"), struct.pack(">q", 2**63 - 2), "further from 1970"),
    ],
)
def test_a_value_that_cannot_be_is_said_with_its_column(kind: pl.DataType, cell: bytes, said: str) -> None:
    with pytest.raises(UnreadableTable, match=f"column 'x' holds .*{said}"):
        one(kind, cell)


def test_the_header_is_looked_at() -> None:
    rows = stream([(1, None, None, None, None)])[len(HEADER) :]
    extended = copied.SIGNATURE + bytes(4) + (3).to_bytes(4) + b"new" + rows
    assert read([extended]) == read([HEADER + rows]) == [(1, None, None, None, None)]
    with pytest.raises(UnreadableTable, match="flags 0x10000, which are not known"):
        read([copied.SIGNATURE + (1 << 16).to_bytes(4) + bytes(4) + rows])
    with pytest.raises(UnreadableTable, match="not in the binary form"):
        read([b"1,2,3\n"])
    for more in (copied.TRAILER, b"x"):
        with pytest.raises(UnreadableTable, match="rows of the database"):
            read([HEADER + rows + more])
        with pytest.raises(UnreadableTable, match="go on behind their end"):
            read([HEADER + rows, more])
