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
from modelyard.scoring.instructions import AnyInstruction
from modelyard.scoring.verify import verify


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
        self._kernel = _kernel.Kernel(*flat.buffers(), answers, inputs, registers)
        self.row = self._kernel.row

    def run(self, inputs: Sequence[Values], length: int) -> list[Floats]:
        if len(inputs) != self._inputs:
            raise BadInputs(f"{len(inputs)} columns for a program that takes {self._inputs}")
        if any(column.shape != (length,) for column in inputs):
            raise BadInputs(f"columns that are not {length} rows long")
        columns = tuple(np.ascontiguousarray(column, dtype=np.float64) for column in inputs)
        out = np.empty((self._answers, length))
        self._kernel.run(columns, out, length)
        return list(out)
