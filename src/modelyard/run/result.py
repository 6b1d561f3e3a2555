"""What a run found: the leaderboard, what won and why, and how the winner does on rows that nothing ever saw."""

from __future__ import annotations

from msgspec import Struct

from modelyard.measure.intervals import Interval
from modelyard.package.model import Parity
from modelyard.schema.pin import Pin
from modelyard.schema.quality import Finding


class Standing(Struct, frozen=True, kw_only=True):
    """One candidate. A candidate whose library refused the rows has an `error` and no scores."""

    name: str
    kind: str
    folds: tuple[float, ...] = ()
    """The deciding metric, per fold."""
    interval: Interval | None = None
    metrics: dict[str, float] = {}
    """Metric -> mean over the folds."""
    tied_with: tuple[str, ...] = ()
    """The candidates that it cannot be told apart from, on these folds."""
    cost: float = 0.0
    """Elementary operations to score one row (scoring/cost.py)."""
    error: str = ""


class Slice(Struct, frozen=True, kw_only=True):
    """The deciding metric of the winner on the held-out rows where `column` has this value."""

    column: str
    value: str
    rows: int
    interval: Interval


class Packaged(Struct, frozen=True, kw_only=True):
    name: str
    version: int
    digest: str
    serving: bool
    """Whether it is the champion."""


class Result(Struct, frozen=True, kw_only=True):
    """`candidates`: best first, failed ones last. `holdout`: metric -> value with its interval, of the winner."""

    run: str
    rows: int
    unlabelled: int
    young: int
    in_gap: int
    development: int
    held_out: int
    split: str
    metric: str
    greater_is_better: bool
    candidates: tuple[Standing, ...]
    winner: str
    why: str
    holdout: dict[str, Interval]
    slices: tuple[Slice, ...] = ()
    apart: tuple[str, ...] = ()
    """The winner's steps, by id, whose training rows differ from what they answer: cross-fitted, weighted, sampled."""
    parity: Parity
    package: Packaged
    seconds: float
    warnings: tuple[str, ...] = ()
    sources: dict[str, Pin] = {}
    """What was read of each source, by the id of its step."""
    quality: tuple[Finding, ...] = ()
    """The quality report: what each rule of check.rules found in the rows, kept or broken."""
