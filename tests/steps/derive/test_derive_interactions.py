"""Products are those of scikit-learn, to the bit, in its order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import PolynomialFeatures

from flights import labelled
from laws import exact, holds, written
from modelyard.errors.data import BadSelector, MissingColumn, WrongType
from modelyard.rows.table import Table, Vector, table
from modelyard.step.chain import replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.steps.derive.interactions import Interactions

CTX = Context()
STEPS = [Interactions(), Interactions(squares=True), Interactions(degree=3), Interactions(degree=3, squares=True)]


def rows(n: int, seed: int) -> Table:
    random = np.random.default_rng(seed)
    made = {name: Vector("number", random.normal(0.1, 10, n)) for name in "abcd"}
    made["a"].values[random.random(n) < 0.1] = np.nan
    return Table({**made, "word": Vector("category", np.zeros(n), ("x",))}, n)


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_the_laws_of_a_learned_step_hold(step: Interactions) -> None:
    fitted = step.learn(Batch(rows(50, 1)), CTX)
    for new in (rows(2_000, 1), rows(1, 2)):
        exact(fitted, new)
    holds(step, Batch(rows(50, 1)), rows(60, 3), CTX)


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_products_of_real_flights_are_those_of_the_library_alone(step: Interactions) -> None:
    new, _ = labelled(100_000, gaps=0.0)
    names = ("dep_delay", "distance", "sched_dep_time")
    library = PolynomialFeatures(step.degree, interaction_only=not step.squares, include_bias=False)
    theirs = library.fit_transform(new.matrix(names))[:, 3:]
    ours = written(step.learn(Batch(new.select(names)), CTX).learned, new)
    np.testing.assert_array_equal(ours, theirs)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(*[st.none() | st.floats(-1e100, 1e100)] * 3), min_size=1, max_size=10))
def test_a_product_is_null_exactly_when_a_factor_is(values: list[tuple[float | None, ...]]) -> None:
    columns = zip(*values, strict=True)
    made = {
        name: Vector("number", np.array([np.nan if v is None else v for v in column]))
        for name, column in zip("abc", columns, strict=True)
    }
    full = Table(made, len(values))
    out = replay(Interactions().learn(Batch(full), CTX).learned, full)
    np.testing.assert_array_equal(np.isnan(out["a*b"]), np.isnan(full["a"]) | np.isnan(full["b"]))


def test_too_many_products_and_a_column_alone_are_refused_before_rows_are_read() -> None:
    wide = table(**{f"x{place}": [1.0] for place in range(100)})
    with pytest.raises(BadSelector, match="4,950 products"):
        Interactions().schema(wide.schema, CTX)
    with pytest.raises(BadSelector, match="alone"):
        Interactions(columns="x0").schema(wide.schema, CTX)


def test_a_category_and_an_infinite_value_are_refused_and_a_missing_column_is_named() -> None:
    with pytest.raises(WrongType):
        Interactions(columns=("a", "word")).learn(Batch(rows(5, 1)), CTX)
    with pytest.raises(WrongType, match="infinite"):
        Interactions().learn(Batch(table(a=[1.0], b=[float("inf")])), CTX)
    with pytest.raises(MissingColumn, match="a"):
        replay(Interactions().learn(Batch(rows(5, 1)), CTX).learned, rows(5, 1).without(["a"]))
