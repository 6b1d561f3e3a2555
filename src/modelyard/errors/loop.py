"""Errors of the loop: retraining, promotion, rollback, the leader's lock."""

from __future__ import annotations

from modelyard.errors import ModelyardError


class RetrainFailed(ModelyardError):
    """A retraining ended without a new version; the model that served goes on serving."""

    way_out = "Read why above, and in `modelyard history`; the next trigger tries again."


class NothingToRollBack(ModelyardError):
    """No version served before the one that serves now."""

    way_out = "Name a version: `modelyard promote NAME@VERSION --reason …`."
    status = 409
    exit = 3


class NoProposal(ModelyardError):
    """A promotion was to be accepted, but no challenger is waiting for a person."""

    way_out = "List what there is with `modelyard models`, and name the version to promote."
    status = 404
    exit = 2


class NotLeader(ModelyardError):
    """Another process already runs the loop of this store."""

    way_out = "Stop that one first, or let it go on: one loop per store is enough."
    status = 409
    exit = 3
