"""clean.impute with one value per column: what scikit-learn's SimpleImputer learns of each column alone, bit for bit,
however many columns are learned at once."""

from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn.impute import SimpleImputer

from modelyard.lowering import filling
from modelyard.lowering.filling import Simple
from modelyard.rows.table import Floats, Table, Vector, table
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.steps.clean.impute import Filled, Impute


def numbers(rows: int, columns: int) -> Table:
    """Of sizes from 1e-5 to 1e5, one cell in twenty a gap, the last column nothing else."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(rows, columns)) * 10.0 ** rng.uniform(-5, 5, columns)
    values[rng.random(values.shape) < 0.05] = np.nan
    values[:, -1] = np.nan
    return Table({f"x{place}": Vector("number", one) for place, one in enumerate(values.T)}, rows)


def learned(step: Impute, given: Table) -> tuple[Filled, Floats]:
    fitted = step.learn(Batch(given), Context())
    assert isinstance(fitted.learned, Filled)
    assert fitted.oracle is not None
    return fitted.learned, fitted.oracle(given)


@pytest.mark.parametrize("rows", [1, 7, 130, 1_601])
@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent"])
def test_columns_learned_together_get_the_values_of_each_alone(strategy: Simple, rows: int) -> None:
    given = numbers(rows, 40)
    found, filled = learned(Impute(strategy=strategy, flag=False), given)
    for place, name in enumerate(given.names):
        alone = SimpleImputer(strategy=strategy, keep_empty_features=True).fit(given[name].reshape(-1, 1))
        assert found.values[place] == alone.statistics_[0]
        assert np.array_equal(filled[:, place], alone.transform(given[name].reshape(-1, 1)).ravel())


def test_columns_too_large_to_be_learned_at_once_are_learned_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    given = numbers(100, 40)
    whole, filled = learned(Impute(), given)
    monkeypatch.setattr(filling, "CELLS", 700)
    parts, again = learned(Impute(), given)
    assert (parts.values, parts.gaps) == (whole.values, whole.gaps)
    assert np.array_equal(again, filled)


def test_words_and_numbers_side_by_side_keep_their_order() -> None:
    given = table(a=[1.0, None, 4.0, 4.0], city=["rome", None, "oslo", "rome"], b=[None, 2.0, 2.0, 9.0], sex=["f"] * 4)
    found, filled = learned(Impute(columns=("a", "city", "b", "sex"), strategy="most_frequent"), given)
    assert found.values == (4.0, 1.0, 2.0, 0.0)
    assert filled[:2].tolist() == [[1, 1, 2, 0, 0, 0, 1], [4, 1, 2, 0, 1, 1, 0]]


def test_a_constant_word_is_filled_in_columns_of_different_vocabularies() -> None:
    given = table(one=["b", None], two=["x", None], three=["b", "c"])
    found, filled = learned(Impute(columns="category", strategy="constant", value="c", flag=False), given)
    assert found.values == (1.0, 0.0, 1.0)
    assert filled.tolist() == [[0, 1, 0], [1, 0, 1]]


def test_thousands_of_columns_are_learned_in_less_than_a_hundredth_of_a_second_each() -> None:
    given = numbers(400, 3_000)
    began = time.process_time()
    Impute(flag=False).learn(Batch(given), Context())
    assert time.process_time() - began < 3.0
