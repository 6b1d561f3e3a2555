"""Errors that the machine gives: files that may not be read or written, full disks."""

from __future__ import annotations

from modelyard.errors import ModelyardError


class SystemRefused(ModelyardError):
    """The operating system refuses a file or a socket: no rights, no space, too many open files."""

    way_out = "Look at the file named: who owns it, whether its disk is full; then run the command again."


class MissingExtra(ModelyardError):
    """A step needs a library that is installed only on demand."""

    way_out = "Install the extra that the message names: pip install 'modelyard[EXTRA]'."
    exit = 2
