"""The gate: a challenger against the champion, on the same labelled rows that neither saw.

What is compared is the loss of each row, whole event days drawn again, because the rows of one day are alike; what
passes is what ships. A one-sided lower bound above 0 says better (widened as Student's t is, since days are few); an
equal model, or too few days, does not pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from modelyard.loop.bound import FEWEST_DAYS, FEWEST_ROWS, losing, lower_bound
from modelyard.loop.judging import Live, Loss, judge, loss_of
from modelyard.measure.metrics import Judged, Metric, judged
from modelyard.package.model import Model
from modelyard.schema.target import Outcome


class Gate(Struct, frozen=True, kw_only=True):
    """`before`, `after`: the metric of the one that serves and of the new one, on the same `rows`. `gain`: how much
    smaller the mean loss of a row is; `bound` its lower bound at `confidence`. `tried`: gates of this model so far,
    this one included: of twenty gates one passes by luck. Times in microseconds."""

    challenger: str
    against: str
    """Digest of the champion, or `baseline`."""
    metric: str
    loss: str
    before: float | None
    after: float | None
    gain: float | None
    bound: float | None
    confidence: float
    days: int
    rows: int
    start: int
    end: int
    tried: int = 1
    worse_on: tuple[str, ...] = ()
    """Slices where it is significantly worse: one is enough to refuse."""
    passed: bool = False
    reason: str = ""

    def document(self) -> dict[str, Any]:
        made: dict[str, Any] = msgspec.to_builtins(self)
        return made


class Side(Struct, frozen=True, eq=False):
    """A model under its package's digest."""

    digest: str
    model: Model


def gate(challenger: Side, champion: Side | None, rows: Live, *, metric: str | None = None, confidence: float = 0.95,
         tried: int = 1, start: int = 0, end: int = 0,
         slices: Sequence[str] = ()) -> Gate:  # fmt: skip
    """Whether the challenger is better than the champion (None: than the best constant answer to these very rows, which
    no baseline can beat), and on no slice (the values of those columns) worse. `rows` lie in [start, end), after what
    either learned from."""
    outcome = challenger.model.outcome
    sides = [challenger.model] if champion is None else [challenger.model, champion.model]
    found, kept = judge(sides, rows)
    after, before = found[0], (_constant(found[0], outcome) if champion is None else found[1])
    chosen, loss = loss_of(metric, outcome)
    days = len(np.unique(kept.days))
    seen = Gate(
        challenger=challenger.digest, against=champion.digest if champion else "baseline", metric=chosen.name,
        loss=loss.name, before=None, after=None, gain=None, bound=None, confidence=confidence, days=days,
        rows=len(kept), start=start, end=end, tried=tried,
    )  # fmt: skip
    if days < FEWEST_DAYS or len(kept) < FEWEST_ROWS:
        few = (
            f"only {len(kept)} labelled rows of {days} days that neither saw; {FEWEST_ROWS} of {FEWEST_DAYS} are needed"
        )
        return msgspec.structs.replace(seen, reason=few)
    return _measured(seen, before, after, kept, chosen, loss, () if champion is None else slices)


def _measured(seen: Gate, before: Judged, after: Judged, kept: Live, chosen: Metric, loss: Loss,
              slices: Sequence[str]) -> Gate:  # fmt: skip
    gain = loss.per_row(before) - loss.per_row(after)
    mean, bound = lower_bound(gain, kept.days, seen.confidence)
    was, now = chosen(before), chosen(after)
    worse = (now < was) if chosen.greater_is_better else (now > was)
    worse_on = losing(gain, kept, slices, seen.confidence) if bound > 0 else ()
    made = msgspec.structs.replace(
        seen, before=_finite(was), after=_finite(now), gain=mean, bound=bound, worse_on=worse_on,
        passed=bound > 0 and not worse and not worse_on,
    )  # fmt: skip
    return msgspec.structs.replace(made, reason=_reason(made, worse))


def _reason(gate: Gate, worse: bool) -> str:
    against = "the best constant answer" if gate.against == "baseline" else "the champion"
    where = f"on the same {gate.rows:,} labelled rows of {gate.days} days"
    numbers = f"{gate.metric} {_shown(gate.before)} → {_shown(gate.after)} {where}"
    bound = f"the {gate.confidence * 100:.4g}% lower bound of the gain in {gate.loss} is {_shown(gate.bound)}"
    if gate.passed:
        return f"better than {against}: {numbers}; {bound}"
    if gate.worse_on:
        return f"not promoted: worse where {', '.join(gate.worse_on)}, though {numbers}; {bound}"
    if gate.bound is not None and gate.bound > 0 and worse:
        return f"not promoted: {numbers}, though {bound}"
    return f"not significantly better than {against}: {numbers}; {bound}"


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4g}"


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _constant(rows: Judged, outcome: Outcome) -> Judged:
    """The shares of the classes, or the mean, of these very rows as the answer to each."""
    n = len(rows.y)
    if outcome.task == "regression":
        mean = np.full(n, float(np.mean(rows.y)) if n else 0.0)
        return judged(rows.y, mean, mean, outcome)
    shares = np.bincount(rows.y.astype(np.intp), minlength=outcome.scores) / max(n, 1)
    return judged(rows.y, np.tile(shares, (n, 1)), np.full(n, float(np.argmax(shares))), outcome)
