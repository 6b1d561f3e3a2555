"""How much work a program is for one row, counted and not measured.

Why counted: it decides between models that cannot be told apart, and a clock would decide otherwise every time.
"""

from __future__ import annotations

import numpy as np

from modelyard.scoring.instructions import Linear, Nearest, Trees
from modelyard.scoring.program import Program
from modelyard.scoring.text_instructions import TextInstruction
from modelyard.scoring.words import AnyInstruction

TEXT = 5_000
"""A text of some twenty words, cut and looked up."""


def cost(program: Program) -> float:
    """Elementary operations to score one row: a comparison for each level of each tree (as if it were balanced),
    a multiplication for each weight and each number of a donor, `TEXT` for each reading of a text, one for each
    register that any other word writes."""
    return sum(_of(word) for word in program.instructions)


def _of(word: AnyInstruction) -> float:
    if isinstance(word, Linear):
        return float(word.weights.size)
    if isinstance(word, Nearest):
        return float(word.donors.size)
    if isinstance(word, TextInstruction):
        return float(TEXT + word.width)
    if isinstance(word, Trees):
        return _levels(word)
    return float(word.width)


def _levels(word: Trees) -> float:
    """Of all trees, as if each were balanced."""
    starts = np.sort(word.roots)
    leaf = np.concatenate([[0], np.cumsum(word.feature < 0)])
    leaves = leaf[np.append(starts[1:], len(word.feature))] - leaf[starts]
    return float(np.log2(np.maximum(leaves, 1)).sum())
