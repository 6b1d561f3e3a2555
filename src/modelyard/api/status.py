"""How things stand: which version serves each model, what the monitors say of it, how far the log is shipped.

A verdict stands until the monitor that gave it finds a later window quiet, or another version serves. Any standing
verdict is red: broken, drifted and worse each ask for something to be done.
"""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection as Sql

from modelyard.api.connection import Connection
from modelyard.loop import drift, quality
from modelyard.loop.verdict import RULES, Verdict, verdicts
from modelyard.loop.watched import FEED, WINDOW, read_progress
from modelyard.store.audit import entries
from modelyard.store.records import read_records
from modelyard.store.segments import segments
from modelyard.store.shipping import latest_event, positions
from modelyard.store.versions import champion, listed


class Standing(Struct, frozen=True, kw_only=True):
    """One model. Times in microseconds. `latest`: the last event shipped; `windows`: how many were looked at."""

    model: str
    version: int | None
    digest: str
    since: int | None
    versions: int
    latest: int | None
    windows: int
    verdicts: tuple[Verdict, ...]

    @property
    def red(self) -> bool:
        return bool(self.verdicts)


class Status(Struct, frozen=True, kw_only=True):
    """`backlog`: bytes of the prediction log that are not in the lake yet, in `segments` files."""

    red: bool
    models: tuple[Standing, ...]
    segments: int
    backlog: int


def status(yard: Connection, model: str | None = None) -> Status:
    """Of all models, or of one. Raises UnknownVersion."""
    from modelyard.api.registry import known

    with yard.metadata.begin() as sql:
        names = [known(sql, model)] if model else sorted({version.model for version in listed(sql)})
        found = tuple(_standing(sql, name) for name in names)
        shipped = positions(sql)
    paths = segments(yard.store.segments)
    backlog = sum(max(path.stat().st_size - shipped.get(path.name, 0), 0) for path in paths)
    return Status(red=any(one.red for one in found), models=found, segments=len(paths), backlog=backlog)


def _standing(sql: Sql, name: str) -> Standing:
    serving = champion(sql, name)
    digest = serving[0].digest if serving else ""
    changes = [e for e in entries(sql, "promote") if e.document["model"] == name and e.document["digest"] == digest]
    return Standing(
        model=name,
        version=serving[0].version if serving else None,
        digest=digest,
        since=changes[-1].at if changes else None,
        versions=len(listed(sql, name)),
        latest=latest_event(sql, name),
        windows=sum(seen.document["package"] == digest for seen in read_records(sql, WINDOW, name)),
        verdicts=tuple(v for v in _last(verdicts(sql, name), digest) if _stands(sql, v)),
    )


def _last(found: list[Verdict], digest: str) -> list[Verdict]:
    """Of each monitor, kind and source the newest about that package, or about the feed, which no package has."""
    about = [v for v in found if v.package == digest or v.source == RULES]
    return list({(v.monitor, v.kind, v.source): v for v in about}.values())


def _stands(sql: Sql, verdict: Verdict) -> bool:
    """What the monitor says now; without a word since, what it said then."""
    asked = (verdict.model, FEED if verdict.source == RULES else verdict.package, verdict.monitor)
    if verdict.kind == "worse":
        judged = read_progress(sql, *asked, quality.Progress)
        return judged is None or verdict.source in judged.open
    seen = read_progress(sql, *asked, drift.Progress)
    return seen is None or bool(seen.broken if verdict.kind == "broken" else seen.state.open)
