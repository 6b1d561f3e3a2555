"""Errors that the machine gives: files that may not be read or written, full disks."""

from __future__ import annotations

import errno

from modelyard.errors import ModelyardError


class SystemRefused(ModelyardError):
    """The operating system refuses a file or a socket: no rights, no space, too many open files."""

    way_out = "Look at the file named: who owns it, whether its disk is full; then run the command again."


class DiskFull(SystemRefused):
    """A disk, a quota or a limit on file sizes has no room for what must be written. What was there before is as it
    was; a run that is begun again goes on from what it had learned."""

    way_out = "Free space on the disk of the store (`.modelyard/`, or where --store leads) or of the file named."


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FULL_WORDS = ("disk is full", "no space left", "disk full", "is full", "disk quota exceeded")
"""How SQLite, PostgreSQL, MySQL and MariaDB say it."""


def refused(error: OSError, who: str = "the operating system") -> SystemRefused:
    """
    >>> print(refused(OSError(errno.ENOSPC, "No space left on device", "a.csv")).found)
    No space left on device
    """
    named = "" if error.filename is None else str(error.filename)
    kind = DiskFull if error.errno in FULL else SystemRefused
    return kind(error.strerror or str(error) or type(error).__name__, who=who, where=named)


def full(said: str) -> bool:
    """Whether a database's words say that its disk is full.

    >>> full("database or disk is full"), full("no such table: t")
    (True, False)
    """
    return any(word in said.lower() for word in FULL_WORDS)


class MissingExtra(ModelyardError):
    """A step needs a library that is installed only on demand."""

    way_out = "Install the extra that the message names: pip install 'modelyard[EXTRA]'."
    exit = 2
