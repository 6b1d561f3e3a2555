"""Watch the feed as a whole: rules that the rows of each window together must keep. Honoured by loop/."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from modelyard.errors.data import BadDuration
from modelyard.schema.duration import microseconds
from modelyard.schema.rules import TableRule
from modelyard.step.step import Policy


class Rules(Policy, frozen=True, kw_only=True, tag="monitor.rules"):
    """The table rules of check.rules on the requests of each window, whichever version answered them: a rule that is
    broken says `broken`, and nothing is learned meanwhile; with `else: warn` it is only written down. `fresh` is
    judged by the end of the window. A window without a row is judged like any other.

    Right: what must hold of every day's requests: rows came, keys are unique, nulls are few. Wrong: gradual
    change: that is monitor.drift, which knows how much is chance.

    >>> Rules().window
    '1d'
    """

    verdicts: ClassVar[tuple[str, ...]] = ("broken",)

    window: Annotated[str, Meta(description="How much event time is judged at once.")] = "1d"
    table: Annotated[
        tuple[TableRule, ...], Meta(description="[{rule: rows, min: 100}, …]: rows, null_share, unique, key, fresh.")
    ] = ()

    def __post_init__(self) -> None:
        if not microseconds(self.window):
            raise BadDuration(f"window: {self.window!r} holds nothing", who="monitor.rules")
