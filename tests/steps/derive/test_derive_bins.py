"""Bins are scikit-learn's, edges included."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import KBinsDiscretizer

from flights import labelled
from laws import exact, holds, written
from modelyard.errors.data import MissingColumn, WrongType
from modelyard.rows.table import Floats, Table, Vector, table
from modelyard.step.chain import replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.steps.derive.bins import Bins, Strategy
from modelyard.steps.encode.one_hot import OneHot

CTX = Context()
STEPS = [
    Bins(),
    Bins(bins=12, category=True),
    Bins(strategy="uniform"),
    Bins(strategy="kmeans", bins=3),
    Bins(edges=(-1.0, 0.0, 2.5)),
]


def rows(n: int, seed: int) -> Table:
    random = np.random.default_rng(seed)
    x, y = random.normal(3, 1e3, n), random.integers(0, 9, n).astype(float)
    x[random.random(n) < 0.1] = np.nan
    return Table({"x": Vector("number", x), "y": Vector("number", y), "k": Vector("number", np.ones(n))}, n)


def library(values: Floats, bins: int, strategy: Strategy) -> KBinsDiscretizer:
    binner = KBinsDiscretizer(
        bins, encode="ordinal", strategy=strategy, subsample=None, random_state=0,
        quantile_method="averaged_inverted_cdf",
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return binner.fit(values.reshape(-1, 1))


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_bin_is_the_count_of_edges_not_above(step: Bins) -> None:
    train = rows(500, 1)
    fitted = step.learn(Batch(train), CTX)
    for new in (train, rows(500, 2), train.take(np.array([3]))):
        exact(fitted, new)
    holds(step, Batch(train), rows(60, 3), CTX)


@pytest.mark.parametrize("strategy", ["quantile", "uniform", "kmeans"])
def test_real_flights_and_their_neighbours_fall_where_the_library_puts_them(strategy: Strategy) -> None:
    train, _ = labelled(20_000, gaps=0.0)
    new, _ = labelled(100_000, start=100_000, gaps=0.0)
    for name in ("dep_delay", "distance", "hour"):
        binner = library(train[name], 7, strategy)
        edges = np.concatenate([np.nextafter(binner.bin_edges_[0], side) for side in (-np.inf, np.inf)])
        values = np.concatenate([new[name], binner.bin_edges_[0], edges])
        learned = Bins(columns=name, bins=7, strategy=strategy).learn(Batch(train), CTX).learned
        ours = written(learned, Table({name: Vector("number", values)}, len(values)))
        np.testing.assert_array_equal(ours, binner.transform(values.reshape(-1, 1)))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(-5, 5).map(float), min_size=2, max_size=30).filter(lambda v: len(set(v)) > 1),
    st.integers(2, 8),
    st.sampled_from(["quantile", "uniform"]),
)
def test_any_repeated_values_are_binned_as_the_library_does(values: list[float], bins: int, strategy: Strategy) -> None:
    train = Table({"a": Vector("number", np.array(values))}, len(values))
    ours = written(Bins(bins=bins, strategy=strategy).learn(Batch(train), CTX).learned, train)
    np.testing.assert_array_equal(ours, library(train["a"], bins, strategy).transform(train["a"].reshape(-1, 1)))


def test_bins_as_categories_are_encoded_by_the_next_step() -> None:
    train = rows(300, 1)
    binned = replay(Bins(columns="x", bins=12, category=True).learn(Batch(train), CTX).learned, train)
    assert binned.vector("x_bin").categories == tuple(f"{place:02}" for place in range(12))
    hot = OneHot(columns="x_bin", min_frequency=1).learn(Batch(binned), CTX).learned
    assert [field.name for field in hot.writes][:2] == ["x_bin=00", "x_bin=01"]


def test_a_constant_column_has_one_bin_and_a_null_none() -> None:
    learned = Bins().learn(Batch(table(a=[2.0, 2.0])), CTX).learned
    np.testing.assert_array_equal(written(learned, table(a=[1.0, 3.0, None]))[:, 0], [0.0, 0.0, np.nan])


def test_edges_that_do_not_ascend_are_refused_and_a_missing_column_is_named() -> None:
    for edges in ((), (2.0, 1.0), (1.0, 1.0), (float("nan"),)):
        with pytest.raises(WrongType, match="ascend"):
            Bins(edges=edges).learn(Batch(rows(9, 1)), CTX)
    with pytest.raises(MissingColumn, match="x"):
        replay(Bins().learn(Batch(rows(9, 1)), CTX).learned, rows(5, 2).without(["x"]))
