"""What a selection learns: the columns that are gone after it. Nothing is computed when predicting."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np

from modelyard.rows.table import Floats
from modelyard.scoring.builder import ProgramBuilder
from modelyard.step.fitted import Learned


class Dropped(Learned, frozen=True, kw_only=True):
    """Every selection's Learned is one of these with the tag of its kind. A column that goes is no longer asked of
    requests, unless something before it reads it."""

    drops: tuple[str, ...]

    @property
    def removes(self) -> tuple[str, ...]:
        return self.drops

    def emit(self, program: ProgramBuilder) -> None:
        """Nothing: a column that no instruction reads is no column of the program."""


def best(names: Sequence[str], scores: Floats, keep: int | float) -> tuple[str, ...]:
    """The names that stay: the `keep` (or that share) with the greatest scores; of two equal ones the first.

    >>> best(["a", "b", "c"], np.array([1.0, 3.0, 3.0]), 2), best(["a", "b", "c"], np.array([1.0, 3.0, 3.0]), 0.1)
    (('b', 'c'), ('b',))
    """
    wanted = ceil(keep * len(names)) if isinstance(keep, float) else keep
    order = np.argsort(-scores, kind="stable")[: max(wanted, 1)]
    return tuple(names[place] for place in sorted(order.tolist()))
