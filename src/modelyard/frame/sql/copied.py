"""What `COPY … TO STDOUT (FORMAT binary)` of PostgreSQL sends, as frames.

Natively alone (`frame/_copied.c`): where that was not built, rows leave as CSV, see postgresql.py. The stream is a
header, rows, and a trailer; each is checked, so that one which was cut or garbled is never taken for the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import polars as pl

from modelyard.errors.data import UnreadableTable
from modelyard.frame.exported import exported
from modelyard.frame.sql.session import Field

SIGNATURE = b"PGCOPY\n\xff\r\n\0"
TRAILER = b"\xff\xff"
_HEADER = len(SIGNATURE) + 8
_CRITICAL = 0xFFFF0000
"""Flags that change what follows; whoever does not know one of them must not read on."""
_OF_STREAM = "read again; if it stays so, look for what stands between the server and this machine"
_OF_VALUE = "correct the value, or leave its column out with `columns:`"
LONGEST = 2**30
"""No row that PostgreSQL can send is longer (bytes)."""
Parse = Callable[[bytes, int, bytes], tuple[tuple[object, object], int, int, bool]]
"""Block, where its rows start, kinds -> columns, rows, where the whole rows end, whether the trailer was met."""


def frames(blocks: Iterable[bytes], fields: Sequence[Field], who: str = "") -> Iterator[pl.DataFrame]:
    """Blocks of the stream, cut anywhere -> its rows. Raises UnreadableTable.

    >>> seven, null = b"\\0\\1\\0\\0\\0\\2\\xff\\xf9", b"\\0\\1\\xff\\xff\\xff\\xff"
    >>> stream = SIGNATURE + bytes(8) + seven + null + TRAILER
    >>> [frame["x"].to_list() for frame in frames([stream[:7], stream[7:]], [Field(name="x", dtype=pl.Int64())])]
    [[-7, None]]
    """
    names, kinds = [field.name for field in fields], b"".join(kind(field.dtype) for field in fields)
    dtypes = pl.Schema((field.name, field.dtype) for field in fields)
    tail, begun, ended = b"", False, False
    for block in filter(None, blocks):
        if ended or len(tail) > LONGEST:
            raise _garbled("rows of the database go on behind their end", who)
        body, start = tail + block, 0
        if not begun:
            found = header(body, who)
            if found is None:
                tail = body
                continue
            begun, start = True, found
        columns, rows, end, ended = _parsed(body, start, kinds, names, who)
        tail = body[end:]
        if rows:
            yield pl.DataFrame(columns).cast(dtypes)
    if tail or not ended:
        raise _garbled("rows of the database do not end where they should", who)


def header(body: bytes, who: str = "") -> int | None:
    """Where the rows start; None: the header goes on in the next block."""
    if body[:_HEADER][: len(SIGNATURE)] != SIGNATURE[: len(body)]:
        raise _garbled("rows of the database are not in the binary form of COPY", who)
    if len(body) < _HEADER:
        return None
    flags, more = (int.from_bytes(body[at : at + 4]) for at in (len(SIGNATURE), len(SIGNATURE) + 4))
    if flags & _CRITICAL:
        raise _garbled(f"rows of the database come with flags {flags:#x}, which are not known", who)
    return _HEADER + more if _HEADER + more <= len(body) else None


def kind(dtype: pl.DataType) -> bytes:
    """How the parser reads a column that arrives as that."""
    if isinstance(dtype, pl.Datetime):
        return b"t"
    return {pl.Int64(): b"i", pl.Float64(): b"f", pl.Boolean(): b"b", pl.String(): b"s"}[dtype]


def _parsed(
    body: bytes, start: int, kinds: bytes, names: Sequence[str], who: str
) -> tuple[dict[str, pl.Series], int, int, bool]:
    if native is None:
        raise UnreadableTable("the native part that reads the binary form of COPY was not built", who=who)
    try:
        capsules, rows, end, ended = native(body, start, kinds)
    except ValueError as error:
        why, column = error.args
        if column < 0:
            raise _garbled(f"rows of the database hold {why}", who) from None
        raise UnreadableTable(f"column {names[column]!r} holds {why}", who=who, way_out=_OF_VALUE) from None
    return exported(capsules, names), rows, end, ended


def _garbled(found: str, who: str) -> UnreadableTable:
    return UnreadableTable(found, who=who, way_out=_OF_STREAM)


def _built() -> Parse | None:
    try:
        from modelyard.frame._copied import parse
    except ImportError:
        return None
    return parse


native: Parse | None = _built()
