"""Errors of the loop: retraining, promotion, rollback, the leader's lock."""

from __future__ import annotations

from modelyard.errors import ModelyardError, NotThere, Refused


class RetrainFailed(ModelyardError):
    """A retraining ended without a new version; the model that served goes on serving."""

    way_out = "Read why above, and in `modelyard history`; the next trigger tries again."


class NothingToRollBack(Refused):
    """No version served before the one that serves now."""

    way_out = "Name a version: `modelyard promote NAME@VERSION --reason …`."


class NoProposal(NotThere):
    """A promotion was to be accepted, but no challenger is waiting for a person."""

    way_out = "List what there is with `modelyard models`, and name the version to promote."


class NotLeader(Refused):
    """Another process already runs the loop of this store."""

    way_out = "Stop that one first, or let it go on: one loop per store is enough."
