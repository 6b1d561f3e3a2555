"""How good the answers of a window probably were, before their truth is known.

From calibrated scores alone; the interval is widened by what earlier estimates got wrong, over weeks of the training
rows and then live. Without such errors an estimate says nothing: it cannot see that the world has changed.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from modelyard.loop.limits import primary
from modelyard.loop.quality import FEWEST, REMEMBERED, Found, Progress, Window, against, shown
from modelyard.loop.verdict import Verdict
from modelyard.measure.estimate import EXPECTED, Estimator, estimate
from modelyard.package.model import Model

ERRORS = 4
"""So many earlier estimates must have met their truth before one can say `worse`."""


def estimated(window: Window, progress: Progress) -> Found:
    """Binary tasks only: elsewhere nothing is found."""
    after, rows = replace(progress, estimated=window.end), window.rows
    known = estimator(window.watched.model)
    if known is None or len(rows) < FEWEST:
        return Found(after)
    earlier = errors(window.watched.model, progress)
    predicted = (rows.prediction == rows.positive).astype(np.float64)
    found = estimate(known, rows.scores[:, rows.positive], predicted, earlier)
    values = {name: interval.value for name, interval in found.items()}
    told = {name: value for name, value in values.items() if np.isfinite(value)}
    pending = {**progress.pending, str(window.start): told}
    after = replace(after, pending=dict(list(pending.items())[-REMEMBERED:]))
    said: tuple[Verdict, ...] = ()
    for limit in window.limits:
        if limit.metric in found and len(earlier[limit.metric]) >= ERRORS:
            interval = found[limit.metric]
            after, more = against(window, after, "estimated", limit, interval, {"rows": len(rows)}, approximate=True)
            said += more
    shown_ = shown(found.get(primary(window.watched.model, window.asked)))
    return Found(after, said, {"rows": len(rows), "metrics": values, "interval": shown_})


def estimator(model: Model) -> Estimator | None:
    return None if model.monitors is None else model.monitors.estimator


def errors(model: Model, progress: Progress) -> dict[str, tuple[float, ...]]:
    """Metric -> what estimates got wrong."""
    learned = {} if model.monitors is None else model.monitors.past_errors
    return {name: (*learned.get(name, ()), *progress.past.get(name, ()))[-REMEMBERED:] for name in EXPECTED}


def met(progress: Progress, start: int, values: dict[str, float]) -> Progress:
    """The estimate of the window that begins at `start` has met its truth."""
    pending = dict(progress.pending)
    told = pending.pop(str(start), {})
    wrong = {name: value - values[name] for name, value in told.items() if np.isfinite(value - values[name])}
    past = {name: (*progress.past.get(name, ()), error)[-REMEMBERED:] for name, error in wrong.items()}
    return replace(progress, pending=pending, past={**progress.past, **past})
