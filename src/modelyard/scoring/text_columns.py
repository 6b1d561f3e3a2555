"""The columns that a word over text writes: natively where that was built and the text is ASCII, else in Python.

The numbers are the same bits (`scoring/text.py` says which). The numpy interpreter never asks here, so that one side of
the comparison stays plain Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import numpy as np

from modelyard.rows.table import Floats
from modelyard.scoring.text import reader
from modelyard.scoring.text_instructions import Pieces, TextInstruction, TextTfidf

Fill = Callable[[list[Any], Floats], list[int]]
"""Fills what it can of (width, rows) zeros; the rows that it leaves."""

KINDS = get_args(Pieces)
NORMS = ("none", "l1", "l2")


def columns_of(word: TextInstruction) -> Callable[[list[Any]], Floats]:
    """The word made ready once: texts (anything else is a null) in, (width, rows) float64 out."""
    read, width, fill = reader(word), word.width, _native(word)

    def columns(texts: list[Any]) -> Floats:
        out = np.zeros((width, len(texts)))
        for row in range(len(texts)) if fill is None else fill(texts, out):
            text = texts[row]
            for place, value in read(text if isinstance(text, str) else None).items():
                out[place, row] = value
        return out

    return columns


def _native(word: TextInstruction) -> Fill | None:
    """None where no native part was built, or the word is none that it knows."""
    if not isinstance(word, TextTfidf):
        return None
    try:
        from modelyard.scoring._text import Terms
    except ImportError:
        return None
    made = Terms(
        word.vocabulary,
        word.idf.tobytes(),
        KINDS.index(word.pieces),
        word.shortest,
        word.longest,
        word.lower,
        word.sublinear,
        NORMS.index(word.norm),
    )
    return made.fill
