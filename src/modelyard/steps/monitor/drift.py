"""Watch the inputs: have they moved from what training saw? Honoured by loop/, computed by measure/."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from modelyard.errors.data import BadDuration
from modelyard.schema.duration import Rate, microseconds
from modelyard.step.step import Policy


class Drift(Policy, frozen=True, kw_only=True, tag="monitor.drift"):
    """One threshold for all columns and windows together, set so that false alarms keep the rate promised.

    Right: a year's reference and `false_alarms: 1 per 90d`: a night's sleep. Wrong: as a measure of harm: a
    shifted column may not matter, monitor.performance says whether it does.

    >>> Drift().false_alarms
    '1 per 90d'
    """

    verdicts: ClassVar[tuple[str, ...]] = ("drifted", "broken")

    window: Annotated[str, Meta(description="How much event time is compared at once.")] = "1d"
    false_alarms: Annotated[str, Meta(description="The rate promised while nothing changes.")] = "1 per 90d"

    def __post_init__(self) -> None:
        if Rate.parse(self.false_alarms).per < microseconds(self.window):
            raise BadDuration(f"false_alarms: {self.false_alarms!r} is a shorter time than the window {self.window!r}")
