"""When to learn anew, from which rows, and who promotes. Honoured by loop/."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from modelyard.errors.data import BadDuration
from modelyard.schema.duration import Rate, microseconds
from modelyard.step.step import Policy

CLOCKS = ("every", "new_labels")
VERDICTS = ("broken", "drifted", "worse")


class Rows(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """`source`: the file's own rows; `log`: labelled rows that were served; `both`, once per id."""

    from_: Literal["source", "log", "both"] = "both"
    keep_last: str | None = None


class When(Policy, frozen=True, kw_only=True, tag="retrain.when"):
    """Retrain when any of these happens, at most so often; promote by a person or by the gate.

    Right: `every: 30d` and a verdict, promoted by the gate. Wrong: oftener than truths come in: the challenger
    would learn nothing new.

    >>> step = When(any={"drift": "drifted", "every": "30d"})
    >>> step.monitors, step.promote
    ({'drift': 'drifted'}, 'by_person')
    """

    any: Annotated[
        dict[str, str | int],
        Meta(description="Any of these starts it: MONITOR_ID: verdict, every: 30d, new_labels: 50000."),
    ]
    rows: Annotated[Rows, Meta(description="{from: source | log | both, keep_last: 365d}")] = Rows()
    at_most: Annotated[str, Meta(description="No more often than this.")] = "1 per 1d"
    promote: Annotated[Literal["by_person", "by_gate"], Meta(description="Who says yes.")] = "by_person"

    def __post_init__(self) -> None:
        Rate.parse(self.at_most)
        checks: dict[str, Any] = dict(self.any)
        if "every" in checks:
            microseconds(checks["every"])
        if self.rows.keep_last is not None:
            microseconds(self.rows.keep_last)
        if not isinstance(checks.get("new_labels", 0), int):
            raise BadDuration(f"new_labels: {checks['new_labels']!r} is no number", way_out="Write a whole number")

    @property
    def monitors(self) -> dict[str, str]:
        """Monitor id: the verdict that starts a retraining."""
        return {name: str(verdict) for name, verdict in self.any.items() if name not in CLOCKS}
