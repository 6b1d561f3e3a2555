"""Associations are SciPy's, pair by pair; corrected ones are near 0 where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats
from scipy.stats.contingency import association

from flights import flights, labelled
from modelyard.measure.associations import correlation_ratio, cramers_v, pearson, ranks, spearman


def numbers() -> np.ndarray:
    frame = flights().head(20_000).select("dep_delay", "arr_delay", "air_time", "distance", "hour")
    return frame.cast(float).fill_null(float("nan")).to_numpy()


def test_pearson_is_scipys_over_the_rows_that_both_know() -> None:
    X = numbers()
    found = pearson(X)
    for i in range(X.shape[1]):
        for j in range(i):
            both = ~np.isnan(X[:, i]) & ~np.isnan(X[:, j])
            assert found[i, j] == pytest.approx(stats.pearsonr(X[both, i], X[both, j]).statistic, abs=1e-10)
            assert found[i, j] == found[j, i]


def test_spearman_without_gaps_is_scipys_and_with_gaps_pearson_of_each_columns_own_ranks() -> None:
    X = numbers()
    whole = X[~np.isnan(X).any(axis=1)]
    assert spearman(whole) == pytest.approx(stats.spearmanr(whole).statistic, abs=1e-10)
    both = ~np.isnan(X[:, 0]) & ~np.isnan(X[:, 1])
    own = [stats.rankdata(X[:, c], nan_policy="omit")[both] for c in (0, 1)]
    assert spearman(X)[0, 1] == pytest.approx(stats.pearsonr(*own).statistic, abs=1e-10)


@given(some.lists(some.one_of(some.integers(-3, 3).map(float), some.just(float("nan"))), min_size=1, max_size=40))
@settings(deadline=None, max_examples=100)
def test_ranks_are_scipys(values: list[float]) -> None:
    given_ = np.array(values)
    known = ~np.isnan(given_)
    assert np.isnan(ranks(given_)[~known]).all()
    assert ranks(given_)[known].tolist() == stats.rankdata(given_[known]).tolist()


def test_cramers_v_is_scipys_and_its_correction_is_bergsmas() -> None:
    table, _ = labelled(20_000)
    a, b = table["carrier"], table["dest"]
    crossed = stats.contingency.crosstab(a, b).count
    assert cramers_v(a, b, corrected=False) == pytest.approx(association(crossed, method="cramer"), rel=1e-12)
    n, (r, k) = crossed.sum(), crossed.shape
    phi = stats.chi2_contingency(crossed, correction=False).statistic / n - (r - 1) * (k - 1) / (n - 1)
    smaller = min(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1))
    assert cramers_v(a, b) == pytest.approx(np.sqrt(phi / (smaller - 1)), rel=1e-12)


def test_the_correlation_ratio_is_that_of_a_one_way_analysis_of_variance() -> None:
    table, y = labelled(20_000)
    groups = [y[table["carrier"] == code] for code in np.unique(table["carrier"])]
    f, n, k = stats.f_oneway(*groups).statistic, len(y), len(groups)
    between = f * (k - 1) / (f * (k - 1) + n - k)
    assert correlation_ratio(table["carrier"], y, corrected=False) == pytest.approx(np.sqrt(between), rel=1e-10)
    corrected = 1 - (1 - between) * (n - 1) / (n - k)
    assert correlation_ratio(table["carrier"], y) == pytest.approx(np.sqrt(corrected), rel=1e-10)


def test_names_of_rows_explain_nothing() -> None:
    rng = np.random.default_rng(0)
    names, y, other = rng.permutation(500) // 2.0, rng.normal(size=500), rng.integers(0, 3, 500).astype(float)
    assert correlation_ratio(names, y, corrected=False) > 0.6
    assert correlation_ratio(names, y) < 0.35
    assert cramers_v(names, other, corrected=False) > 0.6
    assert cramers_v(names, other) < 0.3


def test_constant_columns_and_too_few_rows_have_none() -> None:
    X = np.array([[1.0, 2.0], [1.0, 3.0], [1.0, np.nan]])
    assert np.isnan(pearson(X)[0, 1])
    assert np.isnan(cramers_v(np.zeros(5), np.arange(5.0)))
    assert np.isnan(correlation_ratio(np.zeros(5), np.arange(5.0)))
    huge = np.array([[1e300, 1.0], [-1e300, 2.0], [5e299, 1.5]])
    assert abs(pearson(huge)[0, 1]) <= 1
