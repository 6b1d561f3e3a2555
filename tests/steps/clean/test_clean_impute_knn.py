"""Gaps filled from the nearest rows: scikit-learn's numbers where no two donors are equally near."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.impute import KNNImputer

from flights import labelled
from laws import exact, holds, written
from modelyard.errors.data import MissingColumn, WrongType
from modelyard.rows.table import Table, Vector, table
from modelyard.step.chain import replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.steps.clean.impute import Impute

CTX = Context()
KNN = Impute(strategy="knn")


def rows(n: int, seed: int) -> Table:
    random = np.random.default_rng(seed)
    size = random.normal(0, 1, n)
    made = {"a": size, "b": size + random.normal(0, 0.3, n), "c": random.normal(0, 1, n)}
    for values in made.values():
        values[random.random(n) < 0.2] = np.nan
    return Table({name: Vector("number", values) for name, values in made.items()}, n)


@pytest.mark.parametrize("step", [KNN, Impute(strategy="knn", neighbours=1, donors=50)], ids=["5", "1"])
def test_the_program_finds_the_neighbours_that_brute_force_finds(step: Impute) -> None:
    train = rows(600, 1)
    fitted = step.learn(Batch(train), CTX)
    for new in (train, rows(600, 2), train.take(np.array([3]))):
        exact(fitted, new)
    holds(step, Batch(train), rows(60, 3), CTX)


@pytest.mark.parametrize("neighbours", [1, 5, 30])
def test_filled_values_are_those_of_the_library(neighbours: int) -> None:
    train, new = rows(1_000, 1), rows(20_000, 2)
    step = Impute(strategy="knn", neighbours=neighbours, flag=False)
    ours = written(step.learn(Batch(train), CTX).learned, new)
    library = KNNImputer(n_neighbors=neighbours).fit(train.matrix(("a", "b", "c")))
    np.testing.assert_allclose(ours, library.transform(new.matrix(("a", "b", "c"))), rtol=1e-12, atol=1e-12)


def test_gaps_of_real_flights_without_ties_are_filled_as_the_library_does() -> None:
    """Whole minutes tie; a little noise on the donors and on the rows asked unties them."""
    names = ("dep_delay", "distance", "sched_dep_time", "hour")
    untied, asked = (noisy(labelled(rows, start)[0].select(names)) for rows, start in ((800, 0), (100_000, 150_000)))
    step = Impute(strategy="knn", flag=False)
    ours = written(step.learn(Batch(untied), CTX).learned, asked)
    library = KNNImputer(n_neighbors=5).fit(untied.matrix(names))
    np.testing.assert_allclose(ours, library.transform(asked.matrix(names)), rtol=1e-10, atol=1e-10)


def noisy(flights: Table) -> Table:
    random = np.random.default_rng(9)
    return flights.with_(
        {n: Vector("number", v.values + random.normal(0, 0.1, len(flights))) for n, v in flights.vectors.items()}
    )


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(*[st.none() | st.integers(0, 3).map(float)] * 3), min_size=1, max_size=12))
def test_ties_and_gaps_anywhere_leave_no_gap_and_change_nothing_known(values: list[tuple[float | None, ...]]) -> None:
    full = Table(
        {
            name: Vector("number", np.array([np.nan if v is None else v for v in column]))
            for name, column in zip("abc", zip(*values, strict=True), strict=True)
        },
        len(values),
    )
    fitted = Impute(strategy="knn", neighbours=2).learn(Batch(full), CTX)
    exact(fitted, full)
    out = replay(fitted.learned, full)
    for name in "abc":
        known = ~np.isnan(full[name])
        np.testing.assert_array_equal(out[name][known], full[name][known])
        assert not np.isnan(out[name]).any()


def test_a_row_without_any_value_gets_the_means() -> None:
    learned = KNN.learn(Batch(table(a=[1.0, 3.0], b=[10.0, None])), CTX).learned
    out = replay(learned, table(a=[None], b=[None]))
    assert (out["a"][0], out["b"][0]) == (2.0, 10.0)


def test_as_many_donors_are_kept_as_was_said() -> None:
    learned = Impute(strategy="knn", donors=50).learn(Batch(rows(500, 1)), CTX).learned
    assert learned.neighbours.donors.shape == (50, 3)


def test_a_category_has_no_distance_and_a_missing_column_is_named() -> None:
    with pytest.raises(WrongType, match="category"):
        Impute(columns="c", strategy="knn").learn(Batch(table(c=["a", None])), CTX)
    with pytest.raises(MissingColumn, match="c"):
        replay(KNN.learn(Batch(rows(50, 1)), CTX).learned, rows(5, 1).without(["c"]))
