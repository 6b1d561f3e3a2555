"""Outliers are what scikit-learn and SciPy call so; each action does what it says."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.ensemble import IsolationForest

from flights import labelled
from laws import exact, holds, written
from modelyard.errors.data import MissingColumn, WrongType
from modelyard.rows.table import Table, Vector, table
from modelyard.step.chain import replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.steps.clean.outliers import Outliers

CTX = Context(seed=3)
FOREST = Outliers(method="isolation_forest", trees=20)
STEPS = [
    *(Outliers(method=method, action=action) for method in ("iqr", "z_score") for action in ("flag", "clip", "null")),
    FOREST,
    Outliers(method="isolation_forest", action="null", share=0.05, trees=20),
]


def rows(n: int, seed: int) -> Table:
    random = np.random.default_rng(seed)
    x, y = random.standard_t(2, n) * 1e3, random.lognormal(0, 1, n)
    x[random.random(n) < 0.1] = np.nan
    return Table({"x": Vector("number", x), "y": Vector("number", y)}, n)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.method}-{step.action}")
def test_the_program_says_what_the_library_says(step: Outliers) -> None:
    train = rows(3_000, 1)
    fitted = step.learn(Batch(train), CTX)
    for new in (train, rows(3_000, 2), train.take(np.array([4]))):
        exact(fitted, new)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.method}-{step.action}")
def test_the_laws_of_a_learned_step_hold(step: Outliers) -> None:
    holds(step, Batch(rows(300, 1)), rows(60, 2), CTX)


@pytest.mark.parametrize("share", [None, 0.1])
def test_the_forest_flags_the_real_flights_that_the_library_alone_flags(share: float | None) -> None:
    train, _ = labelled(20_000)
    new, _ = labelled(100_000, start=150_000)
    names = ("dep_delay", "distance", "hour", "day")
    step = Outliers(columns=names, method="isolation_forest", share=share, trees=30)
    learned = step.learn(Batch(train), CTX).learned
    ours = replay(learned, new)["outlier"]
    library = IsolationForest(n_estimators=30, contamination=share or 0.01, random_state=3).fit(train.matrix(names))
    np.testing.assert_array_equal(ours, library.predict(new.matrix(names)) < 0)
    assert written(learned, train).mean() == pytest.approx(share or 0.01, rel=0.02)


def test_z_scores_beyond_three_are_those_of_scipy() -> None:
    values = rows(5_000, 5)["y"]
    flags = written(Outliers(columns="y", method="z_score").learn(Batch(rows(5_000, 5)), CTX).learned, rows(5_000, 5))
    np.testing.assert_array_equal(flags[:, 0] == 1, np.abs(stats.zscore(values)) > 3)


def test_a_null_is_no_outlier_and_stays_one() -> None:
    learned = Outliers().learn(Batch(table(a=[1.0, 2.0, 3.0, None])), CTX).learned
    assert written(learned, table(a=[None, 2.0, 99.0]))[:, 0].tolist() == [0.0, 0.0, 1.0]
    nulls = Outliers(action="null").learn(Batch(table(a=[1.0, 2.0, 3.0])), CTX).learned
    np.testing.assert_array_equal(replay(nulls, table(a=[None, 2.0, 99.0]))["a"], [np.nan, 2.0, np.nan])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(-1e9, 1e9) | st.none(), min_size=1, max_size=30), st.sampled_from(["iqr", "z_score"]))
def test_what_is_clipped_is_within_and_what_was_within_is_untouched(values: list[float | None], method: str) -> None:
    train = Table({"a": Vector("number", np.array([np.nan if v is None else v for v in values]))}, len(values))
    flags = written(Outliers(method=method).learn(Batch(train), CTX).learned, train)[:, 0] == 1
    held = written(Outliers(method=method, action="clip").learn(Batch(train), CTX).learned, train)[:, 0]
    np.testing.assert_array_equal(held[~flags], train["a"][~flags])
    assert (held[flags] != train["a"][flags]).all()


def test_numbers_beyond_float32_are_judged_as_the_largest() -> None:
    train = rows(500, 1).without(["y"])
    fitted = FOREST.learn(Batch(train), CTX)
    exact(fitted, Table({"x": Vector("number", np.array([1e39, -1e300, 1e38]))}, 3))


def test_what_does_not_go_together_is_refused() -> None:
    for step in (
        Outliers(method="isolation_forest", action="clip"),
        Outliers(method="isolation_forest", factor=2.0),
        Outliers(share=0.1),
    ):
        with pytest.raises(WrongType):
            step.learn(Batch(rows(20, 1)), CTX)
    with pytest.raises(WrongType, match="infinite"):
        Outliers().learn(Batch(table(a=[1.0, float("inf")])), CTX)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(MissingColumn, match="x"):
        replay(FOREST.learn(Batch(rows(50, 1)), CTX).learned, rows(5, 2).without(["x"]))


def test_a_null_without_quotes_is_the_action_of_that_name() -> None:
    step = msgspec.convert({"use": "clean.outliers", "action": None}, Outliers)
    train = table(a=[1.0, 2.0, 3.0, 2.0, 99.0])
    assert np.isnan(written(step.learn(Batch(train), CTX).learned, train)[:, 0]).tolist() == [False] * 4 + [True]
