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
    from polars import DataFrame, LazyFrame

REREAD = "to read it from the start, run with --reread"


class Fetched(Struct, frozen=True, kw_only=True, eq=False):
    """`frame`: the rows beyond what was read, in the feed's columns and types, asked for once. `files`: those
    there are now. `behind`: how many rows lie where it was read before, if that can be told. `words`: what was
    noticed."""

    frame: LazyFrame
    files: dict[str, File] = {}
    behind: int | None = None
    words: tuple[str, ...] = ()


class Feed(Protocol):
    """What can be read on. `name` and `kind` for people; `key`: the same for the same source, asked the same things;
    `id`: the column that says whose a row is, or ""."""

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
    @property
    def id(self) -> str: ...
    def fetch(self, bounds: Bounds, before: Reading) -> Fetched: ...


class Read(Struct, frozen=True, eq=False):
    """All rows, those kept and the new ones; they come into memory when they are asked for."""

    rows: LazyFrame
    pin: Pin
    new: int

    @property
    def frame(self) -> DataFrame:
        return self.rows.collect()


def read_on(feed: Feed, kept: Kept, tell: Callable[[str], None]) -> Read:
    """Raises what reading the source raises, and BadCursor."""
    from modelyard.frame.arranged import arranged, count, taken
    from modelyard.frame.bounded import farthest

    before = _last(feed, kept, tell)
    got = feed.fetch(Bounds(after=before.upto), before)
    new = taken(got.frame, kept.spill, kept.room)
    upto = farthest(new, feed.cursor)
    reading = kept.add(before, arranged(new, feed.cursor, kept.most))
    reading = replace(reading, upto=before.upto if upto is None else upto, files=got.files)
    rows = kept.scan(reading)
    for word in (*got.words, *_moved(rows, before, got.behind, kept.forgotten(reading))):
        tell(word)
    return Read(rows, _pin(feed.kind, rows, reading, kept.keep(feed.key, reading)), count(new))


def read_again(kind: str, version: str, kept: Kept) -> Read:
    """The rows of a reading as it was, whatever became of the source since. Raises MissingBlob."""
    reading = kept.version(version)
    rows = kept.scan(reading)
    return Read(rows, _pin(kind, rows, reading, version), 0)


def _pin(kind: str, rows: LazyFrame, reading: Reading, version: str) -> Pin:
    from modelyard.frame.arranged import count
    from modelyard.frame.digest import scanned_digest

    return Pin(
        kind=kind,
        columns=reading.columns,
        rows=count(rows),
        digest=scanned_digest(rows),
        cursor=reading.cursor,
        upto=reading.upto,
        version=version,
    )


def _last(feed: Feed, kept: Kept, tell: Callable[[str], None]) -> Reading:
    """The reading to go on from: an empty one where there is none or the columns are others now."""
    fresh = Reading(cursor=feed.cursor, columns=feed.columns, key=feed.cursor_key, id=feed.id)
    last = kept.last(feed.key)
    if last is None:
        return fresh
    if last.columns != feed.columns:
        names = sorted(dict(last.columns.items() ^ feed.columns.items()))
        tell(f"columns changed ({', '.join(names[:5])}): it was read from the start")
        return fresh
    return replace(last, id=feed.id)


def _moved(rows: LazyFrame, before: Reading, behind: int | None, forgotten: int) -> list[str]:
    """Whether the source still has as many rows where it was read before as were read; of those that were forgotten
    here it may have some."""
    from modelyard.frame.arranged import count
    from modelyard.frame.bounded import bounded

    if behind is None or before.upto is None:
        return []
    known = count(bounded(rows, before.cursor, None, before.upto))
    if known == behind:
        return []
    if known < behind <= known + forgotten:
        return [f"{behind - known:,} rows that were forgotten here seem to be in the source still; --reread reads them"]
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
