"""What the selections keep, against scikit-learn and SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr
from sklearn.feature_selection import VarianceThreshold

from flights import NUMBERS, labelled
from modelyard.errors.data import NoRows, WrongType
from modelyard.rows.table import Table, Vector, table
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.step.step import Learns
from modelyard.steps.select.correlation import Correlation, correlations
from modelyard.steps.select.variance import Variance

CTX = Context()


def numbers(n: int, seed: int, gaps: float = 0.1) -> Table:
    random = np.random.default_rng(seed)
    a, b = random.normal(5, 100, n), random.exponential(1.0, n)
    made = {"a": a, "b": b, "near": a + random.normal(size=n), "against": -3 * a + 7, "curve": np.exp(a / 50)}
    made |= {"still": np.full(n, 0.1), "weak": random.normal(scale=0.3, size=n)}
    for name in ("a", "b", "near"):
        made[name] = np.where(random.random(n) < gaps, np.nan, made[name])
    return Table({name: Vector("number", values) for name, values in made.items()}, n)


def kept(step: Learns, rows: Table, **more: Any) -> list[str]:
    learned = step.learn(Batch(rows, **more), CTX).learned
    return [name for name in rows.names if name not in learned.removes]


@pytest.mark.parametrize("above", [0.0, 0.05, 0.2, 500.0, 10_000.0])
def test_variance_keeps_what_scikit_learn_keeps(above: float) -> None:
    rows = numbers(2_000, 1)
    support = VarianceThreshold(above).fit(rows.matrix("all")).get_support()
    assert kept(Variance(above=above), rows) == [name for name, stays in zip(rows.names, support, strict=True) if stays]


def test_variance_of_flights_is_scikit_learns() -> None:
    rows, _ = labelled(110_000)
    support = VarianceThreshold(100.0).fit(rows.matrix("numeric")).get_support()
    ours = kept(Variance(above=100.0), rows)
    assert [name for name in ours if name in NUMBERS] == [n for n, stays in zip(NUMBERS, support, strict=True) if stays]


def test_a_column_of_nulls_and_a_lone_value_do_not_move() -> None:
    rows = Table(
        {"n": Vector("number", np.full(3, np.nan)), "one": Vector("number", np.array([np.nan, 2.0, np.nan]))}, 3
    )
    assert kept(Variance(), rows) == []


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.1, 0.5]))
def test_correlations_are_scipys_on_the_rows_that_both_have(seed: int, gaps: float) -> None:
    rows = numbers(300, seed, gaps)
    names = ("a", "b", "near", "against", "curve", "weak")
    ours = correlations(rows, names, "pearson")
    for i, one in enumerate(names):
        for j, two in enumerate(names):
            both = ~np.isnan(rows[one]) & ~np.isnan(rows[two])
            theirs = pearsonr(rows[one][both], rows[two][both]).statistic
            assert ours[i, j] == pytest.approx(theirs, abs=1e-9)


def test_ranks_are_scipys_where_nothing_is_missing() -> None:
    rows = numbers(500, 1, gaps=0.0)
    names = ("a", "b", "near", "against", "curve", "weak")
    np.testing.assert_allclose(
        correlations(rows, names, "spearman"), spearmanr(rows.matrix(names)).statistic, atol=1e-12
    )


def test_of_a_pair_the_first_stays_and_of_three_the_first_too() -> None:
    rows = numbers(1_000, 1)
    assert kept(Correlation(), rows) == ["a", "b", "curve", "still", "weak"]
    assert kept(Correlation(method="spearman"), rows) == ["a", "b", "still", "weak"]
    backwards = Table({name: rows.vector(name) for name in reversed(rows.names)}, len(rows))
    assert kept(Correlation(), backwards) == ["weak", "still", "curve", "against", "b"]


def test_copies_are_found_at_one_and_constants_stay() -> None:
    rows = table(a=[0.1, 0.2, 0.7], copy=[0.1, 0.2, 0.7], c=[3.0, 3.0, 3.0], d=[3.0, 3.0, 3.0])
    assert kept(Correlation(at_least=1.0), rows) == ["a", "c", "d"]


def test_a_large_offset_hides_no_correlation() -> None:
    x = np.random.default_rng(0).normal(size=400)
    noise = np.random.default_rng(1).normal(size=400)
    rows = Table({"a": Vector("number", 1e9 + x), "b": Vector("number", 1e9 + noise)}, 400)
    assert abs(correlations(rows, ("a", "b"), "pearson")[0, 1] - pearsonr(1e9 + x, 1e9 + noise).statistic) < 1e-6


@pytest.mark.parametrize("step", [Variance(), Correlation()])
def test_what_they_cannot_measure_is_said(step: Learns) -> None:
    with pytest.raises(WrongType, match="infinite"):
        step.learn(Batch(table(a=[1.0, float("inf")], b=[1.0, 2.0])), CTX)
    with pytest.raises(NoRows):
        step.learn(Batch(numbers(0, 1)), CTX)
    with pytest.raises(WrongType, match="category"):
        type(step)(columns="all").learn(Batch(table(a=[1.0], b=["x"])), CTX)
