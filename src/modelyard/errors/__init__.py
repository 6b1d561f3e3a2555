"""Every error a person can meet.

An error is data: who met it, what was found, where, and the way out. One class per situation, in the file of its
subject; `docs/errors.md` is written from the classes, so a class without a docstring or a `way_out` fails the tests.
Stable: `code` (the snake-case class name) is part of the public interface, texts are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar

__all__ = ["ModelyardError", "NotThere", "Refused", "did_you_mean", "ended"]


class ModelyardError(Exception):
    """Something a person can act on.

    `found` says what was met, with the value; `who` is the step, command or room that met it; `where` is a place a
    person can go to (`steps[2].columns[0]`, `row 17`, `flights.csv:90`).

    >>> print(ModelyardError("no column 'agee'", who="clean.impute", where="steps[1].columns", way_out="use 'age'"))
    clean.impute: no column 'agee' (steps[1].columns). Way out: use 'age'.
    """

    way_out: ClassVar[str] = "Read the message; if it does not say enough, that is a bug worth reporting."
    status: ClassVar[int] = 500
    """What HTTP answers when a request runs into it."""
    exit: ClassVar[int] = 1
    """What the command line exits with: 1 failed, 2 wrong use, 3 a gate or status says no."""

    def __init__(self, found: str, *, who: str = "", where: str = "", way_out: str = "") -> None:
        self.found, self.who, self.where = found, who, where
        self.advice = way_out or type(self).way_out
        super().__init__(found)

    @property
    def code(self) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    def __str__(self) -> str:
        who = f"{self.who}: " if self.who else ""
        found = f"{self.found.removesuffix('.')} ({self.where})" if self.where else self.found
        return f"{who}{ended(found)} Way out: {ended(self.advice)}"

    def as_dict(self) -> dict[str, str]:
        """The same four facts for machines (`--json`, HTTP bodies)."""
        return {
            "error": self.code,
            "who": self.who,
            "found": self.found,
            "where": self.where,
            "way_out": self.advice,
        }


class NotThere(ModelyardError):
    """What is named is not there. Raised only as one of its kinds, which say what it is."""

    way_out = "List what there is."
    status = 404
    exit = 2


class Refused(ModelyardError):
    """How things stand forbids it, and nothing was changed. Raised only as one of its kinds, which say how that is."""

    way_out = "Look how things stand, and decide again."
    status = 409
    exit = 3


def ended(sentence: str) -> str:
    """With one mark at its end, whatever it was made of: an error's own words may hold another error's sentence.

    >>> ended("no column 'a'"), ended("no column 'a'."), ended("did you mean 'a'?"), ended("and so on …")
    ("no column 'a'.", "no column 'a'.", "did you mean 'a'?", 'and so on …')
    """
    return sentence if sentence.endswith((".", "?", "!", "…")) else f"{sentence}."


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?`, or the list of what there is when nothing is near.

    >>> did_you_mean("medain", ["mean", "median"])
    "did you mean 'median'?"
    >>> did_you_mean("AGE", ["Age", "key"])
    "did you mean 'Age'?"
    """
    choices = sorted(known)
    near = [one for one in choices if one.casefold() == name.casefold()]
    near = near or get_close_matches(name, choices, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    shown = ", ".join(choices[:20]) + (", …" if len(choices) > 20 else "")
    return f"there is: {shown or 'nothing'}"
