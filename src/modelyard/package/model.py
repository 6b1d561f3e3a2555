"""A model: a program, what its training rows looked like, and the evidence for it. Plain data, one Struct."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelyard.measure.concept import LossCalibration, Losses
from modelyard.measure.drift import Calibration
from modelyard.measure.estimate import Estimator
from modelyard.measure.intervals import Interval
from modelyard.measure.profile import Profile
from modelyard.rows.table import Floats, Table
from modelyard.schema.pin import Input
from modelyard.schema.target import LabelRule, Outcome
from modelyard.scoring.program import Equality, Program


class Parity(Struct, frozen=True, kw_only=True):
    """How equal the program is to the library that learned it, over `rows` rows: off a decision's boundary every label
    is the same (`labels_different` is 0), and no score differs by more than its class of equality allows."""

    equality: Equality
    max_abs_diff: float
    labels_different: int
    at_boundary: int
    """Rows nearer to a decision's boundary than the class of equality can tell."""
    rows: int


class Lineage(Struct, frozen=True, kw_only=True):
    """Where it comes from: digests of what it was made of."""

    run: str = ""
    project: str = ""
    """Digest of the project file."""
    data: dict[str, str] = {}
    """Digest of each source read."""
    parent: str = ""
    """Digest of the package that it replaces, for a retrained model."""
    libraries: dict[str, str] = {}
    seed: int = 0
    input: Input | None = None
    """The rows it was made of, and how far each source was read; None in packages made before that was kept."""


class Evidence(Struct, frozen=True, kw_only=True):
    metrics: dict[str, Any] = {}
    """Plain JSON values: metric -> number, or number with interval."""
    parity: Parity | None = None
    lineage: Lineage = Lineage()
    holdout: dict[str, Any] = {}


class Replay(Struct, frozen=True, kw_only=True, eq=False):
    """Rows whose answers are replayed whenever the package is loaded. `table` holds the contract's columns."""

    table: Table
    scores: Floats
    """(n, K)"""
    prediction: Floats
    """(n,)"""
    bounds: Floats
    """(n, K) how far a score may lie on another processor; on the same one, not at all."""
    boundary: NDArray[np.bool_]
    """(n,) rows whose label another processor may decide otherwise."""
    processor: str


class Monitors(Struct, frozen=True, kw_only=True):
    """What watching it live needs, learned when it was packaged. All of it is about rows that the scoring model did not
    learn from. A part is None where the task or the rows do not allow it."""

    drift: Calibration | None = None
    """The threshold over `Model.profile`, for windows of `profile.window`."""
    false_alarms: str = ""
    """The rate that the thresholds were set for, as the project file said it."""
    estimator: Estimator | None = None
    """Binary tasks: score -> chance of the positive class."""
    past_errors: dict[str, tuple[float, ...]] = {}
    """Metric -> estimate − realised, over weeks of the training rows, each estimated from the other weeks."""
    loss: str = ""
    """The metric whose loss per row is watched."""
    losses: Losses | None = None
    concept: LossCalibration | None = None
    reference: dict[str, Interval] = {}
    """Metric -> out of fold."""


class Model(Struct, frozen=True, kw_only=True, eq=False):
    name: str
    program: Program
    outcome: Outcome
    created: int
    """Microseconds since 1970 UTC."""
    label: LabelRule | None = None
    profile: Profile | None = None
    evidence: Evidence = Evidence()
    parity: Replay | None = None
    monitors: Monitors | None = None
