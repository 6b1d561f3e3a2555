"""What `worse` means: the limits of the file, or, where it names none, significantly worse than on the holdout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from modelyard.measure.intervals import Interval
from modelyard.measure.metrics import METRICS, metric, metrics_for
from modelyard.package.model import Model
from modelyard.schema.duration import microseconds


class Asked(Struct, frozen=True, kw_only=True):
    """What a monitor.performance asks for; times in microseconds. `metric`: what the candidates were chosen by."""

    monitor: str
    window: int = microseconds("7d")
    worse_than: Mapping[str, float] = {}
    known_after: int = 0
    metric: str | None = None


class Limit(Struct, frozen=True, kw_only=True):
    """`origin`: "file" or "holdout". `usual`: the value on the holdout, where it is known."""

    metric: str
    limit: float
    origin: str
    usual: float | None = None

    @property
    def greater_is_better(self) -> bool:
        return METRICS[self.metric].greater_is_better


def primary(model: Model, asked: Asked) -> str:
    """The metric that is told of first."""
    if asked.metric is not None:
        return asked.metric
    return next(iter(asked.worse_than), metrics_for(model.outcome)[0].name)


def limits(model: Model, asked: Asked) -> tuple[Limit, ...]:
    """An interval wholly past one of these is `worse`. From the holdout: the worse end of its interval, so that both
    intervals must lie apart. Raises UnknownMetric."""
    known = usual(model)
    if asked.worse_than:
        return tuple(
            Limit(metric=metric(name).name, limit=limit, origin="file", usual=_value(known.get(name)))
            for name, limit in asked.worse_than.items()
        )
    name = primary(model, asked)
    interval = known.get(name)
    if interval is None:
        return ()
    end = interval.low if metric(name).greater_is_better else interval.high
    return (Limit(metric=name, limit=end, origin="holdout", usual=interval.value),) if end == end else ()


def usual(model: Model) -> dict[str, Interval]:
    """Metric -> on rows that the model never saw: the holdout, else out of fold."""
    found = {} if model.monitors is None else dict(model.monitors.reference)
    holdout: Any = model.evidence.holdout.get("metrics", model.evidence.holdout)
    for name, value in holdout.items() if isinstance(holdout, Mapping) else ():
        if name in METRICS:
            interval = _interval(value)
            found |= {} if interval is None else {name: interval}
    return found


def _interval(value: Any) -> Interval | None:
    if isinstance(value, int | float):
        return Interval(float(value), float(value), float(value))
    try:
        return value if isinstance(value, Interval) else msgspec.convert(value, Interval)
    except msgspec.ValidationError:
        return None


def _value(interval: Interval | None) -> float | None:
    return None if interval is None else interval.value
