"""What a model learns from, checked: features that are numbers or codes, a target that fits the task.

Every learner starts here, so that a missing target, a lone class or a text column gets the same sentence from all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from modelyard.errors.data import BadSelector, BadTarget, NoRows, WrongType
from modelyard.errors.learning import WrongTask
from modelyard.rows.table import Floats, Table
from modelyard.schema.target import Task
from modelyard.step.context import Context
from modelyard.step.fitted import Batch


class Supervised(Struct, frozen=True, kw_only=True, eq=False):
    """Rows with their truth. `present`: the classes (0..count−1) that these rows hold, ascending; a fold may lack one.
    In a regression `present` is (0,) and `count` 1."""

    columns: tuple[str, ...]
    categories: tuple[bool, ...]
    """Per column: whether it holds category codes."""
    X: Floats
    y: Floats
    weight: Floats | None
    task: Task
    present: tuple[int, ...]
    count: int

    @property
    def classification(self) -> bool:
        return self.task == "classification"

    @property
    def targets(self) -> Floats:
        """y as the library gets it: for classes, ranks among `present`."""
        return np.searchsorted(self.present, self.y).astype(np.float64) if self.classification else self.y

    def widen(self, scores: Floats) -> Floats:
        """A library's (n, len(present)) probabilities, or (n,) numbers, as (n, count): absent classes get 0."""
        columns = scores.reshape(len(scores), -1)
        wide = np.zeros((len(columns), self.count))
        wide[:, list(self.present)] = columns
        return wide


def supervised(batch: Batch, ctx: Context, who: str, task: Task | None = None, codes: bool = False) -> Supervised:
    """The batch ready for a learner. `task` is the only one it can do; `codes`: it takes category codes as they are."""
    y, outcome = batch.y, ctx.outcome
    if y is None or outcome is None:
        raise BadTarget("there is no target to learn from", who=who)
    if len(batch.X) == 0:
        raise NoRows("no rows to learn from", who=who)
    if task is not None and task != outcome.task:
        raise WrongTask(f"learns a {task}, but the target is a {outcome.task}", who=who)
    classification = outcome.task == "classification"
    columns = _columns(batch.X, who, codes)
    return Supervised(
        columns=columns,
        categories=tuple(batch.X.vector(name).kind == "category" for name in columns),
        X=features(batch.X, columns),
        y=y,
        weight=batch.weight,
        task=outcome.task,
        present=tuple(int(code) for code in np.unique(y)) if classification else (0,),
        count=outcome.scores,
    )


def features(table: Table, columns: Sequence[str]) -> Floats:
    """(n, k) float64, row-major, in the order named: the order that the model learned in."""
    out = np.empty((len(table), len(columns)))
    for place, name in enumerate(columns):
        out[:, place] = table[name]
    return out


def two_classes(rows: Supervised, who: str) -> None:
    """Refuse to tell one class from nothing."""
    if rows.classification and len(rows.present) < 2:
        raise BadTarget("these rows hold one class only, so there is nothing to tell apart", who=who)


def balanced(rows: Supervised) -> Floats:
    """Row weights that give every class the same total: n / (classes · rows of its class), times the row's own.

    Source: King and Zeng (2001); scikit-learn's `class_weight="balanced"` is the same number."""
    counts = np.bincount(rows.targets.astype(np.intp))
    weight = (len(rows.y) / (len(counts) * counts))[rows.targets.astype(np.intp)]
    balance: Floats = weight if rows.weight is None else weight * rows.weight
    return balance


def _columns(table: Table, who: str, codes: bool) -> tuple[str, ...]:
    if not table.names:
        raise BadSelector("no feature columns are left for the model", who=who)
    refused = ("text", "datetime") if codes else ("text", "datetime", "category")
    for name, vector in table.vectors.items():
        if vector.kind in refused:
            taken = "numbers and categories" if codes else "numbers"
            raise WrongType(
                f"column {name!r} is {vector.kind}, and this model takes {taken}",
                who=who,
                way_out="Encode it in a step before the model (`prepare: auto` does), or drop it.",
            )
    return table.names
