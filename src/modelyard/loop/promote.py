"""Promotion: by the gate, or by a person who accepts a proposal. One transaction: the alias by compare-and-swap, its
audit row, and the record of why; then the pointer tells the servers."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from modelyard.errors.loop import NoProposal
from modelyard.errors.store import UnknownVersion
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.records import find_record, read_records, record
from modelyard.store.versions import champion, find, point, swap

PROMOTION, ROLLBACK, PROPOSAL = "promotion", "rollback", "proposal"


class Promotion(Struct, frozen=True, kw_only=True):
    """One change of the version that serves. `at` in microseconds of event time; `replaced` is the version before."""

    model: str
    version: int
    digest: str
    replaced: int | None
    revision: int
    at: int
    actor: str
    reason: str
    run: str = ""
    gate: dict[str, Any] = {}
    """What the gate measured: before, after, bound, tried …"""


def promote(metadata: Metadata, store: Store, model: str, version: int, *, at: int, actor: str, reason: str = "",
            seen: int | None = None, run: str = "", gate: dict[str, Any] | None = None, kind: str = PROMOTION,
            key: str | None = None) -> Promotion:  # fmt: skip
    """Let that version serve. `seen`: the alias's revision that the decision was made on, else the one of now; a `key`
    that was used before is the promotion of then. Raises Conflict, UnknownVersion."""
    with metadata.begin() as sql:
        earlier = find_record(sql, kind, model, key) if key else None
        if earlier is None:
            made = _change(sql, model, version, seen, at, actor, reason, run, gate or {})
            record(sql, kind, model, at, msgspec.to_builtins(made), key=key or f"revision:{made.revision}")
        else:
            made = msgspec.convert(earlier.document, Promotion)
    point(metadata, store, model)
    return made


def _change(sql: Connection, model: str, version: int, seen: int | None, at: int, actor: str, reason: str, run: str,
            gate: dict[str, Any]) -> Promotion:  # fmt: skip
    wanted = find(sql, model, version=version)
    if wanted is None:
        raise UnknownVersion(f"{model} has no version {version}")
    before = champion(sql, model)
    revision = seen if seen is not None else (before[1] if before else 0)
    made = swap(sql, model, version, revision, at=at, actor=actor, reason=reason)
    return Promotion(
        model=model,
        version=version,
        digest=wanted.digest,
        replaced=before[0].version if before else None,
        revision=made.revision,
        at=at,
        actor=actor,
        reason=reason,
        run=run,
        gate=gate,
    )


def propose(sql: Connection, model: str, version: int, *, at: int, run: str, revision: int, gate: dict[str, Any],
            reason: str) -> bool:  # fmt: skip
    """`promote: by_person`: written down for a person to accept; whether it is a new proposal."""
    document = {"version": version, "run": run, "revision": revision, "gate": gate, "reason": reason}
    return record(sql, PROPOSAL, model, at, document, key=run)[1]


def accept(metadata: Metadata, store: Store, model: str, *, at: int, actor: str, reason: str = "",
           version: int | None = None) -> Promotion:  # fmt: skip
    """`modelyard promote`: the newest proposal made against the version that still serves, or the version named.
    Raises NoProposal, Conflict (another version serves by now), UnknownVersion."""
    if version is not None:
        return promote(metadata, store, model, version, at=at, actor=actor, reason=reason)
    with metadata.begin() as sql:
        waiting = read_records(sql, PROPOSAL, model)
        served = champion(sql, model)
    if not waiting or (served is not None and served[0].version == waiting[-1].document["version"]):
        raise NoProposal(f"no challenger of {model} waits to be promoted")
    last = waiting[-1].document
    return promote(
        metadata, store, model, int(last["version"]), at=at, actor=actor, reason=reason or str(last["reason"]),
        seen=int(last["revision"]), run=str(last["run"]), gate=last["gate"],
    )  # fmt: skip


def promotions(sql: Connection, model: str) -> list[Promotion]:
    """Every change that the loop or a person made, rollbacks included, oldest first."""
    found = [*read_records(sql, PROMOTION, model), *read_records(sql, ROLLBACK, model)]
    return [msgspec.convert(one.document, Promotion) for one in sorted(found, key=lambda one: one.seq)]
