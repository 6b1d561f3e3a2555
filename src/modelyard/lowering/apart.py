"""What is done with values that lie apart: flagged, held at a bound, or taken for missing.

How far is far was learned before: as bounds per column, or as a forest over whole rows, which has no bound.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from modelyard.lowering.curves import constant
from modelyard.lowering.isolation import Isolation
from modelyard.rows.table import Floats, Table
from modelyard.schema.contract import Field
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Arith, Clip, Const, Fill, Select
from modelyard.step.fitted import Learned

INFINITY, NAN = float("inf"), float("nan")
Action = Literal["flag", "clip", "null"]
ROW = "outlier"
"""The flag of a row as a whole."""


class Apart(Learned, frozen=True, kw_only=True, eq=False):
    """Each column's bounds, or a forest over all of them. A bound of None is open."""

    columns: tuple[str, ...]
    action: Action
    lows: tuple[float | None, ...] = ()
    highs: tuple[float | None, ...] = ()
    isolation: Isolation | None = None

    @property
    def writes(self) -> tuple[Field, ...]:
        if self.action != "flag":
            return tuple(Field(name=name, kind="number") for name in self.columns)
        return tuple(Field(name=name, kind="number", nullable=False) for name in flags(self.columns, self.isolation))

    def bounds(self) -> list[tuple[str, float, float]]:
        low = [-INFINITY if bound is None else bound for bound in self.lows]
        high = [INFINITY if bound is None else bound for bound in self.highs]
        return list(zip(self.columns, low, high, strict=True))

    def emit(self, program: ProgramBuilder) -> None:
        if self.isolation is not None:
            self._whole_row(self.isolation, program)
            return
        for name, low, high in self.bounds():
            x = program.register(name)
            if self.action == "clip":
                program.bind(name, program.add(Clip(x=x, low=low, high=high)))
            else:
                self._mark(program, name, _outside(program, x, low, high))

    def _whole_row(self, isolation: Isolation, program: ProgramBuilder) -> None:
        far = isolation.emit(program, [program.register(name) for name in self.columns])
        if self.action == "flag":
            program.bind(ROW, far)
        else:
            for name in self.columns:
                self._mark(program, name, far)

    def _mark(self, program: ProgramBuilder, name: str, far: int) -> None:
        if self.action == "flag":
            program.bind(f"{ROW}={name}", far)
        else:
            null = program.add(Const(value=NAN))
            program.bind(name, program.add(Select(test=far, a=null, b=program.register(name))))

    def by_numpy(self, table: Table) -> Floats:
        """(n, k): what the bounds make of those rows, said once more."""
        X = table.matrix(self.columns)
        low, high = (np.array(side) for side in zip(*[bound[1:] for bound in self.bounds()], strict=True))
        if self.action == "clip":
            return np.clip(X, low, high)
        far = (low > X) | (high < X)
        return far.astype(np.float64) if self.action == "flag" else np.where(far, np.nan, X)


def flags(columns: tuple[str, ...], whole: object) -> tuple[str, ...]:
    """The names of the flags: one for the row where it is looked at as a whole.

    >>> flags(("a", "b"), None), flags(("a", "b"), True)
    (('outlier=a', 'outlier=b'), ('outlier',))
    """
    return (ROW,) if whole else tuple(f"{ROW}={name}" for name in columns)


def _outside(program: ProgramBuilder, x: int, low: float, high: float) -> int:
    either = Arith(f="or", a=constant(program, "lt", x, low), b=constant(program, "gt", x, high))
    return program.add(Fill(x=program.add(either), value=0.0))
