"""A verdict: broken, drifted or worse. Three words, never one, because each asks for something else.

Broken: the feed; repair it, and learn nothing from it. Drifted: the inputs moved; look, and retrain once there are new
labels. Worse: the answers are significantly worse than promised; retrain. A verdict is written down once, under a key
that the same look at the same window makes again.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from modelyard.store.records import read_records, record

Kind = Literal["broken", "drifted", "worse"]
RECORD = "verdict"
RULES = "rules"
"""The source of what is said about the feed, whichever version answered it."""


class Verdict(Struct, frozen=True, kw_only=True):
    """Times in microseconds of event time. `since`: where the stretch begins that stands out; `start`, `end`: the
    window that tipped it. `evidence` holds plain JSON values: effect sizes with what was the least that could have been
    seen. `approximate`: days differ more than chance, so the promised rate holds only roughly."""

    kind: Kind
    monitor: str
    source: str
    """What spoke: `inputs`, `realised roc_auc`, `estimated roc_auc`, `losses`, `rules`."""
    model: str
    version: int
    package: str
    since: int
    start: int
    end: int
    summary: str
    evidence: dict[str, Any]
    approximate: bool = False
    look: str = ""
    """One command to look at it."""
    act: str = ""
    """One command to act on it."""

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.monitor}:{self.package[:16]}:{self.source}:{self.start}"


ACT: dict[Kind, str] = {"broken": "modelyard check", "drifted": "modelyard retrain", "worse": "modelyard retrain"}
"""`check` says what a request must carry: a broken feed is repaired where it comes from."""


def commands(kind: Kind, model: str) -> tuple[str, str]:
    """(to look, to act).

    >>> commands("worse", "late")
    ('modelyard status late', 'modelyard retrain')
    """
    return f"modelyard status {model}", ACT[kind]


def write(sql: Connection, verdict: Verdict) -> bool:
    """Whether it is a new one."""
    document = msgspec.to_builtins(verdict)
    return record(sql, RECORD, verdict.model, verdict.end, document, key=verdict.key)[1]


def verdicts(sql: Connection, model: str, since: int | None = None) -> list[Verdict]:
    """Oldest first; `since`: whose window ended then or later (event time)."""
    return [msgspec.convert(one.document, Verdict) for one in read_records(sql, RECORD, model, since)]
