"""Rollback: the version that served before serves again, with a reason, as a new revision.

Which one that is, the audit log knows: whoever promoted, every change is in it.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, select

from modelyard.errors.loop import NothingToRollBack
from modelyard.loop.promote import ROLLBACK, Promotion, promote
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.tables import audit
from modelyard.store.versions import CHAMPION


def previous(sql: Connection, model: str) -> int | None:
    """The version to go back to: going back is undoing, so two rollbacks go two versions back, not there and back."""
    served: list[int] = []
    for row in sql.execute(select(audit.c.document).where(audit.c.action == "promote").order_by(audit.c.seq)):
        change = msgspec.json.decode(row.document)
        if change["model"] != model or change["alias"] != CHAMPION:
            continue
        if len(served) > 1 and served[-2] == change["to"]:
            served.pop()
        elif not served or served[-1] != change["to"]:
            served.append(int(change["to"]))
    return served[-2] if len(served) > 1 else None


def rollback(metadata: Metadata, store: Store, model: str, *, at: int, actor: str, reason: str,
             seen: int | None = None, key: str | None = None,
             gate: dict[str, Any] | None = None) -> Promotion:  # fmt: skip
    """Let the version before serve again. Raises NothingToRollBack, Conflict."""
    with metadata.begin() as sql:
        version = previous(sql, model)
    if version is None:
        raise NothingToRollBack(f"no other version of {model} served before")
    return promote(
        metadata, store, model, version, at=at, actor=actor, reason=reason, seen=seen, gate=gate, kind=ROLLBACK, key=key
    )
