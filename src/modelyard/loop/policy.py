"""What the file says about going live, as plain data: when to retrain, what a new version must beat, how long it is
watched. Read from the plan's `live:` entries without importing a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from modelyard.project.plan import Plan
from modelyard.schema.duration import MICROSECONDS, Rate, microseconds

DAY = MICROSECONDS["d"]
CLOCKS = ("every", "new_labels")

Origin = Literal["source", "log", "both"]


class Policy(Struct, frozen=True, kw_only=True):
    """Durations in microseconds of event time."""

    verdicts: dict[str, str] = field(default_factory=dict)
    """Monitor id -> the verdict that starts a retraining."""
    every: int | None = None
    new_labels: int | None = None
    at_most: Rate = Rate(1, DAY)
    rows: Origin = "both"
    keep_last: int | None = None
    by_gate: bool = False
    """Else a person accepts."""
    better_than: Literal["champion", "baseline"] = "champion"
    confidence: float = 0.95
    watch: int = 14 * DAY
    known_after: int = 0
    metric: str | None = None
    slices: tuple[str, ...] = ()
    """Columns on none of whose values a challenger may be worse."""
    window: int = 14 * DAY
    """The last labelled days, which neither model saw: how many at most."""
    enough: int = 1_000
    """New mature labels without which drift alone retrains nothing."""


def read_policy(plan: Plan) -> Policy | None:
    """None: the file has no `retrain.when`."""
    steps: dict[str, Mapping[str, Any]] = {node.kind: msgspec.to_builtins(node.step) for node in plan.live}
    when, service = steps.get("retrain.when"), steps.get("deploy.service", {})
    if when is None:
        return None
    late = plan.project.target.known_after
    made = policy(when, service, known_after=microseconds(late) if late else 0, metric=plan.comparison.choose)
    return msgspec.structs.replace(made, slices=tuple(plan.comparison.slices))


def policy(
    when: Mapping[str, Any], service: Mapping[str, Any] | None = None, known_after: int = 0, metric: str | None = None
) -> Policy:
    """From the parameters of `retrain.when` and `deploy.service` as the file writes them.

    >>> made = policy({"any": {"drift": "drifted", "every": "30d"}, "promote": "by_gate"})
    >>> made.verdicts, made.every // DAY, made.by_gate
    ({'drift': 'drifted'}, 30, True)
    """
    causes, service = when["any"], service or {}
    rows, gate = when.get("rows") or {}, service.get("gate") or {}
    every, keep = causes.get("every"), rows.get("keep_last")
    return Policy(
        verdicts={name: str(verdict) for name, verdict in causes.items() if name not in CLOCKS},
        every=microseconds(every) if every else None,
        new_labels=causes.get("new_labels"),
        at_most=Rate.parse(when.get("at_most", "1 per 1d")),
        rows=rows.get("from", "both"),
        keep_last=microseconds(keep) if keep else None,
        by_gate=when.get("promote") == "by_gate",
        better_than=gate.get("better_than", "champion"),
        confidence=gate.get("confidence", 0.95),
        watch=microseconds(service.get("watch", "14d")),
        known_after=known_after,
        metric=metric,
    )


__all__ = ["Origin", "Policy", "policy", "read_policy"]
