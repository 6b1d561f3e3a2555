"""Errors about the store: metadata, blobs, the pointer, the prediction log, the lake."""

from __future__ import annotations

from modelyard.errors import ModelyardError


class MissingBlob(ModelyardError):
    """A digest is named whose bytes are not in the store, or are not its bytes any more."""

    way_out = "Run `modelyard doctor`; a damaged blob is made again by running what made it."
    status = 404


class StalePointer(ModelyardError):
    """A pointer was to be set to a revision that is not greater than the one it has."""

    way_out = "Nothing was changed: a newer promotion is already in place."
    status = 409
    exit = 3


class BadPointer(ModelyardError):
    """`pointer.json` cannot be read."""

    way_out = "The server keeps what it has; promote again (`modelyard promote`) to write it anew."


class BadServing(ModelyardError):
    """`serving.json` cannot be read, so nobody knows which columns must stay out of the log."""

    way_out = "A server that runs keeps what it has, one that starts refuses; deploy again to write the file anew."


class LogUnavailable(ModelyardError):
    """The prediction log cannot be written: no space, a failed sync, a file limit. No unlogged answer is given."""

    way_out = "Free space on the log's disk; the server opens a new segment by itself and goes on."
    status = 503


class LogDamaged(ModelyardError):
    """A segment holds a line whose checksum is wrong, before its end."""

    way_out = "The rows before and after are kept; the line named is lost unless a backup of the segment has it."


class Conflict(ModelyardError):
    """Somebody else changed it first: the revision is not the one you saw."""

    way_out = "Look at the current champion (`modelyard status`) and decide again."
    status = 409
    exit = 3


class NewerStore(ModelyardError):
    """The store was written by a newer version."""

    way_out = "Install the newer version, or point `store:` at another folder."


class UnknownVersion(ModelyardError):
    """A model, version or alias is named that the store does not hold."""

    way_out = "List them with `modelyard models`."
    status = 404
    exit = 2


class AuditBroken(ModelyardError):
    """The audit log was edited, reordered or cut."""

    way_out = "Compare with a backup and with the checkpoints kept elsewhere; do not trust rows after the place named."
    exit = 3


class NoStore(ModelyardError):
    """There is no store where one was looked for, so there is nothing to show or to change."""

    way_out = "Go to the project folder, or name the store by --store or MODELYARD_STORE; `modelyard run` makes one."
    status = 404
    exit = 2


class UnreachableStore(ModelyardError):
    """The metadata store cannot be opened: no such server or database, no rights, or a file that is no database."""

    way_out = "Check the database URL, that its server runs, and that this user may use it."
