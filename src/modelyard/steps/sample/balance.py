"""Rare classes made to count as much as frequent ones, while learning and nowhere else.

Only the rows that later steps of a fold learn from change: test rows, the holdout, what monitoring compares with and
what a request answers stay as they are, so every number that is reported is of the classes as they come. Weights are
the default: they say the same as copies, lose no row as leaving out does, and cost nothing.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from msgspec.structs import replace
from numpy.typing import NDArray

from modelyard.errors.data import BadTarget, NoRows
from modelyard.errors.learning import WrongTask
from modelyard.rows.table import Floats
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted
from modelyard.step.selection import Dropped
from modelyard.step.step import Learns

WHO = "sample.balance"
Rows = NDArray[np.intp]
How = Literal["weight", "over", "under"]


class Untouched(Dropped, frozen=True, kw_only=True, tag="sample.balance"):
    """What `Balance` learned for predicting: nothing. A request is answered as it comes."""


class Balance(Learns, frozen=True, kw_only=True, tag="sample.balance"):
    """Give rare classes more say in what later steps learn.

    `weight`: every class the same total weight; `over`: rows of rare classes more than once, each equally often;
    `under`: rows of frequent classes left out at random.

    Right: a rare class that a model otherwise never answers, with decide.threshold after it. Wrong: when the scores
    must be the shares of what happens: a model of balanced rows scores the rare class too high. Wrong too: together
    with a model's own `class_weight: balanced`, which would balance twice.

    >>> from modelyard.rows.table import table
    >>> from modelyard.schema.target import Outcome
    >>> ctx = Context(outcome=Outcome(task="classification", classes=("no", "yes")))
    >>> batch = Batch(table(a=[1.0, 2.0, 3.0, 4.0]), np.array([0.0, 0.0, 0.0, 1.0]))
    >>> [round(weight, 3) for weight in Balance().learn(batch, ctx).train.weight.tolist()]
    [0.667, 0.667, 0.667, 2.0]
    >>> Balance(how="over").learn(batch, ctx).train.X["a"].tolist()
    [1.0, 2.0, 3.0, 4.0, 4.0, 4.0]
    """

    how: Annotated[How, Meta(description="By weights, copies or leaving out.")] = "weight"
    ratio: Annotated[
        Annotated[float, Meta(gt=0, le=1)],
        Meta(description="How much the rarest class counts at least, next to the most frequent: 1 is as much."),
    ] = 1.0

    def schema(self, given: Schema, ctx: Context) -> Schema:
        return given

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        codes, counts = _classes(batch, ctx)
        if self.how == "weight":
            balance = _weights(counts, self.ratio)[codes]
            train = replace(batch, weight=balance if batch.weight is None else batch.weight * balance)
        else:
            random = np.random.default_rng(ctx.seed)
            wanted = _more(counts, self.ratio) if self.how == "over" else _fewer(counts, self.ratio)
            train = _taken(batch, _drawn(codes, wanted, random))
        return Fitted(Untouched(drops=()), train=train)


def _classes(batch: Batch, ctx: Context) -> tuple[Rows, Rows]:
    """(n,) the class of each row and (k,) the rows of each, among the classes that these rows hold."""
    if ctx.outcome is not None and ctx.outcome.task != "classification":
        raise WrongTask("balances classes, but the target is a number", who=WHO, way_out="Leave the step out")
    if batch.y is None or ctx.outcome is None:
        raise BadTarget("there is no target to balance", who=WHO)
    if len(batch.y) == 0:
        raise NoRows("no rows to balance", who=WHO)
    present, codes, counts = np.unique(batch.y, return_inverse=True, return_counts=True)
    if len(present) < 2:
        raise BadTarget("these rows hold one class only, so there is nothing to balance", who=WHO)
    return codes.astype(np.intp), counts.astype(np.intp)


def _weights(counts: Rows, ratio: float) -> Floats:
    """(k,) per class; the weights of all rows average 1. At ratio 1 they are n / (k · rows of the class), as King and
    Zeng (2001) and scikit-learn's "balanced"."""
    totals = np.maximum(counts, ratio * counts.max())
    weights: Floats = totals * (counts.sum() / totals.sum()) / counts
    return weights


def _more(counts: Rows, ratio: float) -> Rows:
    wanted: Rows = np.maximum(counts, np.ceil(ratio * counts.max()).astype(np.intp))
    return wanted


def _fewer(counts: Rows, ratio: float) -> Rows:
    wanted: Rows = np.minimum(counts, np.floor(counts.min() / ratio).astype(np.intp))
    return wanted


def _drawn(codes: Rows, wanted: Rows, random: np.random.Generator) -> Rows:
    """As many rows of each class as wanted, in the table's order: all as often as it goes, the rest at random."""
    chosen = []
    for code, rows in enumerate(wanted.tolist()):
        own = np.flatnonzero(codes == code)
        whole, rest = divmod(rows, len(own))
        chosen += [np.repeat(own, whole), random.choice(own, rest, replace=False)]
    return np.sort(np.concatenate(chosen))


def _taken(batch: Batch, rows: Rows) -> Batch:
    """Copies of a row are one group, so that no step after this parts them (encode.target would let them tell on
    each other)."""
    group = np.arange(len(batch.X), dtype=np.float64) if batch.group is None else batch.group
    return Batch(
        X=batch.X.take(rows),
        y=None if batch.y is None else batch.y[rows],
        weight=None if batch.weight is None else batch.weight[rows],
        group=group[rows],
        time=None if batch.time is None else batch.time[rows],
    )
