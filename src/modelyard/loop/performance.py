"""monitor.performance: how good the champion's answers were, once the truth is known, and an estimate until then.

Three sources, each window once and in order of event time: `estimated` for windows that have just ended, `realised` and
`losses` for those whose labels have had `known_after` to come. Each window is one transaction: what it held, the
verdicts, and how far the source has come.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from modelyard.loop.estimated import estimated, estimator
from modelyard.loop.limits import Asked, limits
from modelyard.loop.losses import losses
from modelyard.loop.quality import Found, Progress, Window
from modelyard.loop.realised import realised
from modelyard.loop.ship import HOUR
from modelyard.loop.truths import answered
from modelyard.loop.verdict import Verdict, write
from modelyard.loop.watched import Watched
from modelyard.measure.profile import DAY
from modelyard.store import shipping as books

LABELLED = 0.5
"""A window waits until this share of its rows has a label …"""
PATIENCE = 4
"""… or for so many windows."""

Source = Callable[[Window, Progress], Found]


def watch_performance(watched: Watched, asked: Asked, until: int) -> list[Verdict]:
    """Look at all that is complete by `until` (the watermark) and was not looked at; the new verdicts."""
    progress = _begun(watched, asked)
    return [] if progress is None else _Look(watched, asked, until, progress).all()


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
        window, day = asked.window, _day(watched)
        self.sources: list[tuple[str, Source, int, int]] = [("realised", realised, window, self.mature)]
        if estimator(watched.model) is not None:
            self.sources.insert(0, ("estimated", estimated, window, until))
        if watched.model.monitors is not None and watched.model.monitors.losses is not None:
            self.sources.append(("losses", losses, day, self.mature))
        due = [start for name, _, length, end in self.sources if (start := getattr(progress, name)) + length <= end]
        span = (min(due), until) if due else (0, 0)
        self.rows = answered(watched.store, watched.model, watched.digest, *span)

    def all(self) -> list[Verdict]:
        found: list[Verdict] = []
        for name, source, length, until in self.sources:
            while (start := self._next(getattr(self.progress, name), length, until)) is not None:
                if name != "estimated" and not self._labelled(start, length):
                    break
                found += self._window(name, source, start, start + length)
        return found

    def _next(self, at: int, length: int, until: int) -> int | None:
        """The first complete window from `at` on that has rows."""
        place = int(np.searchsorted(self.rows.event, at))
        if place == len(self.rows):
            return None
        event = int(self.rows.event[place])
        start = max(at, event - event % length)
        return start if start + length <= until else None

    def _labelled(self, start: int, length: int) -> bool:
        rows = self.rows.between(start, start + length)
        return len(rows.known) >= LABELLED * len(rows) or start + (1 + PATIENCE) * length <= self.mature

    def _window(self, name: str, source: Source, start: int, end: int) -> list[Verdict]:
        rows = self.rows.between(start, end)
        window = Window(watched=self.watched, asked=self.asked, limits=self.limits, start=start, end=end, rows=rows)
        found = source(window, self.progress)
        with self.watched.metadata.begin() as sql:
            if found.note is not None:
                self.watched.note(sql, self.asked.monitor, name, start, end, found.note)
            new = [verdict for verdict in found.verdicts if write(sql, verdict)]
            self.watched.keep(sql, self.asked.monitor, found.progress)
        self.progress = found.progress
        return new
