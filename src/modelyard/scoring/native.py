"""The native kernel, where it was built: a program is checked, laid out flat once, then run on any number of rows.

Without a compiler nothing is missing but speed: the numpy interpreter answers, and `doctor` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

import numpy as np

from modelyard.errors.scoring import BadInputs
from modelyard.rows.table import Floats, Values
from modelyard.scoring.flat import Flat
from modelyard.scoring.verify import verify
from modelyard.scoring.words import AnyInstruction


def _built() -> ModuleType | None:
    try:
        from modelyard.scoring import _kernel
    except ImportError:
        return None
    return _kernel


def available() -> bool:
    return _built() is not None


class Kernel:
    """`run` takes (length,) float64 columns; `row` takes one row of floats and answers in microseconds."""

    def __init__(
        self, instructions: Sequence[AnyInstruction], inputs: int, registers: int, wanted: Sequence[int]
    ) -> None:
        from modelyard.scoring import _kernel

        verify(instructions, inputs, registers, wanted)
        flat = Flat(instructions)
        answers = np.array(wanted, dtype=np.int32).tobytes()
        self._inputs, self._answers = inputs, len(wanted)
        self._read = {*wanted, *(register for word in instructions for register in word.reads)}
        self._kernel = _kernel.Kernel(*flat.buffers(), answers, inputs, registers)
        self.row = self._kernel.row

    def run(self, inputs: Sequence[Values], length: int) -> list[Floats]:
        out = np.empty((self._answers, length))
        try:
            self._kernel.run(tuple(inputs), out, length)
        except (ValueError, BufferError):  # not (length,) contiguous float64 throughout: looked at only then
            self._kernel.run(self._fitted(inputs, length), out, length)
        return list(out)

    def _fitted(self, inputs: Sequence[Values], length: int) -> tuple[Floats, ...]:
        if len(inputs) != self._inputs:
            raise BadInputs(f"{len(inputs)} columns for a program that takes {self._inputs}")
        if any(column.shape != (length,) for column in inputs):
            raise BadInputs(f"columns that are not {length} rows long")
        return tuple(self._numbers(place, column) for place, column in enumerate(inputs))

    def _numbers(self, place: int, column: Values) -> Floats:
        """Text has no numbers, and needs none where no instruction reads it."""
        if column.dtype != object:
            return np.ascontiguousarray(column, dtype=np.float64)
        if place in self._read:
            raise BadInputs("text where a program reads numbers", where=f"inputs[{place}]")
        return np.full(len(column), np.nan)
