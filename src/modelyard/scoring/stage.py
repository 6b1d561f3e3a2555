"""A program with text in two stages: the words over text first, then a program over numbers alone.

Words over text read inputs only (`verify` holds them to it), so they can all go first, whatever stood before them.
The interpreters then need to know nothing of text: its numbers come in as further inputs.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from modelyard.rows.table import Values
from modelyard.scoring.prune import renumbered
from modelyard.scoring.text_columns import columns_of
from modelyard.scoring.text_instructions import TextInstruction
from modelyard.scoring.words import AnyInstruction

BLOCK = 1024
"""Rows at a time: the numbers of a text are wide, and only the answers are kept."""
Given = Sequence[float | str]
"""One row: NaN for a null, of a text too."""


class Numeric(Struct, frozen=True, eq=False):
    """The second stage: as `instructions, inputs, registers, wanted` of a program without text."""

    instructions: list[AnyInstruction]
    inputs: int
    registers: int
    wanted: list[int]


class TextStage:
    """The first stage. `numeric`: the second; its inputs are those that it reads, then what this one wrote."""

    def __init__(self, instructions: Sequence[AnyInstruction], inputs: int, wanted: Sequence[int]) -> None:
        words = [word for word in instructions if isinstance(word, TextInstruction)]
        others = [word for word in instructions if not isinstance(word, TextInstruction)]
        read = {*wanted, *(register for word in others for register in word.reads)}
        self._kept = [place for place in range(inputs) if place in read]
        self._words = [(word.x, columns_of(word)) for word in words]
        self.numeric = _numeric(others, words, self._kept, wanted)

    def row(self, values: Given) -> list[float | str]:
        """The second stage's inputs for one row."""
        out = [values[place] for place in self._kept]
        for x, columns in self._words:
            out += columns([values[x]]).ravel().tolist()
        return out

    def columns(self, inputs: Sequence[Values], start: int, stop: int) -> list[Values]:
        """The second stage's inputs for the rows from `start` to before `stop`."""
        out = [inputs[place][start:stop] for place in self._kept]
        for x, columns in self._words:
            out += list(columns(inputs[x][start:stop].tolist()))
        return out


def _numeric(
    others: Sequence[AnyInstruction], words: list[TextInstruction], kept: list[int], wanted: Sequence[int]
) -> Numeric:
    new = {place: number for number, place in enumerate(kept)}
    inputs = len(kept)
    for text in words:
        new.update({text.into + offset: inputs + offset for offset in range(text.width)})
        inputs += text.width
    registers = inputs
    for word in others:
        new.update({word.into + offset: registers + offset for offset in range(word.width)})
        registers += word.width
    return Numeric([renumbered(word, new) for word in others], inputs, registers, [new[place] for place in wanted])
