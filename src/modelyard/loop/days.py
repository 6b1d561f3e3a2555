"""One row per day of event time: what was asked, how good the answers were, what the monitors said, who answered.

For the live table of the demo and for `status`. Where several versions answered on one day, their metrics are averaged
by rows: scores of two models are not to be ranked together.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
from msgspec import Struct
from sqlalchemy import Connection

from modelyard.errors import ModelyardError
from modelyard.loop.counting import read_hour
from modelyard.loop.truths import Answered, answered
from modelyard.loop.verdict import verdicts
from modelyard.measure.estimate import EXPECTED
from modelyard.measure.metrics import metric, metrics_for
from modelyard.measure.profile import DAY
from modelyard.package.model import Model
from modelyard.store import shipping as books
from modelyard.store.metadata import Metadata
from modelyard.store.packages import open_package
from modelyard.store.place import Store
from modelyard.store.versions import Version, listed


class Day(Struct, frozen=True, kw_only=True):
    """`day` as `2013-04-01` (UTC), `start` in microseconds. `realised` is over the labelled rows, `estimated` over all;
    None where there is nothing to say. `failures`: 0 where nobody counted them: the log holds answers alone."""

    day: str
    start: int
    requests: int
    failures: int = 0
    labelled: int
    metric: str
    realised: float | None
    estimated: float | None
    verdicts: tuple[str, ...]
    versions: tuple[int, ...]


class Calendar:
    """Holds the models that it opened."""

    def __init__(self, store: Store, metadata: Metadata, model: str, metric: str | None = None) -> None:
        """`metric`: the one to show; by default the first of the task."""
        self.store, self.metadata, self.model, self.metric = store, metadata, model, metric
        self._models: dict[str, Model | None] = {}

    def days(self, since: int | None = None, until: int | None = None) -> list[Day]:
        """The days that have rows, oldest first; `since`, `until`: event time, rounded down to whole days."""
        start, end = (None if at is None else at - at % DAY for at in (since, until))
        with self.metadata.begin() as sql:
            versions = listed(sql, self.model)
            asked = {version: _requests(sql, version, start, end) for version in versions}
            said = defaultdict[int, list[str]](list)
            for verdict in verdicts(sql, self.model, start):
                said[_day(verdict.end - 1)].append(verdict.kind)
        rows = {version: self._answered(version, start, end) for version in versions if asked[version]}
        found = sorted({day for counts in asked.values() for day in counts})
        return [self._day(day, asked, rows, tuple(said[day])) for day in found]

    def _answered(self, version: Version, start: int | None, end: int | None) -> tuple[Model, Answered] | None:
        if version.digest not in self._models:
            self._models[version.digest] = _opened(self.store, version.digest)
        model = self._models[version.digest]
        return None if model is None else (model, answered(self.store, model, version.digest, start, end))

    def _day(self, day: int, asked: Mapping[Version, Counter[int]],
             rows: Mapping[Version, tuple[Model, Answered] | None], said: tuple[str, ...]) -> Day:  # fmt: skip
        own = [(model, all_.between(day, day + DAY)) for model, all_ in filter(None, rows.values())]
        own = [(model, some) for model, some in own if len(some)]
        name = self.metric or (metrics_for(own[0][0].outcome)[0].name if own else "")
        return Day(
            day=datetime.fromtimestamp(day // 1_000_000, UTC).strftime("%Y-%m-%d"),
            start=day,
            requests=sum(counts[day] for counts in asked.values()),
            labelled=sum(len(some.known) for _, some in own),
            metric=name,
            realised=_mean([(_realised(name, some), len(some.known)) for _, some in own]),
            estimated=_mean([(_estimated(name, model, some), len(some)) for model, some in own]),
            verdicts=said,
            versions=tuple(version.version for version, counts in asked.items() if counts[day]),
        )


def days(
    store: Store, metadata: Metadata, model: str, since: int | None = None, metric: str | None = None
) -> list[Day]:
    """Once, with a Calendar that is not kept."""
    return Calendar(store, metadata, model, metric).days(since)


def _requests(sql: Connection, version: Version, start: int | None, end: int | None) -> Counter[int]:
    """Day -> rows answered."""
    counts: Counter[int] = Counter()
    for hour, found in books.hour_counts(sql, version.digest, start, end).items():
        counts[_day(hour)] += read_hour(found).rows
    return counts


def _opened(store: Store, digest: str) -> Model | None:
    try:
        return open_package(store, digest)
    except (ModelyardError, OSError):
        return None


def _realised(name: str, rows: Answered) -> float:
    return metric(name)(rows.known.judged)


def _estimated(name: str, model: Model, rows: Answered) -> float:
    estimator = None if model.monitors is None else model.monitors.estimator
    if estimator is None or name not in EXPECTED:
        return float("nan")
    score = rows.scores[:, rows.positive]
    predicted = (rows.prediction == rows.positive).astype(np.float64)
    return EXPECTED[name](estimator.calibrator(score), score, predicted)


def _mean(values: list[tuple[float, int]]) -> float | None:
    """By rows, of those that are known."""
    known = [(value, rows) for value, rows in values if rows and np.isfinite(value)]
    return sum(value * rows for value, rows in known) / sum(rows for _, rows in known) if known else None


def _day(at: int) -> int:
    return at - at % DAY
