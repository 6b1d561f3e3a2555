"""Each metric against scikit-learn, with and without weights."""

import numpy as np
import pytest
from sklearn import metrics as oracle

from modelyard.errors.measure import UnknownMetric
from modelyard.measure.curves import calibration, precision_recall, roc
from modelyard.measure.metrics import judged, metric, metrics_for
from modelyard.schema.target import Outcome

rng = np.random.default_rng(3)
N = 400
BINARY = Outcome(task="classification", classes=("no", "yes"), positive=1)
THREE = Outcome(task="classification", classes=("a", "b", "c"))
WEIGHTS = [None, rng.integers(1, 4, N).astype(float)]


def binary(weight):
    y = (rng.random(N) < 0.3).astype(float)
    p = np.round(np.clip(rng.normal(0.3 + 0.3 * y, 0.2), 0.01, 0.99), 2)
    return judged(y, np.stack([1 - p, p], 1), (p > 0.45).astype(float), BINARY, weight), y, p


@pytest.mark.parametrize("weight", WEIGHTS)
def test_binary_metrics_equal_scikit_learn(weight):
    j, y, p = binary(weight)
    label = j.prediction
    expected = {
        "roc_auc": oracle.roc_auc_score(y, p, sample_weight=weight),
        "average_precision": oracle.average_precision_score(y, p, sample_weight=weight),
        "log_loss": oracle.log_loss(y, p, sample_weight=weight),
        "brier": oracle.brier_score_loss(y, p, sample_weight=weight),
        "accuracy": oracle.accuracy_score(y, label, sample_weight=weight),
        "balanced_accuracy": oracle.balanced_accuracy_score(y, label, sample_weight=weight),
        "precision": oracle.precision_score(y, label, sample_weight=weight),
        "recall": oracle.recall_score(y, label, sample_weight=weight),
        "f1": oracle.f1_score(y, label, sample_weight=weight),
    }
    assert {m.name: m(j) for m in metrics_for(BINARY)} == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_multiclass_metrics_are_macro_means_as_in_scikit_learn(weight):
    y = rng.integers(0, 3, N).astype(float)
    s = rng.random((N, 3)) + 0.5 * np.eye(3)[y.astype(int)]
    s /= s.sum(1, keepdims=True)
    label = s.argmax(1).astype(float)
    kw = {"sample_weight": weight}
    expected = {
        "roc_auc": oracle.roc_auc_score(y, s, multi_class="ovr", **kw),
        "average_precision": oracle.average_precision_score(np.eye(3)[y.astype(int)], s, **kw),
        "log_loss": oracle.log_loss(y, s, **kw),
        "brier": oracle.brier_score_loss(y, s, scale_by_half=False, **kw),
        "accuracy": oracle.accuracy_score(y, label, **kw),
        "balanced_accuracy": oracle.balanced_accuracy_score(y, label, **kw),
        "precision": oracle.precision_score(y, label, average="macro", **kw),
        "recall": oracle.recall_score(y, label, average="macro", **kw),
        "f1": oracle.f1_score(y, label, average="macro", **kw),
    }
    found = {m.name: m(judged(y, s, label, THREE, weight)) for m in metrics_for(THREE)}
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_regression_metrics_equal_scikit_learn(weight):
    outcome = Outcome(task="regression")
    y, p = rng.normal(size=N), rng.normal(size=N)
    kw = {"sample_weight": weight}
    expected = {
        "rmse": oracle.root_mean_squared_error(y, p, **kw),
        "mae": oracle.mean_absolute_error(y, p, **kw),
        "r2": oracle.r2_score(y, p, **kw),
        "medae": oracle.median_absolute_error(y, p, **kw),
    }
    found = {m.name: m(judged(y, p, p, outcome, weight)) for m in metrics_for(outcome)}
    assert found == pytest.approx(expected, abs=1e-12)


def test_a_metric_that_is_not_defined_is_nan_and_no_error():
    one = judged(np.ones(5), np.full((5, 2), 0.5), np.ones(5), BINARY)
    none = judged(np.empty(0), np.empty((0, 2)), np.empty(0), BINARY)
    assert np.isnan(metric("roc_auc")(one))
    assert np.isnan(metric("accuracy")(none))


def test_a_misspelt_metric_gets_did_you_mean():
    with pytest.raises(UnknownMetric, match="did you mean 'roc_auc'"):
        metric("roc_acu")


def test_curves_equal_scikit_learn():
    _, y, p = binary(None)
    fpr, tpr, at = oracle.roc_curve(y, p, drop_intermediate=False)
    ours = roc(y, p, points=1000)
    assert (ours.x, ours.y, ours.threshold) == (pytest.approx(fpr), pytest.approx(tpr), pytest.approx(at))
    precision, recall, _ = oracle.precision_recall_curve(y, p)
    pr = precision_recall(y, p, points=1000)
    assert pr.x == pytest.approx(recall[::-1][1:])
    assert pr.y == pytest.approx(precision[::-1][1:])
    assert sum(calibration(y, p).rows) == N
