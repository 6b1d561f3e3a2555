"""A transformed target: models learn log y, the program answers y, and metrics are in the unit of y."""

from __future__ import annotations

import numpy as np

from modelyard.errors.data import BadTarget
from modelyard.lowering.links import undo
from modelyard.rows.table import Floats, Table
from modelyard.schema.target import Transform
from modelyard.scoring.builder import ProgramBuilder
from modelyard.step.fitted import Fitted, Learned

LOWEST: dict[Transform, float] = {"log1p": -1.0, "log": 0.0, "sqrt": 0.0}
"""Of the target; `sqrt` takes 0 itself, the logarithms take only more."""


class Undone(Learned, frozen=True, kw_only=True, tag="target.undone", eq=False):
    """Follows a regression model: its one score, and the prediction, back in the target's own unit."""

    transform: Transform

    def emit(self, program: ProgramBuilder) -> None:
        program.score([undo(program, program.scores[0], self.transform)])
        program.prediction = program.scores[0]


def transformed(y: Floats, transform: Transform | None) -> Floats:
    """y (n,) as models learn it; NaN stays. Raises BadTarget where the transform is not defined.

    >>> transformed(np.array([0.0, 3.0]), "sqrt").tolist()
    [0.0, 1.7320508075688772]
    """
    if transform is None:
        return y
    lowest = LOWEST[transform]
    bad = (y < lowest) if transform == "sqrt" else (y <= lowest)
    if bad.any():
        found = f"`transform: {transform}` is not defined for {float(y[bad][0])!r} ({int(bad.sum())} rows)"
        raise BadTarget(found, who="target.transform", way_out="Leave it out, or filter these rows")
    made: Floats = {"log1p": np.log1p, "log": np.log, "sqrt": np.sqrt}[transform](y)
    return made


def undone(transform: Transform) -> Fitted:
    """The step back, and numpy's own answer for it: of a table whose only column is the score."""

    def oracle(table: Table) -> Floats:
        score: Floats = table["score[0]"]
        back: Floats = {"log1p": np.expm1, "log": np.exp, "sqrt": np.square}[transform](score)
        return back.reshape(-1, 1)

    return Fitted(Undone(transform=transform), oracle=oracle)
