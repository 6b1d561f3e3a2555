"""monitor.performance: how good the champion's answers were, once the truth is known, and an estimate until then.

Three sources, each window once and in order of event time. `realised`: metrics of windows whose labels have had
`known_after` to come. `estimated`: the expected metric of windows that have just ended, its interval widened by what
earlier estimates got wrong. `losses`: the loss of each row, scanned like drift, its rate of false alarms set at
packaging. Where the file gives limits, these alone decide; then losses are noted and say nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from modelyard.loop.limits import Asked, Limit, limits, primary
from modelyard.loop.ship import HOUR
from modelyard.loop.truths import Answered, answered
from modelyard.loop.verdict import Verdict, write
from modelyard.loop.watched import Watched
from modelyard.measure.concept import LossCalibration, Losses, LossReport, LossState, count_losses, observe_losses
from modelyard.measure.estimate import EXPECTED, estimate
from modelyard.measure.intervals import Interval, bootstrap, past
from modelyard.measure.metrics import METRICS, metric, metrics_for
from modelyard.measure.profile import DAY
from modelyard.store import shipping as books

FEWEST = 50
"""Labelled rows that a window must have."""
LABELLED = 0.5
"""A window waits until this share of its rows has a label …"""
PATIENCE = 4
"""… or for so many windows."""
DAYS = 5
"""From so many days on, whole days are drawn for an interval."""
ERRORS = 4
"""So many earlier estimates must have met their truth before one can say `worse`."""
REMEMBERED = 26


class Progress(Struct, frozen=True, kw_only=True):
    """Starts of the next windows, per source. `pending`: estimates that wait for their truth, by window; `past`:
    metric -> estimate − realised. `open`: sources that say `worse` now."""

    realised: int
    estimated: int
    losses: int
    state: LossState = LossState()
    pending: dict[str, dict[str, float]] = {}
    past: dict[str, tuple[float, ...]] = {}
    open: tuple[str, ...] = ()


def watch_performance(watched: Watched, asked: Asked, until: int) -> list[Verdict]:
    """Look at all that is complete by `until` (the watermark) and was not looked at; the new verdicts."""
    progress = _begun(watched, asked)
    if progress is None:
        return []
    look = _Look(watched, asked, until, progress)
    return look.estimated() + look.realised() + look.losses()


def _begun(watched: Watched, asked: Asked) -> Progress | None:
    with watched.metadata.begin() as sql:
        found = watched.progress(sql, asked.monitor, Progress)
        first = next(iter(books.hour_counts(sql, watched.digest)), None) if found is None else None
    if found is not None or first is None:
        return found
    start, day = first - first % asked.window, first - first % _day(watched)
    return Progress(realised=start, estimated=start, losses=day)


def _day(watched: Watched) -> int:
    return DAY if watched.model.profile is None else watched.model.profile.window


class _Look:
    """One look at the rows that are not judged yet."""

    def __init__(self, watched: Watched, asked: Asked, until: int, progress: Progress) -> None:
        self.watched, self.asked, self.progress = watched, asked, progress
        self.until = until
        self.mature = until - asked.known_after - (HOUR if asked.known_after else 0)
        self.limits = limits(watched.model, asked)
        self.rows = self._rows()

    def _rows(self) -> Answered:
        p, window = self.progress, self.asked.window
        starts = [(p.realised, window, self.mature), (p.losses, _day(self.watched), self.mature)]
        if self._estimator is not None:
            starts.append((p.estimated, window, self.until))
        due = [start for start, length, until in starts if start + length <= until]
        start, end = (min(due), self.until) if due else (0, 0)
        return answered(self.watched.store, self.watched.model, self.watched.digest, start, end)

    @property
    def _estimator(self) -> Any:
        return None if self.watched.model.monitors is None else self.watched.model.monitors.estimator

    def estimated(self) -> list[Verdict]:
        found: list[Verdict] = []
        while self._estimator is not None:
            start = self._next(self.progress.estimated, self.asked.window, self.until)
            if start is None:
                break
            found += self._done(self._estimate, start)
        return found

    def realised(self) -> list[Verdict]:
        found: list[Verdict] = []
        while True:
            start = self._next(self.progress.realised, self.asked.window, self.mature)
            if start is None or not self._labelled(start, self.asked.window):
                return found
            found += self._done(self._realise, start)

    def losses(self) -> list[Verdict]:
        monitors, found = self.watched.model.monitors, list[Verdict]()
        if monitors is None or monitors.losses is None or monitors.concept is None:
            return found
        while True:
            start = self._next(self.progress.losses, _day(self.watched), self.mature)
            if start is None or not self._labelled(start, _day(self.watched)):
                return found
            found += self._done(self._lose, start)

    def _next(self, at: int, window: int, until: int) -> int | None:
        """The first complete window from `at` on that has rows."""
        place = int(np.searchsorted(self.rows.event, at))
        if place == len(self.rows):
            return None
        event = int(self.rows.event[place])
        start = max(at, event - event % window)
        return start if start + window <= until else None

    def _labelled(self, start: int, window: int) -> bool:
        rows = self.rows.between(start, start + window)
        return len(rows.known) >= LABELLED * len(rows) or start + (1 + PATIENCE) * window <= self.mature

    def _done(self, judge: Callable[[Connection, int], tuple[Progress, list[Verdict]]], start: int) -> list[Verdict]:
        with self.watched.metadata.begin() as sql:
            progress, said = judge(sql, start)
            new = [verdict for verdict in said if write(sql, verdict)]
            self.watched.keep(sql, self.asked.monitor, progress)
        self.progress = progress
        return new

    def _estimate(self, sql: Connection, start: int) -> tuple[Progress, list[Verdict]]:
        end, p = start + self.asked.window, self.progress
        rows = self.rows.between(start, end)
        if len(rows) < FEWEST:
            return replace(p, estimated=end), []
        earlier = self._errors()
        predicted = (rows.prediction == rows.positive).astype(np.float64)
        found = estimate(self._estimator, rows.scores[:, rows.positive], predicted, earlier)
        self._note(sql, "estimated", start, end, {"rows": len(rows), "metrics": _values(found),
                                                  "interval": _shown(found.get(self._primary))})  # fmt: skip
        told = {name: interval.value for name, interval in found.items() if np.isfinite(interval.value)}
        pending = {**p.pending, str(start): told}
        p = replace(p, estimated=end, pending=dict(list(pending.items())[-REMEMBERED:]))
        said = []
        for limit in self.limits:
            if limit.metric in found and len(earlier.get(limit.metric, ())) >= ERRORS:
                interval = found[limit.metric]
                p, more = self._past(p, "estimated", limit, interval, start, end, {"rows": len(rows)}, approximate=True)
                said += more
        return p, said

    def _realise(self, sql: Connection, start: int) -> tuple[Progress, list[Verdict]]:
        end, p = start + self.asked.window, replace(self.progress, realised=start + self.asked.window)
        rows = self.rows.between(start, end)
        known = rows.known
        facts = {"rows": len(rows), "labelled": len(known)}
        if len(known) < FEWEST:
            self._note(sql, "realised", start, end, facts)
            return p, []
        truth, days = known.judged, np.floor_divide(known.event, DAY)
        by_days = len(np.unique(days)) >= DAYS
        values = {one.name: one(truth) for one in metrics_for(known.outcome)}
        names = dict.fromkeys([self._primary, *(limit.metric for limit in self.limits)])
        found = {name: bootstrap(metric(name), truth, days if by_days else None) for name in names}
        self._note(sql, "realised", start, end, {**facts, "metrics": values, "interval": _shown(found[self._primary])})
        p, said = self._met(p, start, values), list[Verdict]()
        for limit in self.limits:
            p, more = self._past(p, "realised", limit, found[limit.metric], start, end, facts, approximate=not by_days)
            said += more
        return p, said

    def _met(self, p: Progress, start: int, values: dict[str, float]) -> Progress:
        """The estimate of that window has met its truth."""
        pending = dict(p.pending)
        told = pending.pop(str(start), {})
        errors = {name: value - values[name] for name, value in told.items() if np.isfinite(value - values[name])}
        past = {name: (*p.past.get(name, ()), error)[-REMEMBERED:] for name, error in errors.items()}
        return replace(p, pending=pending, past={**p.past, **past})

    def _errors(self) -> dict[str, tuple[float, ...]]:
        """What estimates got wrong: over weeks of the training rows, then live."""
        monitors = self.watched.model.monitors
        learned = {} if monitors is None else monitors.past_errors
        return {name: (*learned.get(name, ()), *self.progress.past.get(name, ()))[-REMEMBERED:] for name in EXPECTED}

    def _past(self, p: Progress, source: str, limit: Limit, interval: Interval, start: int, end: int,
              facts: dict[str, int], *, approximate: bool) -> tuple[Progress, list[Verdict]]:  # fmt: skip
        source = f"{source} {limit.metric}"
        worse = past(interval, limit.limit, limit.greater_is_better)
        evidence = {
            **facts,
            "metric": limit.metric,
            **_shown(interval),
            "limit": limit.limit,
            "limit_from": limit.origin,
            "usual": limit.usual,
            "smallest_shift": (interval.high - interval.low) / 2,
        }
        side = "below" if limit.greater_is_better else "above"
        said = f"{source} is {interval.value:.4g} [{interval.low:.4g}, {interval.high:.4g}], all of it {side} "
        said += f"{limit.limit:.4g} ({'the limit of the file' if limit.origin == 'file' else 'the holdout'})"
        verdict = self.watched.verdict("worse", self.asked.monitor, source, said, evidence, since=start, start=start,
                                       end=end, approximate=approximate)  # fmt: skip
        return _opened(p, source, worse), [verdict] if worse and source not in p.open else []

    def _lose(self, sql: Connection, start: int) -> tuple[Progress, list[Verdict]]:
        end, p = start + _day(self.watched), self.progress
        known = self.rows.between(start, end).known
        monitors = self.watched.model.monitors
        losses = None if monitors is None else monitors.losses
        concept = None if monitors is None else monitors.concept
        if not len(known) or monitors is None or losses is None or concept is None:
            return replace(p, losses=end), []
        state, report = _observed(monitors.loss, losses, concept, p.state, start, known)
        p = replace(p, losses=end, state=state)
        facts = {"labelled": len(known), "metric": monitors.loss, **_shown(report.loss), "usual": report.usual,
                 "z": report.z, "h": report.h, "approximate": report.approximate}  # fmt: skip
        self._note(sql, "losses", start, end, {**facts, "worse": report.worse})
        if self.asked.worse_than:
            return p, []
        worse = report.worse and report.loss.low > report.usual
        evidence = {**facts, "windows": report.scale, "smallest_shift": (report.loss.high - report.loss.low) / 2}
        said = f"{monitors.loss} of the last {report.scale} window(s) is {report.loss.value:.4g}, usually "
        said += f"{report.usual:.4g} (z {report.z:.1f}, alarm above {report.h:.1f})"
        verdict = self.watched.verdict("worse", self.asked.monitor, "losses", said, evidence, since=report.since,
                                       start=start, end=end, approximate=report.approximate)  # fmt: skip
        return _opened(p, "losses", worse), [verdict] if worse and "losses" not in p.open else []

    @property
    def _primary(self) -> str:
        return primary(self.watched.model, self.asked)

    def _note(self, sql: Connection, what: str, start: int, end: int, found: dict[str, Any]) -> None:
        self.watched.note(sql, self.asked.monitor, what, start, end, found)


def _observed(loss: str, losses: Losses, concept: LossCalibration, state: LossState, start: int,
              known: Answered) -> tuple[LossState, LossReport]:  # fmt: skip
    per_row = METRICS[loss].per_row
    values = np.zeros(len(known)) if per_row is None else per_row(known.judged)
    return observe_losses(losses, concept, state, start, count_losses(losses, values))


def _opened(p: Progress, source: str, worse: bool) -> Progress:
    others = tuple(one for one in p.open if one != source)
    return replace(p, open=(*others, source) if worse else others)


def _values(found: dict[str, Interval]) -> dict[str, float]:
    return {name: interval.value for name, interval in found.items()}


def _shown(interval: Interval | None) -> dict[str, Any]:
    return {} if interval is None else msgspec.to_builtins(interval)
