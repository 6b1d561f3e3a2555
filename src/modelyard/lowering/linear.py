"""Linear models: weights per output, summed left to right, bias last.

The libraries sum through BLAS, whose order depends on batch size and processor; ours is one fixed order, so it differs
from them by no more than they differ from themselves: 4e-15·(Σ|x·w| + |b|), the "blas" class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Floats, Linear, reals, wholes


class Weights(Struct, frozen=True, eq=False):
    """`weights` (outputs, columns) and `bias` (outputs,)."""

    weights: Floats
    bias: Floats

    def emit(self, program: ProgramBuilder, columns: Sequence[str]) -> tuple[int, ...]:
        """The registers of the outputs."""
        xs = wholes([program.register(name) for name in columns])
        first = program.add(Linear(into=program.next, xs=xs, weights=self.weights, bias=self.bias))
        return tuple(range(first, first + len(self.bias)))


def weights_of(coef: Any, intercept: Any) -> Weights:
    """From scikit-learn's `coef_` ((k,) or (outputs, k)) and `intercept_` (a number or (outputs,)).

    >>> w = weights_of([2.0, 3.0], 1.0)
    >>> w.weights.shape, w.bias.tolist()
    ((1, 2), [1.0])
    """
    weights = np.atleast_2d(reals(coef))
    return Weights(reals(weights), reals(np.broadcast_to(np.atleast_1d(reals(intercept)), len(weights))))
