"""Intervals, comparisons and calibration, against SciPy and scikit-learn and by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss

from modelyard.measure.calibrate import binned, isotonic
from modelyard.measure.compare import gains, over_folds, over_rows, tied_with
from modelyard.measure.intervals import auc_interval, bootstrap
from modelyard.measure.metrics import judged, metric
from modelyard.measure.student import from_folds


def test_without_correction_the_fold_test_is_scipys_paired_t():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.8, 0.02, 8), rng.normal(0.79, 0.02, 8)
    oracle = stats.ttest_rel(a, b, alternative="greater")
    found = over_folds(a, b, greater_is_better=True, test_share=0.0)
    assert found.p == pytest.approx(oracle.pvalue)
    assert found.bound == pytest.approx(oracle.confidence_interval(0.95).low)
    assert over_folds(b, a, greater_is_better=False, test_share=0.0).p == pytest.approx(oracle.pvalue)
    assert over_folds(a, b, greater_is_better=True).bound < found.bound


def test_equal_candidates_are_tied_and_a_worse_one_is_not():
    a = np.array([0.80, 0.82, 0.79, 0.81, 0.80])
    folds = {"a": a, "same": a.copy(), "near": a - [0.01, -0.01, 0.02, 0.0, 0.01], "far": a - 0.2}
    assert tied_with("a", folds, greater_is_better=True) == ("same", "near")


def test_the_interval_over_folds_is_students():
    x = np.array([0.7, 0.75, 0.72, 0.71])
    low, high = stats.t.interval(0.95, 3, x.mean(), stats.sem(x))
    found = from_folds(x, test_share=0.0)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_by_row_bootstrap_of_a_mean_is_as_wide_as_theory_says():
    rng = np.random.default_rng(1)
    y = rng.normal(size=2000)
    j = judged(y, np.zeros(2000), np.zeros(2000))
    found = bootstrap(metric("mae"), j, repeats=400)
    expected = 2 * 1.96 * np.abs(y).std() / 2000**0.5
    assert found.high - found.low == pytest.approx(expected, rel=0.15)


def test_day_blocks_widen_an_interval_where_days_differ():
    rng = np.random.default_rng(2)
    days = np.repeat(np.arange(30.0), 50)
    y = rng.normal(size=1500) + np.repeat(rng.normal(size=30), 50)
    j = judged(y, np.zeros(1500), np.zeros(1500))
    rows, blocks = bootstrap(metric("rmse"), j), bootstrap(metric("rmse"), j, groups=days)
    assert blocks.high - blocks.low > 1.8 * (rows.high - rows.low)


def test_the_one_sided_bound_by_day_is_crossed_by_chance_about_five_times_in_a_hundred():
    rng = np.random.default_rng(3)
    days = np.repeat(np.arange(40.0), 20)
    better = 0
    for k in range(300):
        gain = rng.normal(size=800) + np.repeat(rng.normal(size=40), 20)
        better += gains(gain, days, repeats=300, seed=k).better
    assert stats.binomtest(better, 300, 0.06).pvalue > 0.001


def test_models_are_compared_on_the_same_rows_for_every_sort_of_metric():
    rng = np.random.default_rng(4)
    y = (rng.random(2000) < 0.5).astype(float)
    good, poor = 1 / (1 + np.exp(-rng.normal(3 * y - 1.5, 1))), 1 / (1 + np.exp(-rng.normal(y - 0.5, 1)))
    first, second = (judged(y, np.stack([1 - p, p], 1), (p > 0.5).astype(float)) for p in (good, poor))
    for name in ("log_loss", "accuracy", "roc_auc"):
        assert over_rows(first, second, metric(name), repeats=200).better
        assert not over_rows(second, first, metric(name), repeats=200).better


def test_the_interval_of_an_auc_covers_it():
    rng = np.random.default_rng(5)
    truth = stats.norm.cdf(1 / 2**0.5)
    hits = 0
    for _ in range(200):
        y = np.repeat([0.0, 1.0], 60)
        p = rng.normal(y)
        auc = metric("roc_auc")(judged(y, np.stack([-p, p], 1), y))
        found = auc_interval(auc, 60, 60)
        hits += found.low <= truth <= found.high
    assert stats.binomtest(hits, 200, 0.95).pvalue > 0.001


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 12), st.booleans(), st.integers(1, 3)), min_size=2, max_size=60))
def test_isotonic_equals_scikit_learn(rows):
    score, y, weight = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    oracle = IsotonicRegression(out_of_bounds="clip").fit(score, y, weight)
    at = np.linspace(-1, 13, 57)
    assert isotonic(y, score, weight)(at) == pytest.approx(oracle.predict(at), abs=1e-9)


def test_fifty_bins_calibrate_nearly_as_well_as_isotonic():
    rng = np.random.default_rng(6)
    p = rng.random(20_000)
    y = (rng.random(20_000) < p**2).astype(float)
    fresh = rng.random(20_000)
    truth = (rng.random(20_000) < fresh**2).astype(float)
    best = brier_score_loss(truth, fresh**2)
    for calibrator in (isotonic(y, p), binned(y, p)):
        assert brier_score_loss(truth, calibrator(fresh)) < best + 0.001
    assert brier_score_loss(truth, fresh) > best + 0.02
