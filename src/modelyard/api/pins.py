"""What a version was made of, in words: its rows, how far each source was read, which rows of the log."""

from __future__ import annotations

from collections.abc import Iterator

from modelyard.run.reading import shown
from modelyard.schema.pin import Input, Pin, Window


def words(read: Input) -> str:
    """
    >>> orders = Pin(kind="read.sql", rows=90, cursor="id", upto=89, columns={"id": "integer"})
    >>> words(Input(digest="ab" * 32, rows=80, columns={"a": "number"}, sources={"orders": orders}))
    '80 rows of 1 column (abababababab); orders: 90 rows up to id = 89'
    """
    columns = f"{len(read.columns)} column{'s' * (len(read.columns) != 1)}"
    return "; ".join([f"{read.rows:,} rows of {columns} ({read.digest[:12]})", *_parts(read)])


def _parts(read: Input) -> Iterator[str]:
    for name, pin in read.sources.items():
        if pin.cursor:
            yield f"{name}: {source(pin)}"
    if read.log is not None:
        yield f"log: {window(read.log)}"


def source(pin: Pin) -> str:
    """How far it was read; of one without a cursor, the digest of its files."""
    rows = "" if pin.rows is None else f"{pin.rows:,} rows "
    if pin.cursor:
        return f"{rows}up to {pin.cursor} = {shown(pin.upto, pin.columns.get(pin.cursor, ''))}"
    return f"{rows}files {pin.digest[:12]}" if pin.digest else f"{rows}read whole"


def window(log: Window) -> str:
    """
    >>> window(Window(until=0, rows=5))
    '5 rows until 1970-01-01T00:00:00Z'
    """
    since = "" if log.since is None else f" since {shown(log.since, 'datetime')}"
    until = "" if log.until is None else f" until {shown(log.until, 'datetime')}"
    return f"{log.rows:,} rows{since}{until}"
