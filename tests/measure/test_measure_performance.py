"""Broken feeds, concept drift on losses, and performance before labels."""

import msgspec
import numpy as np
import pytest
from scipy import stats

from modelyard.measure.broken import broken
from modelyard.measure.concept import (
    LossCalibration,
    Losses,
    LossState,
    calibrate_losses,
    count_losses,
    learn_losses,
    loss_z,
    observe_losses,
    stream_maximum,
)
from modelyard.measure.estimate import EXPECTED, estimate, learn_estimator
from modelyard.measure.metrics import judged, metric
from modelyard.measure.profile import DAY, count, profile
from modelyard.rows.table import Table, Vector, coded, table


@pytest.fixture(scope="module")
def healthy():
    rng = np.random.default_rng(0)
    n = 3000
    x = rng.normal(size=n)
    x[rng.random(n) < 0.1] = np.nan
    vectors = {
        "x": Vector("number", x),
        "c": coded([f"v{k}" for k in rng.integers(0, 5, n)]),
        "day": Vector("number", np.repeat(np.arange(30.0), 100)),
    }
    t = Table(vectors, n)
    return t, profile(t, np.repeat(np.arange(30.0), 100) * DAY)


def reasons(healthy, **columns):
    t, p = healthy
    live = t.take(np.arange(100)).with_(columns)
    return [(b.column, b.reason) for b in broken(p, count(p, live))]


def test_no_day_of_the_reference_is_broken(healthy):
    p = healthy[1]
    assert all(broken(p, day) == () for day in p.periods)


def test_broken_columns_are_named_with_their_reason(healthy):
    assert reasons(healthy, x=Vector("number", np.full(100, np.nan))) == [("x", "nulls")]
    assert reasons(healthy, x=Vector("number", np.full(100, 3.0))) == [("x", "stuck")]
    assert reasons(healthy, c=coded(["new"] * 60 + ["v1"] * 40)) == [("c", "unseen")]
    assert reasons(healthy, c=coded(["v1"] * 100)) == [("c", "stuck")]
    assert reasons(healthy, c=coded(["v1"] * 50 + ["v2"] * 50)) == []
    p = healthy[1]
    assert [b.reason for b in broken(p, count(p, table(x=[1.0])), missing=["c"], wrong_type=["x"])] == [
        "type",
        "missing",
    ]


def test_a_window_of_few_rows_is_not_called_broken(healthy):
    p = healthy[1]
    assert broken(p, count(p, healthy[0].take(np.arange(1)).with_({"x": Vector("number", np.array([np.nan]))}))) == ()
    assert broken(p, count(p, healthy[0].take(np.arange(0)))) == ()


@pytest.mark.parametrize("effect", [0.0, 0.3])
def test_the_rate_holds_too_for_whole_days_alike_or_not(effect):
    found = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        days = np.abs(rng.normal(size=(40 + 90, 200))) * np.exp(effect * rng.normal(size=(130, 1)))
        losses = learn_losses(days[:40].ravel(), np.repeat(np.arange(40.0), 200) * DAY)
        calibration = calibrate_losses(losses, alpha=0.1, repeats=60, seed=seed)
        live = np.array([count_losses(losses, day) for day in days[40:]])
        reference, values = np.array(losses.reference), np.array(losses.values)
        found += stream_maximum(live, reference, values, calibration.ratio) > calibration.h
    assert stats.binomtest(found, 60, 0.1).pvalue > 0.01


def test_the_rate_of_false_alarms_on_losses_is_the_promised_ten_percent():
    found = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        losses = learn_losses((rng.random(3000) < 0.15).astype(float))
        calibration = calibrate_losses(losses, alpha=0.1, horizon=40, rows=100, repeats=60, seed=seed)
        live = np.array([count_losses(losses, (rng.random(100) < 0.15).astype(float)) for _ in range(40)])
        found += stream_maximum(live, np.array(losses.reference), np.array(losses.values)) > calibration.h
    assert stats.binomtest(found, 200, 0.1).pvalue > 0.01


