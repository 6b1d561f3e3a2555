"""reduce.pca against scikit-learn's PCA, within what its sums may differ from themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA

from flights import NUMBERS, labelled
from modelyard.errors.data import NoRows, WrongType
from modelyard.rows.table import Floats, Table, Vector, table
from modelyard.schema.contract import Contract, Field
from modelyard.scoring.bounds import carry
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.interpreter import interpret
from modelyard.step.chain import replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted
from modelyard.steps.reduce.pca import Pca

CTX = Context()


def allowed(fitted: Fitted, rows: Table) -> Floats:
    """(n, k): how far each component may lie from the library's."""
    builder = ProgramBuilder(Contract(tuple(Field(name=name, kind="number") for name in rows.names)))
    fitted.learned.emit(builder)
    inputs = [rows[name] for name in rows.names]
    values = interpret(builder.instructions, inputs, builder.registers, len(rows))
    errors = carry(builder.instructions, values, [np.zeros(len(rows))] * len(inputs))
    return np.column_stack([errors[builder.register(field.name)] for field in fitted.learned.writes])


def written(fitted: Fitted, rows: Table) -> Floats:
    made = replay(fitted.learned, rows)
    return np.column_stack([made[field.name] for field in fitted.learned.writes])


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("components", [1, 3, 8, 0.5, 0.999])
def test_the_components_of_flights_are_scikit_learns(components: Any, whiten: bool) -> None:
    rows, _ = labelled(110_000, gaps=0.0)
    rows = rows.select(NUMBERS)
    train = rows.take(np.arange(0, 110_000, 3))
    fitted = Pca(components=components, whiten=whiten).learn(Batch(train), CTX)
    theirs = PCA(components, whiten=whiten, random_state=0).fit(train.matrix("all"))
    assert len(fitted.learned.writes) == theirs.n_components_
    assert fitted.oracle is not None
    np.testing.assert_array_equal(fitted.oracle(rows), theirs.transform(rows.matrix("all")))
    apart = np.abs(written(fitted, rows) - theirs.transform(rows.matrix("all")))
    assert (apart <= allowed(fitted, rows)).all()
    assert apart.max() > 0, "sums that never differ would be proved without a bound"


def test_a_row_with_a_null_has_no_components_and_does_not_touch_others() -> None:
    rows, _ = labelled(2_000, gaps=0.0)
    rows = rows.select(NUMBERS)
    fitted = Pca(components=2).learn(Batch(rows), CTX)
    torn = rows.with_({"hour": Vector("number", np.where(np.arange(2_000) == 7, np.nan, rows["hour"]))})
    made = written(fitted, torn)
    assert fitted.oracle is not None
    assert np.isnan(made[7]).all()
    assert np.isnan(fitted.oracle(torn)).sum() == np.isnan(made).sum() == 2
    np.testing.assert_array_equal(np.delete(made, 7, axis=0), np.delete(written(fitted, rows), 7, axis=0))


def test_constant_columns_and_a_rank_of_one_are_no_trouble() -> None:
    x = np.random.default_rng(0).normal(size=50)
    rows = Table({n: Vector("number", v) for n, v in {"a": x, "b": 2 * x, "still": np.full(50, 3.0)}.items()}, 50)
    assert len(Pca(components=0.99).learn(Batch(rows), CTX).learned.writes) == 1
    fitted = Pca(components=1, whiten=True, name="speed").learn(Batch(rows), CTX)
    assert [field.name for field in fitted.learned.writes] == ["speed=1"]
    assert np.std(written(fitted, rows), ddof=1) == pytest.approx(1.0)


def test_what_it_cannot_reduce_is_said() -> None:
    rows = table(a=[1.0, 2.0, 4.0], b=[1.0, None, 2.0], c=["x", "y", "z"])
    with pytest.raises(WrongType, match="3 components of 2 columns"):
        Pca(components=3).schema(rows.schema, CTX)
    with pytest.raises(WrongType, match="nulls"):
        Pca(components=1).learn(Batch(rows), CTX)
    with pytest.raises(WrongType, match="category"):
        Pca(columns=("a", "c"), components=1).learn(Batch(rows), CTX)
    with pytest.raises(WrongType, match="infinite"):
        Pca(components=1).learn(Batch(table(a=[1.0, float("inf")], b=[1.0, 2.0])), CTX)
    with pytest.raises(NoRows):
        Pca(columns="a").learn(Batch(rows.take(np.array([0]))), CTX)
