"""Errors of a run: splits, workers, the cache."""

from __future__ import annotations

from modelyard.errors import ModelyardError


class BadSplit(ModelyardError):
    """`split:` asks for what the rows cannot give: a time split without a time role, more folds than rows …"""

    way_out = "Change `split:` of evaluate.compare, or name the role it needs under `roles:`."
    exit = 2


class StepFailed(ModelyardError):
    """A step raised while learning; the library's own words are in the message."""

    way_out = "Read the library's message; `modelyard show STEP` shows the rows that went in."


class WorkerDied(ModelyardError):
    """A worker process ended before its answer, most often for want of memory."""

    way_out = "Run again with `--cores 1` or fewer rows; what was finished is in the cache and is not done again."


class NothingToCompare(ModelyardError):
    """The plan holds no model to train, or none of them could be trained."""

    way_out = "Add a `model.*` step, or `candidates:` to evaluate.compare."
    exit = 2
