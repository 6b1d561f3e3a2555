"""What the loop decided and why: runs, triggers, verdicts, decisions, gates; in the order in which they were made.

A trigger's key is unique, so that two that see the same reason start one run; a record with a key is made once, so that
a step that runs again after a crash changes nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.exc import IntegrityError

from modelyard.store.tables import records, runs, triggers


class Record(Struct, frozen=True, kw_only=True):
    seq: int
    kind: str
    """verdict, decision, gate, promotion …"""
    model: str
    at: int
    """Event time, microseconds."""
    key: str | None
    document: dict[str, Any]


class Run(Struct, frozen=True, kw_only=True):
    id: str
    started: int
    ended: int | None
    status: str
    document: dict[str, Any]


def record(
    sql: Connection, kind: str, model: str, at: int, document: dict[str, Any], key: str | None = None
) -> tuple[Record, bool]:
    """Write it down; with a `key` that was used before (per kind and model): the record of then, and False."""
    values = {"kind": kind, "model": model, "at": at, "key": key, "document": msgspec.json.encode(document).decode()}
    try:
        with sql.begin_nested():
            seq = sql.execute(insert(records).values(**values).returning(records.c.seq)).scalar_one()
    except IntegrityError:
        same = (records.c.kind == kind) & (records.c.model == model) & (records.c.key == key)
        return _record(sql.execute(select(records).where(same)).mappings().one()), False
    return Record(seq=seq, kind=kind, model=model, at=at, key=key, document=document), True


def find_record(sql: Connection, kind: str, model: str, key: str) -> Record | None:
    """The record that was made under that key."""
    same = (records.c.kind == kind) & (records.c.model == model) & (records.c.key == key)
    row = sql.execute(select(records).where(same)).mappings().one_or_none()
    return None if row is None else _record(row)


def read_records(sql: Connection, kind: str, model: str, since: int | None = None) -> list[Record]:
    """Oldest first; `since` in event time, inclusive."""
    query = select(records).where(records.c.kind == kind, records.c.model == model).order_by(records.c.seq)
    rows = sql.execute(query if since is None else query.where(records.c.at >= since))
    return [_record(row) for row in rows.mappings()]


def all_records(sql: Connection, model: str | None = None) -> list[Record]:
    """Of every kind (of one model), oldest first."""
    query = select(records).order_by(records.c.seq)
    rows = sql.execute(query if model is None else query.where(records.c.model == model))
    return [_record(row) for row in rows.mappings()]


def trigger(sql: Connection, key: str, model: str, at: int, run: str, document: dict[str, Any]) -> tuple[str, bool]:
    """The id of the run that this trigger starts, and whether it is a new one."""
    values = {"key": key, "model": model, "at": at, "run": run, "document": msgspec.json.encode(document).decode()}
    try:
        with sql.begin_nested():
            sql.execute(insert(triggers).values(**values))
    except IntegrityError:
        return str(sql.execute(select(triggers.c.run).where(triggers.c.key == key)).scalar_one()), False
    return run, True


class Trigger(Struct, frozen=True, kw_only=True):
    """What started a run; `at` in event time, microseconds."""

    key: str
    model: str
    at: int
    run: str
    document: dict[str, Any]


def read_triggers(sql: Connection, model: str) -> list[Trigger]:
    """Oldest first."""
    query = select(triggers).where(triggers.c.model == model).order_by(triggers.c.at, triggers.c.key)
    return [
        Trigger(**{**row, "document": msgspec.json.decode(row["document"])}) for row in sql.execute(query).mappings()
    ]


def find_trigger(sql: Connection, run: str) -> Trigger | None:
    """The trigger that started that run."""
    row = sql.execute(select(triggers).where(triggers.c.run == run)).mappings().one_or_none()
    return None if row is None else Trigger(**{**row, "document": msgspec.json.decode(row["document"])})


def start_run(sql: Connection, name: str, at: int, document: dict[str, Any]) -> Run:
    """The run, started now or, under the same id, before."""
    found = sql.execute(select(runs).where(runs.c.id == name)).mappings().one_or_none()
    if found is None:
        text = msgspec.json.encode(document).decode()
        sql.execute(insert(runs).values(id=name, started=at, status="running", document=text))
        return Run(id=name, started=at, ended=None, status="running", document=document)
    return _run(found)


def end_run(sql: Connection, name: str, at: int, status: str, document: dict[str, Any]) -> None:
    """The same ending again writes nothing."""
    text = msgspec.json.encode(document).decode()
    news = (runs.c.id == name) & (runs.c.ended.is_(None) | (runs.c.document != text))
    sql.execute(update(runs).where(news).values(ended=at, status=status, document=text))


def read_runs(sql: Connection) -> list[Run]:
    """Oldest first."""
    return [_run(row) for row in sql.execute(select(runs).order_by(runs.c.started, runs.c.id)).mappings()]


def _record(row: RowMapping) -> Record:
    return Record(**{**row, "document": msgspec.json.decode(row["document"])})


def _run(row: RowMapping) -> Run:
    return Run(**{**row, "document": msgspec.json.decode(row["document"])})
