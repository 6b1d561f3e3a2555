"""Errors about programs and the numbers that go into them."""

from __future__ import annotations

from modelyard.errors import ModelyardError


class MalformedProgram(ModelyardError):
    """A program that cannot run: a register read before it is written, a child before its parent, a set too long."""

    way_out = "The package is damaged or was not made by this program: make it again with `modelyard run`."


class BadInputs(ModelyardError):
    """The columns handed to a program do not fit it: too few, of different lengths, or not numbers."""

    way_out = "Hand over one float64 array per field of the program's contract, in its order, all of one length."
