"""The audit log: each row's hash covers the row and the hash before it, in the transaction of the change itself.

A chain shows an edit, a removal, a reordering; a cut tail or a rebuilt chain only shows against a checkpoint kept
elsewhere: `head` is that checkpoint, and `verify` takes an old one.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from modelyard.errors.store import AuditBroken
from modelyard.store.tables import audit, chain


class Head(Struct, frozen=True):
    """How long the chain is, and its last hash."""

    seq: int
    hash: str


class Entry(Struct, frozen=True, kw_only=True):
    """A row of the log."""

    seq: int
    at: int
    """Microseconds."""
    actor: str
    action: str
    document: dict[str, Any]


def entries(sql: Connection, action: str | None = None) -> list[Entry]:
    """All rows (of one action), oldest first."""
    query = select(audit).order_by(audit.c.seq)
    rows = sql.execute(query if action is None else query.where(audit.c.action == action))
    return [
        Entry(seq=r.seq, at=r.at, actor=r.actor, action=r.action, document=msgspec.json.decode(r.document))
        for r in rows
    ]


def note(sql: Connection, at: int, actor: str, action: str, document: dict[str, object]) -> Head:
    """Append a row. `at` in microseconds. The head row is locked, so two writers queue up."""
    before = _locked(sql)
    text = msgspec.json.encode(document, order="sorted").decode()
    after = Head(before.seq + 1, _hash(before.hash, before.seq + 1, at, actor, action, text))
    sql.execute(insert(audit).values(seq=after.seq, at=at, actor=actor, action=action, document=text, hash=after.hash))
    sql.execute(update(chain).where(chain.c.id == 1).values(seq=after.seq, hash=after.hash))
    return after


def verify(sql: Connection, checkpoint: Head | None = None) -> Head:
    """Follow the whole chain. Raises AuditBroken at the first row that does not fit, or where the checkpoint is
    missing."""
    head, seen = Head(0, ""), checkpoint is None or checkpoint.seq == 0
    for row in sql.execute(select(audit).order_by(audit.c.seq)):
        expected = _hash(head.hash, head.seq + 1, row.at, row.actor, row.action, row.document)
        if row.seq != head.seq + 1 or row.hash != expected:
            raise AuditBroken(f"the audit log does not hold from row {head.seq + 1} on", where=f"row {row.seq}")
        head = Head(row.seq, row.hash)
        seen = seen or head == checkpoint
    stored = sql.execute(select(chain.c.seq, chain.c.hash).where(chain.c.id == 1)).one()
    if not seen or (stored.seq, stored.hash) != (head.seq, head.hash):
        raise AuditBroken("rows are missing from the end of the audit log", where=f"row {head.seq}")
    return head


def _locked(sql: Connection) -> Head:
    row = sql.execute(select(chain.c.seq, chain.c.hash).where(chain.c.id == 1).with_for_update()).one()
    return Head(row.seq, row.hash)


def _hash(before: str, seq: int, at: int, actor: str, action: str, document: str) -> str:
    return hashlib.sha256(msgspec.json.encode([before, seq, at, actor, action, document])).hexdigest()
