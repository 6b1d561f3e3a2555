"""Errors about the store: metadata, blobs, the pointer, the prediction log, the lake."""

from __future__ import annotations

from modelyard.errors import ModelyardError, NotThere, Refused


class MissingBlob(ModelyardError):
    """A digest is named whose bytes are not in the store, or are not its bytes any more."""

    way_out = "Run `modelyard doctor`; a damaged blob is made again by running what made it."
    status = 404


class Forgotten(MissingBlob):
    """The bytes of a digest were deleted on purpose: `modelyard forget`, or rows that were kept long enough."""

    way_out = "Nothing is damaged and nothing brings them back; what is left of a version comes by `modelyard data`."


class StalePointer(Refused):
    """A pointer was to be set to a revision that is not greater than the one it has."""

    way_out = "Nothing was changed: a newer promotion is already in place."


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


class Conflict(Refused):
    """Somebody else changed it first: the revision is not the one you saw."""

    way_out = "Look at the current champion (`modelyard status`) and decide again."


class NewerStore(ModelyardError):
    """The store was written by a newer version."""

    way_out = "Install the newer version, or point `store:` at another folder."


class StoreInUse(Refused):
    """A run, a retraining or a snapshot is reading into the store, so nothing can be forgotten of it; nothing was
    changed."""

    way_out = "Forget again when it has ended."


class UnknownVersion(NotThere):
    """A model, version or alias is named that the store does not hold."""

    way_out = "List them with `modelyard models`."


class UnknownSnapshot(NotThere):
    """A snapshot is named that is not there."""

    way_out = "List them with `modelyard data list`; one that lies elsewhere comes by `modelyard data pull`."


class SnapshotThere(ModelyardError):
    """A snapshot of other rows has that name; it was left as it is."""

    way_out = "Choose another name."
    exit = 2


class BadSnapshot(ModelyardError):
    """What says what a snapshot holds cannot be read, or was written by a newer version."""

    way_out = "Get it again by `modelyard data pull`, or take the snapshot again."


class WouldBeLost(ModelyardError):
    """Checking out would overwrite or remove a file whose bytes no snapshot here holds; nothing was changed."""

    way_out = "Take a snapshot of it first (`modelyard data snapshot`), move the file away, or write --force."
    exit = 3


class NoRemote(ModelyardError):
    """Snapshots are to be pushed or pulled, and nothing says where to."""

    way_out = "Write `remote: FOLDER` in the project file, or name it by --remote."
    exit = 2


class DvcFailed(ModelyardError):
    """The project is a DVC repository, and dvc is not installed or said no."""

    way_out = "Read what dvc says; where it is not installed: pip install 'modelyard[dvc]'."


class AuditBroken(ModelyardError):
    """The audit log was edited, reordered or cut."""

    way_out = "Compare with a backup and with the checkpoints kept elsewhere; do not trust rows after the place named."
    exit = 3


class NoStore(NotThere):
    """There is no store where one was looked for, so there is nothing to show or to change."""

    way_out = "Go to the project folder, or name the store by --store or MODELYARD_STORE; `modelyard run` makes one."


class UnreachableStore(ModelyardError):
    """The metadata store cannot be opened: no such server or database, no rights, or a file that is no database."""

    way_out = "Check the database URL, that its server runs, and that this user may use it."
