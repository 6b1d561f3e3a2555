"""Every scale is scikit-learn's, to the bit or to two ulp after a logarithm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import preprocessing

from flights import labelled
from laws import equal, exact, holds
from modelyard.errors.data import BadSelector, MissingColumn, WrongType
from modelyard.rows.table import Floats, Table, Vector, table
from modelyard.step.chain import replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.steps.clean.scale import Method, Scale

METHODS: tuple[Method, ...] = ("standard", "robust", "min_max", "max_abs", "quantile", "yeo_johnson", "box_cox")
CTX = Context()
LIBRARY = {
    "robust": preprocessing.RobustScaler(),
    "min_max": preprocessing.MinMaxScaler(),
    "max_abs": preprocessing.MaxAbsScaler(),
    "quantile": preprocessing.QuantileTransformer(n_quantiles=1_000, subsample=None),
    "yeo_johnson": preprocessing.PowerTransformer(),
}


def numbers(*columns: Floats) -> Table:
    return Table({f"x{place}": Vector("number", values) for place, values in enumerate(columns)}, len(columns[0]))


def rows(n: int, seed: int, positive: bool = False) -> Table:
    random = np.random.default_rng(seed)
    skewed, whole, constant = random.lognormal(1, 1.5, n), random.integers(1, 6, n).astype(float), np.full(n, 3.25)
    x = random.exponential(50, n) if positive else random.normal(3, 1e3, n)
    x[random.random(n) < 0.1] = np.nan
    return numbers(x, skewed, whole, constant)


@pytest.mark.parametrize("method", METHODS)
def test_a_scale_is_the_librarys(method: Method) -> None:
    train = rows(4_000, 1, positive=method == "box_cox")
    fitted = Scale(method=method).learn(Batch(train), CTX)
    beyond = numbers(*(train[name] * 3 - 5 for name in train.names))
    for new in (train, rows(4_000, 2), beyond, train.take(np.array([7]))):
        equal(fitted, new)
        if method not in ("yeo_johnson", "box_cox"):
            exact(fitted, new)


@pytest.mark.parametrize("method", METHODS)
def test_the_laws_of_a_learned_step_hold(method: Method) -> None:
    holds(Scale(method=method), Batch(rows(300, 1, positive=True)), rows(60, 3, positive=True), CTX)


@pytest.mark.parametrize("method", LIBRARY)
def test_real_flights_are_scaled_as_the_library_alone_does(method: Method) -> None:
    train, _ = labelled(20_000)
    new, _ = labelled(100_000, start=200_000)
    names = ("dep_delay", "distance", "sched_dep_time")
    with np.errstate(over="ignore"):
        theirs = LIBRARY[method].fit(train.matrix(names)).transform(new.matrix(names))
        ours = replay(Scale(columns=names, method=method).learn(Batch(train), CTX).learned, new).matrix(names)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.0, -0.0, 1.0, 2.0]), min_size=1, max_size=40),
    st.sampled_from(METHODS[:5]),
)
def test_any_numbers_are_scaled_as_the_library_does(values: list[float], method: Method) -> None:
    train = numbers(np.array(values))
    fitted = Scale(method=method).learn(Batch(train), CTX)
    exact(fitted, train)
    near = np.nextafter(train["x0"], np.inf)
    exact(fitted, numbers(near))


def test_nulls_stay_and_a_column_of_nulls_is_left_alone() -> None:
    empty = numbers(np.array([np.nan, np.nan]))
    for method in METHODS:
        learned = Scale(method=method).learn(Batch(empty), CTX).learned
        assert replay(learned, numbers(np.array([np.nan, 5.0])))["x0"].tolist()[1] == 5.0


def test_box_cox_refuses_what_is_not_positive_and_answers_null_later() -> None:
    with pytest.raises(WrongType, match="positive"):
        Scale(method="box_cox").learn(Batch(table(a=[0.0, 1.0])), CTX)
    learned = Scale(method="box_cox").learn(Batch(table(a=[1.0, 2.0, 5.0])), CTX).learned
    assert np.isnan(replay(learned, table(a=[0.0, -1.0]))["a"]).all()


def test_a_missing_column_is_named() -> None:
    learned = Scale(method="robust").learn(Batch(table(age=[1.0, 2.0])), CTX).learned
    with pytest.raises(MissingColumn, match="age"):
        replay(learned, table(ages=[1.0]))


def test_not_this_one_means_every_other_that_the_step_works_on() -> None:
    rows = table(a=[1.0, 2.0], b=[3.0, 5.0], city=["x", "y"])
    assert Scale(columns={"not": "a"}).learn(Batch(rows), Context()).learned.writes[0].name == "b"
    with pytest.raises(WrongType):
        Scale(columns=("b", "city")).learn(Batch(rows), Context())
    with pytest.raises(BadSelector):
        Scale(columns={"not": ("a", "b")}).learn(Batch(rows), Context())
