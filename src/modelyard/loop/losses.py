"""Has what the answers mean changed? The loss of each labelled row, scanned like drift, at a promised rate of alarms.

Finds a slow decline that no single window shows. It says `worse` where the file sets no limits of its own: then
significantly worse than before is the limit.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from modelyard.loop.quality import Found, Progress, Window, shown
from modelyard.loop.truths import Answered
from modelyard.measure.concept import LossReport, count_losses, observe_losses
from modelyard.measure.metrics import METRICS
from modelyard.rows.table import Floats

SOURCE = "losses"


def losses(window: Window, progress: Progress) -> Found:
    after, known, monitors = replace(progress, losses=window.end), window.rows.known, window.watched.model.monitors
    if not len(known) or monitors is None or monitors.losses is None or monitors.concept is None:
        return Found(after)
    counts = count_losses(monitors.losses, _per_row(monitors.loss, known))
    state, report = observe_losses(monitors.losses, monitors.concept, progress.state, window.start, counts)
    after = replace(after, state=state)
    facts = {"labelled": len(known), "metric": monitors.loss, **shown(report.loss), "usual": report.usual,
             "z": report.z, "h": report.h, "approximate": report.approximate}  # fmt: skip
    note = {**facts, "worse": report.worse}
    if window.asked.worse_than:
        return Found(after, (), note)
    worse = report.worse and report.loss.low > report.usual
    after = after.opened(SOURCE, worse)
    if not worse or SOURCE in progress.open:
        return Found(after, (), note)
    evidence = {**facts, "windows": report.scale, "smallest_shift": (report.loss.high - report.loss.low) / 2}
    said = _said(monitors.loss, report)
    return Found(after, (window.worse(SOURCE, said, evidence, report.since, report.approximate),), note)


def _per_row(loss: str, known: Answered) -> Floats:
    per_row = METRICS[loss].per_row
    return np.zeros(len(known)) if per_row is None else per_row(known.judged)


def _said(loss: str, report: LossReport) -> str:
    windows = f"{report.scale} windows" if report.scale > 1 else "window"
    usual = f"usually {report.usual:.4g} (z {report.z:.1f}, alarm above {report.h:.1f})"
    return f"{loss} of the last {windows} is {report.loss.value:.4g}, {usual}"
