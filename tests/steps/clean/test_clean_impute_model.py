"""Gaps predicted from the other columns: what scikit-learn's iterative imputer predicts."""

from __future__ import annotations

import warnings
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import BayesianRidge
from sklearn.tree import DecisionTreeRegressor

from flights import labelled
from laws import equal, exact, holds, written
from modelyard.errors.data import MissingColumn, WrongType
from modelyard.lowering.imputation import Predictor
from modelyard.rows.table import Floats, Table, Vector, table
from modelyard.step.chain import replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.steps.clean.impute import Impute

CTX = Context()
LINEAR, TREE = Impute(strategy="model"), Impute(strategy="model", predictor="tree", rounds=2)
NAMES = ("dep_delay", "distance", "sched_dep_time", "sched_arr_time", "hour")


def rows(n: int, seed: int) -> Table:
    """Three measures of one thing, and one without a value."""
    random = np.random.default_rng(seed)
    size = random.normal(170, 10, n)
    made = {"height": size, "weight": size - 100 + random.normal(0, 5, n), "foot": np.round(size / 4)}
    for values in made.values():
        values[random.random(n) < 0.2] = np.nan
    made["empty"] = np.full(n, np.nan)
    return Table({name: Vector("number", values) for name, values in made.items()}, n)


def library(X: Floats, estimator: BayesianRidge | DecisionTreeRegressor, rounds: int) -> object:
    import_module("sklearn.experimental.enable_iterative_imputer")
    from sklearn.impute import IterativeImputer

    low, high = np.nanmin(X, axis=0), np.nanmax(X, axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return IterativeImputer(
            estimator, max_iter=rounds, initial_strategy="median", min_value=low, max_value=high, random_state=0
        ).fit(X)


@pytest.mark.parametrize("step", [LINEAR, TREE], ids=["linear", "tree"])
def test_the_program_predicts_what_the_library_predicts(step: Impute) -> None:
    train = rows(1_000, 1)
    fitted = step.learn(Batch(train), CTX)
    for new in (train, rows(1_000, 2), train.take(np.array([3]))):
        (exact if step is TREE else equal)(fitted, new)
    holds(step, Batch(train), rows(60, 3), CTX)


@pytest.mark.parametrize("predictor", ["linear", "tree"])
def test_gaps_of_real_flights_are_filled_as_the_library_alone_fills_them(predictor: Predictor) -> None:
    train, _ = labelled(20_000)
    new, _ = labelled(100_000, start=150_000)
    linear = predictor == "linear"
    estimator = BayesianRidge() if linear else DecisionTreeRegressor(max_depth=8, min_samples_leaf=10, random_state=0)
    step = Impute(columns=NAMES, strategy="model", predictor=predictor, rounds=2, flag=False)
    ours = written(step.learn(Batch(train), CTX).learned, new)
    theirs = library(train.matrix(NAMES), estimator, 2).transform(new.matrix(NAMES))
    np.testing.assert_allclose(ours, theirs, rtol=1e-11 if linear else 0, atol=1e-9 if linear else 0)
    known = ~np.isnan(new.matrix(NAMES))
    np.testing.assert_array_equal(ours[known], new.matrix(NAMES)[known])


def test_a_prediction_is_nearer_than_the_median() -> None:
    train, holes = rows(2_000, 1), rows(2_000, 1)
    torn = np.random.default_rng(5).random(2_000) < 0.3
    holes["weight"][torn] = np.nan
    truth = train["weight"][torn]
    apart = {}
    for step in (LINEAR, TREE, Impute()):
        made = replay(step.learn(Batch(holes), CTX).learned, holes)["weight"][torn]
        apart[step.strategy, step.predictor] = np.nanmean(np.abs(made - truth))
    assert max(apart["model", "linear"], apart["model", "tree"]) < 0.8 * apart["median", "linear"]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.none() | st.floats(-1e3, 1e3), st.none() | st.floats(-1e3, 1e3)), min_size=1, max_size=20))
def test_no_gap_is_left_and_no_prediction_leaves_the_range(values: list[tuple[float | None, float | None]]) -> None:
    columns = {
        name: Vector("number", np.array([np.nan if v is None else v for v in column]))
        for name, column in zip("ab", zip(*values, strict=True), strict=True)
    }
    train = Table(columns, len(values))
    out = replay(LINEAR.learn(Batch(train), CTX).learned, train)
    for name in "ab":
        known = train[name][~np.isnan(train[name])]
        assert not np.isnan(out[name]).any()
        if len(known):
            assert known.min() <= out[name].min() <= out[name].max() <= known.max()


def test_a_row_without_any_value_is_predicted_alike_alone_and_among_others() -> None:
    learned = LINEAR.learn(Batch(rows(500, 1)), CTX).learned
    nothing = table(height=[None], weight=[None], foot=[None], empty=[None])
    among = table(height=[None, 180.0], weight=[None, 80.0], foot=[None, 45.0], empty=[None, 1.0])
    np.testing.assert_array_equal(written(learned, nothing)[0], written(learned, among)[0])


def test_numbers_beyond_float32_split_as_the_largest() -> None:
    fitted = TREE.learn(Batch(rows(500, 1)), CTX)
    new = table(height=[1e300, 170.0], weight=[None, 70.0], foot=[None, None], empty=[None, None])
    exact(fitted, new)
    assert replay(fitted.learned, new)["height"][0] == 1e300


def test_a_category_cannot_be_predicted_and_a_missing_column_is_named() -> None:
    with pytest.raises(WrongType, match="category"):
        Impute(columns="c", strategy="model").learn(Batch(table(c=["a", None])), CTX)
    with pytest.raises(MissingColumn, match="foot"):
        replay(LINEAR.learn(Batch(rows(50, 1)), CTX).learned, rows(5, 1).without(["foot"]))
