"""Score a table every so often, with the same program and the same log as the server. Honoured by loop/."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from modelyard.schema.duration import microseconds
from modelyard.step.step import Policy


class Batch(Policy, frozen=True, kw_only=True, tag="deploy.batch"):
    """One run per period; a run is known by its period, so a second try writes nothing twice.

    >>> Batch(every="7d", read={"path": "in.csv"}, write={"path": "out.csv"}).every
    '7d'
    """

    every: Annotated[str, Meta(description="How often, in event time: 7d.")]
    read: Annotated[dict[str, Any], Meta(description="Where rows come from: {path: …}.")]
    write: Annotated[dict[str, Any], Meta(description="Where answers go: {path: …}.")]

    def __post_init__(self) -> None:
        microseconds(self.every)
