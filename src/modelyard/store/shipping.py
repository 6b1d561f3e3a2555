"""The shipper's books: how far each segment is shipped, which ids were seen, hourly counts, conflicts.

A batch is planned in one transaction (its number and its ranges), done in another: what a crash leaves between the two
is the same batch with the same ranges, done again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, update

from modelyard.store.metadata import set_setting, setting
from modelyard.store.tables import conflicts, hours, offsets, rows_seen, versions

T = TypeVar("T")
CHUNK = 400
"""Ids per question: SQLite takes a limited number of parameters."""
UNKNOWN_ID, OTHER_ROW = "unknown_id", "other_row"


class Range(Struct, frozen=True):
    segment: str
    start: int
    end: int


class Plan(Struct, frozen=True):
    batch: int
    ranges: tuple[Range, ...]


class Seen(Struct, frozen=True, kw_only=True):
    model: str
    id: str
    digest: str
    event: int
    retries: int = 0
    label: str | None = None
    """Digest of the last label's values."""


class Trouble(Struct, frozen=True, kw_only=True):
    """A record that did not become a row: kept whole in `document`."""

    seq: int = 0
    model: str
    id: str
    reason: str
    received: int
    document: str


def positions(sql: Connection) -> dict[str, int]:
    """Segment name -> bytes shipped."""
    return {row.segment: row.position for row in sql.execute(select(offsets))}


def pending(sql: Connection) -> Plan | None:
    text = setting(sql, "shipping")
    return msgspec.json.decode(text, type=Plan) if text else None


def plan(sql: Connection, ranges: Sequence[Range]) -> Plan:
    """The next batch, written down before it is done."""
    made = Plan(int(setting(sql, "batch") or 0) + 1, tuple(ranges))
    set_setting(sql, "shipping", msgspec.json.encode(made).decode())
    return made


def finish(sql: Connection, done: Plan) -> None:
    """In the transaction of the batch itself: the offsets move and the plan is gone."""
    for one in done.ranges:
        change = update(offsets).where(offsets.c.segment == one.segment)
        if sql.execute(change.values(position=one.end, batch=done.batch)).rowcount == 0:
            sql.execute(insert(offsets).values(segment=one.segment, position=one.end, batch=done.batch))
    set_setting(sql, "batch", str(done.batch))
    set_setting(sql, "shipping", "")


def models(sql: Connection) -> dict[str, str]:
    """Package digest -> model."""
    return {row.digest: row.model for row in sql.execute(select(versions.c.digest, versions.c.model))}


def seen(sql: Connection, ids: Iterable[str]) -> dict[tuple[str, str], Seen]:
    """What is known of these ids, by (model, id)."""
    found = {}
    for some in _chunks(list(dict.fromkeys(ids))):
        for row in sql.execute(select(rows_seen).where(rows_seen.c.id.in_(some))).mappings():
            found[row["model"], row["id"]] = Seen(**row)
    return found


def see(sql: Connection, new: Sequence[Seen], changed: Sequence[Seen]) -> None:
    if new:
        sql.execute(insert(rows_seen), [msgspec.structs.asdict(one) for one in new])
    if changed:
        here = (rows_seen.c.model == bindparam("of")) & (rows_seen.c.id == bindparam("named"))
        change = update(rows_seen).where(here).values(retries=bindparam("again"), label=bindparam("truth"))
        sql.execute(
            change,
            [{"of": one.model, "named": one.id, "again": one.retries, "truth": one.label} for one in changed],
        )


def trouble(sql: Connection, found: Sequence[Trouble]) -> None:
    for one in found:
        values = {name: value for name, value in msgspec.structs.asdict(one).items() if name != "seq"}
        sql.execute(insert(conflicts).values(**values))


def troubles(sql: Connection, reason: str | None = None, ids: Sequence[str] | None = None) -> list[Trouble]:
    """Oldest first."""
    if ids is None:
        return list(_troubles(sql, conflicts.c.reason == reason if reason else conflicts.c.seq >= 0))
    return [
        one
        for some in _chunks(ids)
        for one in _troubles(sql, (conflicts.c.reason == reason) & conflicts.c.id.in_(some))
    ]


def resolve(sql: Connection, solved: Sequence[Trouble]) -> None:
    for some in _chunks([one.seq for one in solved]):
        sql.execute(delete(conflicts).where(conflicts.c.seq.in_(some)))


def hour_counts(sql: Connection, digest: str, start: int | None = None, end: int | None = None) -> dict[int, bytes]:
    """Hour (microseconds of its start) -> what the counting function made of it, in [start, end), in order."""
    query = select(hours.c.hour, hours.c.counts).where(hours.c.digest == digest).order_by(hours.c.hour)
    query = query if start is None else query.where(hours.c.hour >= start)
    query = query if end is None else query.where(hours.c.hour < end)
    return {row.hour: bytes(row.counts) for row in sql.execute(query)}


def set_hours(sql: Connection, digest: str, counts: Mapping[int, bytes]) -> None:
    """Hour -> its counts from now on."""
    for some in _chunks(list(counts)):
        sql.execute(delete(hours).where(hours.c.digest == digest, hours.c.hour.in_(some)))
        sql.execute(insert(hours), [{"digest": digest, "hour": hour, "counts": counts[hour]} for hour in some])


def latest_event(sql: Connection, model: str) -> int | None:
    """The largest event time shipped of that model: what the watermark is made of."""
    found: int | None = sql.execute(select(func.max(rows_seen.c.event)).where(rows_seen.c.model == model)).scalar_one()
    return found


def forget_ids(sql: Connection, ids: Sequence[str]) -> None:
    for some in _chunks(ids):
        sql.execute(delete(rows_seen).where(rows_seen.c.id.in_(some)))
        sql.execute(delete(conflicts).where(conflicts.c.id.in_(some)))


def forget_before(sql: Connection, since: int) -> None:
    """Retention: the ids of rows whose event is older are no longer told from new ones."""
    sql.execute(delete(rows_seen).where(rows_seen.c.event < since))
    sql.execute(delete(conflicts).where(conflicts.c.received < since))


def _troubles(sql: Connection, condition: ColumnElement[bool]) -> Iterator[Trouble]:
    for row in sql.execute(select(conflicts).where(condition).order_by(conflicts.c.seq)).mappings():
        yield Trouble(**row)


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
