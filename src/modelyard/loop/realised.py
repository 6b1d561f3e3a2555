"""How good the answers of a window were, now that their truth is known. Whole days are drawn for an interval where
there are enough of them: rows of one day are alike."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from modelyard.loop.estimated import met
from modelyard.loop.limits import primary
from modelyard.loop.quality import FEWEST, Found, Progress, Window, against, shown
from modelyard.loop.truths import Answered
from modelyard.loop.verdict import Verdict
from modelyard.measure.intervals import Interval, bootstrap
from modelyard.measure.metrics import metric, metrics_for
from modelyard.measure.profile import DAY
from modelyard.rows.table import Floats

DAYS = 5
"""From so many days on, whole days are drawn."""


def realised(window: Window, progress: Progress) -> Found:
    after, known = replace(progress, realised=window.end), window.rows.known
    facts = {"rows": len(window.rows), "labelled": len(known)}
    if len(known) < FEWEST:
        return Found(after, (), {**facts})
    values = {one.name: one(known.judged) for one in metrics_for(known.outcome)}
    first = primary(window.watched.model, window.asked)
    names = dict.fromkeys([first, *(limit.metric for limit in window.limits)])
    days = _days(known)
    found = {name: _interval(name, known) for name in names}
    after, said = met(after, window.start, values), tuple[Verdict, ...]()
    for limit in window.limits:
        interval = found[limit.metric]
        after, more = against(window, after, "realised", limit, interval, facts, approximate=days is None)
        said += more
    return Found(after, said, {**facts, "metrics": values, "interval": shown(found[first])})


def _interval(name: str, known: Answered) -> Interval:
    return bootstrap(metric(name), known.judged, _days(known))


def _days(known: Answered) -> Floats | None:
    """(n,) the day of each row; None where there are too few to draw from."""
    days = np.floor_divide(known.event, DAY)
    return days if len(np.unique(days)) >= DAYS else None
