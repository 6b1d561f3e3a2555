"""Missing values predicted from the other columns, in turns: scikit-learn's iterative imputer as instructions.

Every gap starts at the column's median. Then, turn by turn, one column's model predicts it from the present values of
the others, and what was missing takes the prediction, held within the range that training rows had.

The library returns the start for a batch in which everything is missing, and the prediction for the same row among
others; ours means the latter, so the oracle adds a row without gaps to what it is asked.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Literal

import numpy as np
from msgspec import Struct

from modelyard.lowering.forest import Forest
from modelyard.lowering.linear import Weights, weights_of
from modelyard.lowering.sklearn_trees import LARGEST, forest_of
from modelyard.rows.table import Floats, Table
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Clip, Linear, Select, wholes

Predictor = Literal["linear", "tree"]
DEPTH, LEAF = 8, 10
"""Of each tree: deep enough for steps and thresholds, leaves large enough to be a mean."""


class Turn(Struct, frozen=True, kw_only=True, eq=False):
    """One column predicted from the others. `low` and `high`: the range of the training rows."""

    column: str
    inputs: tuple[str, ...]
    low: float
    high: float
    weights: Weights | None = None
    forest: Forest | None = None

    def emit(self, program: ProgramBuilder, now: Mapping[str, int], missing: int) -> int:
        """The register of the column after the turn. `now`: the columns' present registers; `missing`: 0/1."""
        held = Clip(x=self._predicted(program, [now[name] for name in self.inputs]), low=self.low, high=self.high)
        return program.add(Select(test=missing, a=program.add(held), b=now[self.column]))

    def _predicted(self, program: ProgramBuilder, xs: Sequence[int]) -> int:
        if self.forest is not None:
            return self.forest.emit(program, xs)[0]
        weights = self.weights or weights_of([0.0] * len(xs), 0.0)
        return program.add(Linear(xs=wholes(xs), weights=weights.weights, bias=weights.bias))


class Iterated(Struct, frozen=True, kw_only=True, eq=False):
    """What was learned, and the library's own transform of (n, columns)."""

    starts: tuple[float, ...]
    turns: tuple[Turn, ...]
    transform: Callable[[Floats], Floats]


def iterated(X: Floats, names: tuple[str, ...], predictor: Predictor, rounds: int, seed: int) -> Iterated:
    """Learn from (n, k) with gaps, finite otherwise; every column varies."""
    import_module("sklearn.experimental.enable_iterative_imputer")
    from sklearn.impute import IterativeImputer

    X = _within(X, predictor)
    low, high = np.nanmin(X, axis=0), np.nanmax(X, axis=0)
    imputer = IterativeImputer(
        estimator=_estimator(predictor, seed), max_iter=rounds, initial_strategy="median", min_value=low,
        max_value=high, random_state=seed,
    )  # fmt: skip
    with warnings.catch_warnings():  # that the last round still moved is no news: the rounds are what was asked for
        warnings.simplefilter("ignore")
        imputer.fit(X)
    starts = imputer.initial_imputer_.statistics_
    turns = () if imputer.n_iter_ == 0 else tuple(_turn(t, names, low, high) for t in imputer.imputation_sequence_)

    def transform(rows: Floats) -> Floats:
        predicted = imputer.transform(np.vstack([_within(rows, predictor), starts]))[:-1]
        return np.where(np.isnan(rows), predicted, rows)

    return Iterated(starts=tuple(starts.tolist()), turns=turns, transform=transform)


def varying(table: Table, names: Sequence[str]) -> tuple[str, ...]:
    """The columns that hold two different values: only they can be predicted, and tell of others."""
    held = {name: np.clip(table[name][~np.isnan(table[name])], -LARGEST, LARGEST) for name in names}
    return tuple(name for name, values in held.items() if len(values) and values.min() < values.max())


def _within(X: Floats, predictor: Predictor) -> Floats:
    """Trees of the library refuse what float32 cannot hold; no threshold lies beyond, so the largest stands for it."""
    return np.clip(X, -LARGEST, LARGEST) if predictor == "tree" else X


def _estimator(predictor: Predictor, seed: int) -> Any:
    if predictor == "linear":
        from sklearn.linear_model import BayesianRidge

        return BayesianRidge()
    from sklearn.tree import DecisionTreeRegressor

    return DecisionTreeRegressor(max_depth=DEPTH, min_samples_leaf=LEAF, random_state=seed)


def _turn(found: Any, names: tuple[str, ...], low: Floats, high: Floats) -> Turn:
    """From one (column, neighbours, estimator) of the library's sequence."""
    model = found.estimator
    linear = hasattr(model, "coef_")
    return Turn(
        column=names[found.feat_idx],
        inputs=tuple(names[place] for place in found.neighbor_feat_idx),
        low=float(low[found.feat_idx]),
        high=float(high[found.feat_idx]),
        weights=weights_of(model.coef_, model.intercept_) if linear else None,
        forest=None if linear else forest_of([model]),
    )
