"""What monitors learned at packaging is plain data that comes back as it was."""

import numpy as np
from msgspec.structs import replace
from small_model import model

from modelyard.measure.concept import calibrate_losses, learn_losses
from modelyard.measure.drift import calibrate
from modelyard.measure.estimate import learn_estimator
from modelyard.measure.intervals import Interval
from modelyard.package.codec import from_blob, to_blob
from modelyard.package.model import Model, Monitors


def test_monitors_come_back_as_they_were_and_a_model_may_have_none() -> None:
    rng = np.random.default_rng(0)
    score = rng.random(400)
    y = (rng.random(400) < score).astype(float)
    small = model()
    assert small.profile is not None
    losses = learn_losses(np.abs(y - score))
    monitors = Monitors(
        drift=calibrate(small.profile, rows=50, horizon=5, repeats=5),
        false_alarms="1 per 90d",
        estimator=learn_estimator(y, score, repeats=3),
        past_errors={"roc_auc": (0.01, -0.02)},
        loss="log_loss",
        losses=losses,
        concept=calibrate_losses(losses, horizon=5, repeats=5),
        reference={"roc_auc": Interval(0.8, float("-inf"), 0.9)},
    )
    assert small.monitors is None
    assert from_blob(to_blob(replace(small, monitors=monitors)), Model).monitors == monitors
    assert from_blob(to_blob(small), Model).monitors is None
