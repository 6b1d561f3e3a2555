"""What is learned for watching: by days where there is a time, from scores that the model did not learn from."""

import numpy as np

from modelyard.measure.broken import broken
from modelyard.measure.estimate import estimate
from modelyard.package.codec import from_blob, to_blob
from modelyard.package.model import Monitors
from modelyard.project.graph import Node
from modelyard.rows.table import Table, Vector, coded
from modelyard.run.reference import Unseen, Watching, reference
from modelyard.schema.target import Outcome
from modelyard.steps.deploy.service import Log, Service
from modelyard.steps.monitor.drift import Drift

DAY = 86_400_000_000
BINARY = Outcome(task="classification", classes=("false", "true"), labels=(False, True), positive=1)


def rows(n: int = 6000, days: int = 40, seed: int = 0) -> tuple[Table, np.ndarray, Unseen]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    table = Table({"x": Vector("number", x), "c": coded(rng.choice(["a", "b"], n).tolist())}, n)
    time = np.sort(rng.integers(0, days * DAY, n)).astype(np.float64)
    p = 1 / (1 + np.exp(-x))
    y = (rng.random(n) < p).astype(np.float64)
    y[:20] = np.nan
    scores = np.column_stack([1 - p, p])
    return table, time, Unseen(y, scores, (p > 0.5).astype(np.float64), time)


def test_days_are_drawn_where_rows_have_a_time_and_single_rows_where_not() -> None:
    table, time, unseen = rows()
    profile, monitors = reference(table, time, unseen, BINARY)
    assert monitors.drift is not None
    assert (monitors.drift.by, monitors.drift.horizon, len(profile.periods)) == ("days", 90, 40)
    assert 3.0 < monitors.drift.h < 6.0
    timeless = Unseen(unseen.y, unseen.scores, unseen.prediction)
    profile, monitors = reference(table, None, timeless, BINARY)
    assert monitors.drift is not None
    assert (monitors.drift.by, profile.periods, monitors.past_errors) == ("rows", (), {})
    assert broken(profile, profile.reference) == ()


def test_the_reference_of_answers_is_that_of_the_scores_and_estimates_hold() -> None:
    table, time, unseen = rows()
    _, monitors = reference(table, time, unseen, BINARY)
    auc = monitors.reference["roc_auc"]
    assert auc.low < auc.value < auc.high
    assert monitors.estimator is not None
    fresh = rows(seed=1)[2]
    found = estimate(monitors.estimator, fresh.scores[:, 1], fresh.prediction, monitors.past_errors)["roc_auc"]
    assert found.low < auc.value < found.high
    assert len(monitors.past_errors["roc_auc"]) == 6
    assert all(abs(error) < 0.1 for error in monitors.past_errors["accuracy"])
    assert monitors.loss == "log_loss"
    assert monitors.losses is not None
    assert len(monitors.losses.periods) == 40
    assert from_blob(to_blob(monitors), Monitors) == monitors


def test_a_regression_has_losses_and_no_estimate() -> None:
    table, time, unseen = rows()
    y = unseen.scores[:, 1] + np.random.default_rng(3).normal(size=len(time))
    regression = Unseen(y, unseen.scores[:, 1:], unseen.scores[:, 1], time)
    _, monitors = reference(table, time, regression, Outcome(task="regression"))
    assert (monitors.loss, monitors.estimator, monitors.past_errors) == ("mae", None, {})
    assert 0.7 < monitors.reference["mae"].value < 0.9


def test_few_labels_leave_the_inputs_watched_and_the_same_rows_give_the_same() -> None:
    table, time, unseen = rows(n=600)
    few = Unseen(np.where(np.arange(600) < 30, unseen.y, np.nan), unseen.scores, unseen.prediction, time)
    first, second = (reference(table, time, few, BINARY) for _ in range(2))
    assert first == second
    assert first[1].losses is None
    assert first[1].drift is not None


def test_what_the_file_says_of_watching_is_read_off_its_live_steps() -> None:
    live = (
        Node(id="service", kind="deploy.service", step=Service(log=Log(without=("c",)))),
        Node(id="drift", kind="monitor.drift", step=Drift(window="7d", false_alarms="1 per 364d")),
    )
    watching = Watching.of(live)
    assert watching == Watching("7d", "1 per 364d", ("c",))
    assert watching.budget == (0.55, 52)
    table, time, unseen = rows()
    profile, monitors = reference(table, time, unseen, BINARY, watching)
    assert (profile.names, profile.window, len(profile.periods)) == (("x",), 7 * DAY, 6)
    assert monitors.drift is not None
    assert monitors.drift.by == "rows", "six weeks are too few to draw from"
