"""How the values of a column are written, as a pattern: tail numbers `N[0-9A-Z]{3,5}`, postcodes, codes with dashes.

Only what looks like a code has a form: one that holds a digit, or capitals of one length. Names and sentences have
none, since the next one is written otherwise. The pattern is of the grammar of `rows/pattern.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from msgspec import Struct

LONGEST, FIELDS = 40, 6
"""Characters of a value, and parts of it between signs, beyond which it is no code."""
_SPECIAL = frozenset("\\.[](){}|*+?^$")
_CLASSES = {"D": "0-9", "U": "A-Z", "L": "a-z"}


class _Run(Struct, frozen=True):
    """Letters or digits in a row: their sorts (of D, U, L), the fewest and the most of them."""

    sorts: str
    least: int
    most: int

    def __str__(self) -> str:
        inside = "".join(_CLASSES[sort] for sort in "DUL" if sort in self.sorts)
        if self.least == self.most:
            return f"[{inside}]" + (f"{{{self.least}}}" if self.least > 1 else "")
        return f"[{inside}]{{{self.least},{self.most}}}"


def form(words: Iterable[str]) -> str | None:
    """The pattern that all of these words are written like; None where they share none that says anything.

    >>> form(["N14228", "N24211", "N3ALAA"]), form(["AB-1", "XY-22"]), form(["JFK", "LGA"]), form(["Rome", "New York"])
    ('N[0-9A-Z]{5}', '[A-Z]{2}-[0-9]{1,2}', '[A-Z]{3}', None)
    """
    return _of(_different(words))


def _different(words: Iterable[str]) -> list[str]:
    """One word for each way of being written, and the first and the last of all in order, whose shared beginning is
    that of all."""
    ways: dict[str, str] = {}
    ends: tuple[str, str] | None = None
    for word in words:
        ways.setdefault("".join(_sort(sign) if sign.isascii() and sign.isalnum() else sign for sign in word), word)
        ends = (word, word) if ends is None else (min(ends[0], word), max(ends[1], word))
    return [*ways.values(), *(ends or ())]


def _of(words: Sequence[str]) -> str | None:
    if not words or not all(0 < len(word) <= LONGEST and word.isascii() and word.isprintable() for word in words):
        return None
    parts = [re.split(r"([^0-9A-Za-z])", word) for word in words]
    signs = {tuple(part[1::2]) for part in parts}
    if len(signs) != 1 or len(parts[0]) > 2 * FIELDS:
        return None
    between = [_quoted(sign) for sign in signs.pop()] + [""]
    fields = [_field([part[2 * place] for part in parts]) for place in range(len(between))]
    runs = [run for _, own in fields for run in own]
    if not _says(runs, words):
        return None
    return "".join(
        f"{prefix}{''.join(map(str, own))}{sign}" for (prefix, own), sign in zip(fields, between, strict=True)
    )


def _says(runs: Sequence[_Run], words: Sequence[str]) -> bool:
    """Whether it is a code's form: digits in it, or capitals of one length and nothing else."""
    digits = any("D" in run.sorts for run in runs)
    return digits or (bool(runs) and all(run.sorts == "U" and run.least == run.most for run in runs))


def _field(values: Sequence[str]) -> tuple[str, list[_Run]]:
    """What all begin with, literally, and the runs after it: the same for all, else one of all sorts."""
    prefix = _prefix(values)
    rests = [value[len(prefix) :] for value in values]
    cut = [[(sort, len(list(run))) for sort, run in groupby(rest, _sort)] for rest in rests]
    if len({tuple(sort for sort, _ in runs) for runs in cut}) == 1:
        return prefix, [
            _Run(place[0][0], min(size for _, size in place), max(size for _, size in place))
            for place in zip(*cut, strict=True)
        ]
    sorts = "".join(sorted({_sort(sign) for rest in rests for sign in rest}))
    return prefix, [_Run(sorts, min(map(len, rests)), max(map(len, rests)))]


def _prefix(values: Sequence[str]) -> str:
    """Letters that all begin with; digits that they share are chance."""
    first, last = min(values), max(values)
    size = next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    shared = first[:size]
    return shared[: next((place for place, sign in enumerate(shared) if sign.isdigit()), len(shared))]


def _sort(sign: str) -> str:
    return "D" if sign.isdigit() else "U" if sign.isupper() else "L"


def _quoted(sign: str) -> str:
    return f"\\{sign}" if sign in _SPECIAL else sign
