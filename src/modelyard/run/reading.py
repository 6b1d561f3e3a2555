"""A source with a cursor, read on from where it was read to.

What lies behind the cursor is not read again, so it is looked at: a database counts it, of files the bytes tell. What
is not as it was is said, and left to a person: late rows may be harmless, and reading all again may take a day.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct
from msgspec.structs import replace

from modelyard.errors.data import BadCursor
from modelyard.run.kept import File, Kept, Reading
from modelyard.schema.column import Kind
from modelyard.schema.pin import Mark, Pin
from modelyard.step.incremental import Bounds

if TYPE_CHECKING:
    from polars import DataFrame

REREAD = "to read it from the start, run with --reread"


class Fetched(Struct, frozen=True, kw_only=True, eq=False):
    """`frame`: the rows beyond what was read, in the feed's columns and types. `files`: those there are now. `behind`:
    how many rows lie where it was read before, if that can be told. `words`: what was noticed."""

    frame: DataFrame
    files: dict[str, File] = {}
    behind: int | None = None
    words: tuple[str, ...] = ()


class Feed(Protocol):
    """What can be read on. `name` and `kind` for people; `key`: the same for the same source, asked the same things."""

    @property
    def kind(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def cursor(self) -> str: ...
    @property
    def cursor_key(self) -> tuple[str, ...]: ...
    @property
    def columns(self) -> dict[str, Kind]: ...
    def fetch(self, bounds: Bounds, before: Reading) -> Fetched: ...


class Read(Struct, frozen=True, eq=False):
    """All rows, those kept and the new ones."""

    frame: DataFrame
    pin: Pin
    new: int


def read_on(feed: Feed, kept: Kept, tell: Callable[[str], None]) -> Read:
    """Raises what reading the source raises, and BadCursor."""
    from modelyard.frame.bounded import farthest, in_order
    from modelyard.frame.digest import digest

    before = _last(feed, kept, tell)
    got = feed.fetch(Bounds(after=before.upto), before)
    frame = in_order(got.frame, feed.cursor)
    upto = farthest(frame, feed.cursor)
    reading = kept.add(before, frame)
    reading = replace(reading, upto=before.upto if upto is None else upto, files=got.files)
    rows = kept.rows(reading)
    for word in (*got.words, *_moved(rows, before, got.behind)):
        tell(word)
    pin = Pin(
        kind=feed.kind,
        columns=feed.columns,
        rows=rows.height,
        digest=digest(rows),
        cursor=feed.cursor,
        upto=reading.upto,
        version=kept.keep(feed.key, reading),
    )
    return Read(rows, pin, frame.height)


def _last(feed: Feed, kept: Kept, tell: Callable[[str], None]) -> Reading:
    """The reading to go on from: an empty one where there is none or the columns are others now."""
    fresh = Reading(cursor=feed.cursor, columns=feed.columns, key=feed.cursor_key)
    last = kept.last(feed.key)
    if last is None:
        return fresh
    if last.columns != feed.columns:
        names = sorted(dict(last.columns.items() ^ feed.columns.items()))
        tell(f"columns changed ({', '.join(names[:5])}): it was read from the start")
        return fresh
    return last


def _moved(rows: DataFrame, before: Reading, behind: int | None) -> list[str]:
    """Whether the source still has as many rows where it was read before as were read."""
    from modelyard.frame.bounded import bounded

    if behind is None or before.upto is None:
        return []
    known = bounded(rows.lazy(), before.cursor, None, before.upto).collect().height
    if known == behind:
        return []
    where = f"up to {before.cursor} = {shown(before.upto, before.columns[before.cursor])}"
    if behind > known:
        return [f"{behind - known:,} rows came late: {where} it has {behind:,} rows, {known:,} were read; {REREAD}"]
    found = f"{known - behind:,} rows are gone: {where} it has {behind:,} rows, {known:,} were read"
    return [f"{found}; they were deleted, or updated and moved on (then write `cursor_key:`); {REREAD}"]


def shown(mark: Mark | None, kind: str) -> str:
    """A cursor as a person reads it.

    >>> shown(0, "datetime"), shown(7, "integer"), shown(None, "integer")
    ('1970-01-01T00:00:00Z', '7', 'nothing')
    """
    if mark is None:
        return "nothing"
    if kind != "datetime":
        return str(mark)
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(mark))
    except (OverflowError, ValueError) as error:
        raise BadCursor(f"{mark} is no moment") from error
    return moment.isoformat().replace("+00:00", "Z")
