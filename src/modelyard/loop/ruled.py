"""monitor.rules: what the requests of each window must be together, judged once, in order of event time.

Of all versions together: the rules are about the feed, not about who answered, so a promotion changes nothing in how
far they were judged. The first window is the first whole one.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from modelyard.loop import drift
from modelyard.loop.rows import asked_rows
from modelyard.loop.ship import HOUR
from modelyard.loop.verdict import RULES, Verdict, write
from modelyard.loop.watched import FEED, Watched, keep_progress, read_progress
from modelyard.loop.watermark import first_event
from modelyard.measure.broken import Broken
from modelyard.rows.table_rules import judge
from modelyard.schema.quality import Finding
from modelyard.schema.rules import TableRule
from modelyard.schema.schema import Schema


class Ruled(Struct, frozen=True, kw_only=True):
    """One entry of the file. `columns`: what the rules look at; `window` in microseconds; `id`, `time`: the columns
    that are the request's id and time."""

    monitor: str
    window: int
    rules: tuple[TableRule, ...]
    columns: Schema = Schema()
    id: str | None = None
    time: str | None = None
    zone: str = "UTC"


def watch_rules(watched: Watched, asked: Ruled, until: int) -> list[Verdict]:
    """Judge all windows that end by `until` (the watermark) and were not judged; the new verdicts."""
    found: list[Verdict] = []
    while (progress := _next(watched, asked)) is not None and progress.next + asked.window <= until:
        found += _look(watched, asked, progress)
    return found


def _next(watched: Watched, asked: Ruled) -> drift.Progress | None:
    """Where this monitor stands; None before the first row."""
    with watched.metadata.begin() as sql:
        known = read_progress(sql, watched.name, FEED, asked.monitor, drift.Progress)
        first = first_event(sql, watched.name) if known is None else None
    if known is not None or first is None:
        return known
    start = first - first % asked.window
    return drift.Progress(next=start if first < start + HOUR else start + asked.window)


def _look(watched: Watched, asked: Ruled, progress: drift.Progress) -> list[Verdict]:
    start, end = progress.next, progress.next + asked.window
    table = asked_rows(watched.store, watched.name, asked.columns, start, end, asked.id, asked.time, asked.zone)
    findings = judge(asked.rules, table, end)
    bad = tuple(_broken(one) for one in findings if not one.held and one.otherwise == "stop")
    known = {one.column for one in progress.broken}
    with watched.metadata.begin() as sql:
        new = []
        if any(one.column not in known for one in bad):
            verdict = _verdict(watched, asked, findings, start, end)
            new = [verdict] if write(sql, verdict) else []
        held = {"rows": len(table), "quality": msgspec.to_builtins(findings)}
        watched.note(sql, asked.monitor, RULES, start, end, held)
        keep_progress(sql, watched.name, FEED, asked.monitor, drift.Progress(next=end, broken=bad))
    return new


def _broken(finding: Finding) -> Broken:
    share = finding.broken / finding.checked if finding.checked else 1.0
    return Broken(column=finding.rule, reason="rule", found=share, limit=0.0)


def _verdict(watched: Watched, asked: Ruled, findings: Sequence[Finding], start: int, end: int) -> Verdict:
    bad = [one for one in findings if not one.held and one.otherwise == "stop"]
    words = "; ".join(f"{one.rule}: {one.found}" for one in bad)
    evidence = {"rules": msgspec.to_builtins(bad), "rows": bad[0].checked}
    summary = f"The feed is broken: {words}"
    return watched.verdict("broken", asked.monitor, RULES, summary, evidence, since=start, start=start, end=end)
