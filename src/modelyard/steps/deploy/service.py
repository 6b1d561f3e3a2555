"""Serve the chosen model over HTTP: what it must beat, what is logged, for how long. Honoured by loop/ and serve/."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from modelyard.schema.duration import microseconds
from modelyard.step.step import Policy


class Gate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a new version must show before it is served, by the lower bound of the difference on untouched rows."""

    better_than: Literal["baseline", "champion"] = "champion"
    confidence: Annotated[float, Meta(gt=0.5, lt=1)] = 0.95


class Log(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`keep`: how long requests are kept. `without`: columns that never reach the log."""

    keep: str = "180d"
    without: tuple[str, ...] = ()


class Service(Policy, frozen=True, kw_only=True, tag="deploy.service"):
    """Serve the chosen model over HTTP, log every answer, and gate what replaces it.

    Right: answers while somebody waits, one row or a few at a time. Wrong: a million rows every night over
    HTTP: deploy.batch reads them where they lie.

    >>> Service().log.keep, Service().durability
    ('180d', 'fsync')
    """

    gate: Annotated[Gate, Meta(description="{better_than: baseline | champion, confidence}")] = Gate()
    log: Annotated[Log, Meta(description="{keep, without}")] = Log()
    durability: Annotated[
        Literal["fsync", "os", "off"], Meta(description="When a request counts as logged: before the reply, always.")
    ] = "fsync"
    watch: Annotated[str, Meta(description="How long the former version is watched against.")] = "14d"

    def __post_init__(self) -> None:
        for text in (self.log.keep, self.watch):
            microseconds(text)