def test_more_errors_are_found_and_fewer_are_no_alarm():
    rng = np.random.default_rng(1)
    losses = learn_losses((rng.random(5000) < 0.15).astype(float))
    calibration = calibrate_losses(losses, alpha=0.1, horizon=60, rows=100)
    for rate, worse in ((0.25, True), (0.05, False)):
        state, reports = LossState(), []
        for day in range(40):
            error = 0.15 if day < 30 else rate
            window = count_losses(losses, (rng.random(100) < error).astype(float))
            state, report = observe_losses(losses, calibration, state, day * DAY, window)
            reports.append(report)
        assert not any(r.worse for r in reports[:30])
        assert reports[-1].worse == worse
        if worse:
            assert 28 <= reports[-1].since // DAY <= 36
            assert reports[-1].loss.low < 0.25 < reports[-1].loss.high
    assert msgspec.json.decode(msgspec.json.encode(state), type=LossState) == state
    assert msgspec.json.decode(msgspec.json.encode(losses), type=Losses) == losses
    assert msgspec.json.decode(msgspec.json.encode(calibration), type=LossCalibration) == calibration


def test_days_whose_losses_differ_widen_the_check():
    rng = np.random.default_rng(2)
    days = np.repeat(np.arange(60.0), 100)
    loss = np.exp(rng.normal(size=6000) + np.repeat(rng.normal(0, 0.4, 60), 100))
    calibration = calibrate_losses(learn_losses(loss, days * DAY), repeats=60)
    assert calibration.approximate
    assert calibration.ratio > 3
    assert not calibrate_losses(learn_losses(rng.permutation(loss), days * DAY), repeats=60).approximate


def test_the_check_of_zero_one_losses_is_the_two_proportion_test():
    x, r = np.array([70.0, 30.0]), np.array([850.0, 150.0])
    oracle = stats.chi2_contingency([x, r], correction=False).statistic ** 0.5
    assert float(loss_z(x, r, np.array([0.0, 1.0]))) == pytest.approx(oracle)


def test_expected_metrics_of_known_labels_are_the_metrics():
    rng = np.random.default_rng(3)
    y, p = (rng.random(500) < 0.4).astype(float), np.round(rng.random(500), 2)
    j = judged(y, np.stack([1 - p, p], 1), (p > 0.5).astype(float))
    for name, function in EXPECTED.items():
        assert function(y, p, j.prediction) == pytest.approx(metric(name)(j), abs=1e-9)


def test_estimates_lie_near_the_truth_and_their_intervals_cover_it():
    covered, errors = dict.fromkeys(EXPECTED, 0), []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        score = rng.random(4000)
        y = (rng.random(4000) < score**2).astype(float)  # badly calibrated, so that calibrating matters
        found = estimate(learn_estimator(y[:3000], score[:3000], repeats=40), score[3000:], (score[3000:] > 0.6) * 1.0)
        live = np.stack([1 - score, score], 1)[3000:]
        j = judged(y[3000:], live, (score[3000:] > 0.6).astype(float))
        for name, interval in found.items():
            truth = metric(name)(j)
            covered[name] += interval.low <= truth <= interval.high
            errors.append(abs(interval.value - truth) if name == "roc_auc" else 0)
    assert max(errors) < 0.06
    for name, hits in covered.items():
        assert stats.binomtest(hits, 60, 0.93).pvalue > 0.001, (name, hits)


def test_past_errors_widen_the_interval():
    rng = np.random.default_rng(4)
    score = rng.random(2000)
    y = (rng.random(2000) < score).astype(float)
    learned = learn_estimator(y, score, repeats=20)
    plain = estimate(learned, score, (score > 0.5) * 1.0)["roc_auc"]
    wide = estimate(learned, score, (score > 0.5) * 1.0, {"roc_auc": [0.1, -0.1]})["roc_auc"]
    assert wide.low == pytest.approx(plain.value - 0.2)
