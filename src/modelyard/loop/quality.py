"""What the three sources of monitor.performance share: a window of answers, how far each source has come, what it says.

No SQL here: a source is a function of a window and the progress so far, and gives the progress after it.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from modelyard.loop.limits import Asked, Limit
from modelyard.loop.truths import Answered
from modelyard.loop.verdict import Verdict
from modelyard.loop.watched import Watched
from modelyard.measure.concept import LossState
from modelyard.measure.intervals import Interval, past

FEWEST = 50
"""Rows that a window must have to be judged."""
REMEMBERED = 26
"""Errors of estimates, and estimates that wait for their truth."""


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

    def opened(self, source: str, worse: bool) -> Progress:
        """
        >>> Progress(realised=0, estimated=0, losses=0).opened("losses", True).open
        ('losses',)
        """
        others = tuple(one for one in self.open if one != source)
        return replace(self, open=(*others, source) if worse else others)


class Window(Struct, frozen=True, kw_only=True, eq=False):
    """The answers whose event lies in [start, end)."""

    watched: Watched
    asked: Asked
    limits: tuple[Limit, ...]
    start: int
    end: int
    rows: Answered

    def worse(self, source: str, summary: str, evidence: dict[str, Any], since: int, approximate: bool) -> Verdict:
        return self.watched.verdict("worse", self.asked.monitor, source, summary, evidence, since=since,
                                    start=self.start, end=self.end, approximate=approximate)  # fmt: skip


class Found(Struct, frozen=True):
    """The progress after a window, the verdicts that are news by it, and what to write down of the window."""

    progress: Progress
    verdicts: tuple[Verdict, ...] = ()
    note: dict[str, Any] | None = None


def against(window: Window, progress: Progress, source: str, limit: Limit, interval: Interval, facts: dict[str, int],
            *, approximate: bool) -> tuple[Progress, tuple[Verdict, ...]]:  # fmt: skip
    """Whether the interval lies wholly past the limit, and whether that is news."""
    source = f"{source} {limit.metric}"
    worse = past(interval, limit.limit, limit.greater_is_better)
    after = progress.opened(source, worse)
    if not worse or source in progress.open:
        return after, ()
    evidence = {
        **facts,
        "metric": limit.metric,
        **shown(interval),
        "limit": limit.limit,
        "limit_from": limit.origin,
        "usual": limit.usual,
        "smallest_shift": (interval.high - interval.low) / 2,
    }
    return after, (window.worse(source, _said(source, limit, interval), evidence, window.start, approximate),)


def shown(interval: Interval | None) -> dict[str, Any]:
    return {} if interval is None else msgspec.to_builtins(interval)


def _said(source: str, limit: Limit, interval: Interval) -> str:
    side = "below" if limit.greater_is_better else "above"
    whose = "the limit of the file" if limit.origin == "file" else "the holdout"
    found = f"{interval.value:.4g} [{interval.low:.4g}, {interval.high:.4g}]"
    return f"{source} is {found}, all of it {side} {limit.limit:.4g} ({whose})"
