"""Errors about measuring: metrics, calibration, monitors."""

from __future__ import annotations

from modelyard.errors import ModelyardError


class UnknownMetric(ModelyardError):
    """`metrics:` or `choose:` names a metric that does not exist, or not for this task."""

    way_out = "Choose one of the metrics listed in docs/metrics.md."
    exit = 2


class NotCalibrated(ModelyardError):
    """A monitor is asked to watch with a profile that carries no threshold."""

    way_out = "Package the model again: its monitors are calibrated then."
