"""From scores per fold to a leaderboard: intervals, who cannot be told apart, and who is chosen.

Among candidates tied with the best the one that costs least to serve is chosen. The baseline is there to be beaten: it
is chosen only where nothing else learned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from modelyard.errors.run import NothingToCompare
from modelyard.measure.compare import over_folds, tied_with
from modelyard.measure.metrics import METRICS, Judged, Metric, judged, metrics_for, task_of
from modelyard.measure.student import from_folds
from modelyard.project.comparison import Comparison
from modelyard.project.plan import BASELINE
from modelyard.rows.table import Floats
from modelyard.run.data import Data
from modelyard.run.result import Standing
from modelyard.run.split import Fold
from modelyard.run.work import FoldScores

RARE = 0.1
"""Below this share of positives ROC-AUC flatters, so average precision decides."""


class Entry(Struct, frozen=True, kw_only=True, eq=False):
    """A candidate with its answers, one per fold."""

    name: str
    kind: str
    folds: tuple[FoldScores, ...]

    @property
    def error(self) -> str:
        return next((one.error for one in self.folds if one.error), "")


class Choice(Struct, frozen=True, kw_only=True):
    standings: tuple[Standing, ...]
    winner: str
    why: str
    warnings: tuple[str, ...] = ()


def deciding(comparison: Comparison, data: Data) -> Metric:
    """`choose`, else what suits the target."""
    if comparison.choose is not None:
        return METRICS[comparison.choose]
    outcome = data.outcome
    known = data.y[~np.isnan(data.y)]
    if task_of(outcome) == "binary" and float(np.mean(known == outcome.positive)) < RARE:
        return METRICS["average_precision"]
    return metrics_for(outcome)[0]


def shown(comparison: Comparison, data: Data, first: Metric) -> tuple[Metric, ...]:
    """The metrics of the leaderboard, the deciding one first."""
    names: tuple[str, ...] = comparison.metrics or tuple(metric.name for metric in metrics_for(data.outcome))
    return tuple(METRICS[name] for name in dict.fromkeys((first.name, *names)))


def judge(fold: Fold, scores: FoldScores, data: Data) -> Judged:
    weight = None if data.weight is None else data.weight[fold.test]
    return judged(data.y[fold.test], scores.scores, scores.prediction, data.outcome, weight)


def choose(
    entries: Sequence[Entry], folds: Sequence[Fold], data: Data, metric: Metric, metrics: Sequence[Metric]
) -> Choice:
    """Raises NothingToCompare when no candidate learned: the baseline alone is nobody's model, unless only it is asked
    for."""
    share = float(np.mean([len(fold.test) / len(fold.train) for fold in folds]))
    good = [entry for entry in entries if not entry.error]
    asked = [entry for entry in entries if entry.kind != BASELINE] or list(entries)
    if all(entry.error for entry in asked):
        reasons = "; ".join(f"{entry.name}: {entry.error.rstrip('.')}" for entry in asked)
        way_out = "Mend what each met; `modelyard check --expand` shows the steps before it"
        raise NothingToCompare(f"no candidate could learn: {reasons}", who="evaluate.compare", way_out=way_out)
    measured = {entry.name: _measured(entry, folds, data, metrics) for entry in good}
    scores = {name: values[metric.name] for name, values in measured.items()}
    standings = [_standing(entry, measured[entry.name], scores, metric, share) for entry in good]
    sign = -1.0 if metric.greater_is_better else 1.0
    standings.sort(key=lambda one: sign * _value(one))
    failed = [Standing(name=one.name, kind=one.kind, error=one.error) for one in entries if one.error]
    winner, why = _winner(standings, scores, metric, share)
    return Choice(
        standings=(*standings, *failed), winner=winner.name, why=why, warnings=_warnings(winner, standings, failed)
    )


def _measured(entry: Entry, folds: Sequence[Fold], data: Data, metrics: Sequence[Metric]) -> Mapping[str, Floats]:
    """Metric -> (folds,) values."""
    each = [judge(fold, scores, data) for fold, scores in zip(folds, entry.folds, strict=True)]
    return {metric.name: np.array([metric(one) for one in each]) for metric in metrics}


def _standing(
    entry: Entry, measured: Mapping[str, Floats], scores: Mapping[str, Floats], metric: Metric, share: float
) -> Standing:
    own = measured[metric.name]
    return Standing(
        name=entry.name,
        kind=entry.kind,
        folds=tuple(own.tolist()),
        interval=from_folds(own, share),
        metrics={name: float(np.mean(values)) for name, values in measured.items()},
        tied_with=tuple(name for name in scores if name != entry.name and _tied(own, scores[name], metric, share)),
        cost=entry.folds[-1].cost,
    )


def _tied(first: Floats, second: Floats, metric: Metric, share: float) -> bool:
    return not any(
        over_folds(a, b, metric.greater_is_better, share).better for a, b in ((first, second), (second, first))
    )


def _value(one: Standing) -> float:
    return one.interval.value if one.interval else float("nan")


def _winner(
    standings: Sequence[Standing], scores: Mapping[str, Floats], metric: Metric, share: float
) -> tuple[Standing, str]:
    able = [one for one in standings if one.kind != BASELINE] or list(standings)
    best = able[0]
    others = tied_with(best.name, {one.name: scores[one.name] for one in able}, metric.greater_is_better, share)
    if not others:
        return best, f"{best.name} has the best {metric.name}, and no other can be mistaken for it"
    tied = [best, *(one for one in able if one.name in others)]
    cheapest = min(tied, key=lambda one: one.cost)
    names = ", ".join(one.name for one in tied)
    return cheapest, f"{names} cannot be told apart by {metric.name}; {cheapest.name} costs least to serve"


def _warnings(winner: Standing, standings: Sequence[Standing], failed: Sequence[Standing]) -> tuple[str, ...]:
    found = [f"{one.name} could not learn: {one.error}" for one in failed]
    base = next((one for one in standings if one.kind == BASELINE), None)
    if base is not None and base.name in winner.tied_with:
        found.append(f"{winner.name} cannot be told apart from the baseline: there may be nothing to learn here")
    return tuple(found)
