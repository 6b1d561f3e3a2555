"""Weights of rows reach every model: what is learned is the library's own with `sample_weight`, on 20,000 flights."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pytest
from msgspec import convert
from sklearn import linear_model
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from flights import NUMBERS, labelled
from modelyard.rows.table import Table, Vector
from modelyard.schema.contract import Contract
from modelyard.schema.target import Outcome
from modelyard.scoring.engine import Scorer
from modelyard.step.chain import compile_chain
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.step.intake import learn_fields, take_in
from modelyard.step.registry import Registry
from modelyard.step.step import Learns

TRAIN, FRESH = 20_000, 10_000
CLASSES = Outcome(task="classification", classes=("on time", "late"), labels=("on time", "late"), positive=1)
NUMBER = Outcome(task="regression")
TREES = {"random_state": 7, "n_jobs": 1}
BOOSTED = {"max_iter": 20, "early_stopping": False, "random_state": 7}
THEIRS: dict[tuple[str, Outcome], Any] = {
    ("model.baseline", CLASSES): DummyClassifier(strategy="prior"),
    ("model.baseline", NUMBER): DummyRegressor(),
    ("model.linear_regression", NUMBER): linear_model.LinearRegression(),
    ("model.ridge", NUMBER): linear_model.Ridge(),
    ("model.logistic_regression", CLASSES): linear_model.LogisticRegression(max_iter=1000),
    ("model.decision_tree", CLASSES): DecisionTreeClassifier(min_samples_leaf=20, random_state=7),
    ("model.decision_tree", NUMBER): DecisionTreeRegressor(min_samples_leaf=20, random_state=7),
    ("model.random_forest", CLASSES): RandomForestClassifier(5, min_samples_leaf=20, **TREES),
    ("model.random_forest", NUMBER): RandomForestRegressor(5, min_samples_leaf=20, **TREES),
    ("model.extra_trees", CLASSES): ExtraTreesClassifier(5, min_samples_leaf=20, **TREES),
    ("model.extra_trees", NUMBER): ExtraTreesRegressor(5, min_samples_leaf=20, **TREES),
    ("model.hist_gradient_boosting", CLASSES): HistGradientBoostingClassifier(**BOOSTED),
    ("model.hist_gradient_boosting", NUMBER): HistGradientBoostingRegressor(**BOOSTED),
    ("model.lightgbm", CLASSES): lightgbm.LGBMClassifier,
    ("model.lightgbm", NUMBER): lightgbm.LGBMRegressor,
}
OURS: dict[str, dict[str, Any]] = {
    "model.decision_tree": {"leaf": 20},
    "model.random_forest": {"leaf": 20, "trees": 5},
    "model.extra_trees": {"leaf": 20, "trees": 5},
    "model.hist_gradient_boosting": {"trees": 20},
    "model.lightgbm": {"trees": 20},
}


def scaled(table: Table) -> Table:
    """Numbers of one scale without gaps, so that every library takes them and every solver settles."""
    filled = {name: np.nan_to_num(table[name], nan=0.0) for name in NUMBERS}
    return Table({name: Vector("number", values / 1000.0) for name, values in filled.items()}, len(table))


@pytest.mark.parametrize(("kind", "outcome"), THEIRS, ids=lambda one: getattr(one, "task", one))
def test_what_is_learned_is_the_librarys_own_with_sample_weight(kind: str, outcome: Outcome) -> None:
    table, delay = labelled(TRAIN)
    train, fresh = scaled(table), scaled(labelled(FRESH, start=TRAIN)[0])
    y = (delay > 15).astype(np.float64) if outcome is CLASSES else delay
    weight = np.random.default_rng(3).uniform(0.0, 3.0, TRAIN) * (1 + 4 * (delay > 15))
    X, new = train.matrix(NUMBERS), fresh.matrix(NUMBERS)
    theirs = by_hand(THEIRS[kind, outcome]).fit(X, y, sample_weight=weight)
    step = convert({"use": kind, **OURS.get(kind, {})}, Registry.installed()[kind])
    assert isinstance(step, Learns)
    contract = Contract(learn_fields(train, train.names))
    found = []
    for each in (weight, None):
        fitted = step.learn(Batch(train, y, weight=each), Context(outcome=outcome, seed=7))
        program = compile_chain(contract, [fitted.learned], outcome)
        found.append(Scorer(program).table(take_in(fresh, program.takes)).scores)
    expected = theirs.predict_proba(new) if outcome is CLASSES else theirs.predict(new).reshape(-1, 1)
    np.testing.assert_allclose(found[0], expected, rtol=1e-11, atol=1e-11)
    assert np.abs(found[1] - expected).max() > 1e-3, "without weights something else is learned"


def by_hand(estimator: Any) -> Any:
    """LightGBM with what ours asks of it."""
    if not isinstance(estimator, type):
        return estimator
    return estimator(
        n_estimators=20, random_state=7, n_jobs=1, deterministic=True, force_row_wise=True, verbosity=-1,
        min_child_weight=1e-3,
    )  # fmt: skip
