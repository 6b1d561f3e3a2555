"""The kernel trusts indices, so a program with a wrong one never reaches it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from msgspec.structs import replace

from modelyard.errors.scoring import BadInputs, MalformedProgram
from modelyard.scoring import native
from modelyard.scoring.instructions import Apply, Bins, Interp, Linear, Map, Nearest, Trees, reals, wholes
from modelyard.scoring.verify import verify
from modelyard.scoring.words import AnyInstruction

STUMP = Trees(
    into=2, xs=wholes([0, 1]), feature=wholes([0, -1, -1]), threshold=reals([0.5, 0, 0]), left=wholes([1, 0, 1]),
    right=wholes([2, 0, 0]), flags=np.array([2, 0, 0], np.uint8), bits=np.array([5], np.uint32),
    bits_at=wholes([0, 0, 0]), bits_words=wholes([1, 0, 0]), roots=wholes([0]), outputs=wholes([0]),
    leaves=reals([[1.0], [2.0]]), base=reals([0.0]),
)  # fmt: skip

DONORS = Nearest(
    into=2, xs=wholes([0, 1]), donors=reals([[1.0, np.nan], [2.0, 3.0]]), fallback=reals([0.0, 0.0]), count=2
)

WRONG: dict[str, AnyInstruction] = {
    "reads what is not written": Apply(into=2, f="exp", x=2),
    "reads below zero": Apply(into=2, f="exp", x=-1),
    "writes elsewhere": Apply(into=7, f="exp", x=0),
    "edges fall": Bins(into=2, x=0, edges=reals([2.0, 1.0])),
    "edges are NaN": Bins(into=2, x=0, edges=reals([np.nan])),
    "no knots": Interp(into=2, x=0, xs=reals([]), ys=reals([])),
    "a matrix for a map": Map(into=2, x=0, table=reals([[1.0]]), missing=0.0, unseen=0.0),
    "weights too few": Linear(into=2, xs=wholes([0, 1]), weights=reals([[1.0]]), bias=reals([0.0])),
    "a child before its parent": replace(STUMP, left=wholes([0, 0, 1])),
    "a child past the end": replace(STUMP, right=wholes([3, 0, 0])),
    "a child with two parents": replace(STUMP, right=wholes([1, 0, 0])),
    "a root inside a tree": replace(STUMP, roots=wholes([0, 1]), outputs=wholes([0, 0])),
    "a leaf without value": replace(STUMP, left=wholes([1, 0, 2])),
    "a root outside": replace(STUMP, roots=wholes([3])),
    "an output outside": replace(STUMP, outputs=wholes([1])),
    "a feature outside": replace(STUMP, feature=wholes([2, -1, -1])),
    "a set outside": replace(STUMP, bits_words=wholes([2, 0, 0])),
    "a set before the start": replace(STUMP, bits_at=wholes([-1, 0, 0])),
    "arrays of two lengths": replace(STUMP, threshold=reals([0.5])),
    "more neighbours than donors": replace(DONORS, count=3),
    "no neighbour": replace(DONORS, count=0),
    "donors too narrow": replace(DONORS, donors=reals([[1.0], [2.0]])),
    "a fallback too few": replace(DONORS, fallback=reals([0.0])),
    "an infinite donor": replace(DONORS, donors=reals([[1.0, np.inf], [2.0, 0.0]])),
    "a fallback that is none": replace(DONORS, fallback=reals([0.0, np.nan])),
}


@pytest.mark.parametrize("word", WRONG.values(), ids=list(WRONG))
def test_a_wrong_index_is_refused_before_it_runs(word: AnyInstruction) -> None:
    verify([STUMP], 2, 3, [2])
    verify([DONORS], 2, 4, [2, 3])
    with pytest.raises(MalformedProgram):
        verify([word], 2, 3, [2])


@pytest.mark.parametrize("change", [lambda: verify([STUMP], 2, 3, [3]), lambda: verify([STUMP], 2, 9, [2]),
                                    lambda: verify([], 5, 4, []), lambda: verify([], 0, 10**9, [])])  # fmt: skip
def test_wrong_counts_are_refused(change: Callable[[], None]) -> None:
    with pytest.raises(MalformedProgram):
        change()


@pytest.mark.skipif(not native.available(), reason="the native kernel was not built: no C compiler")
def test_columns_that_do_not_fit_are_refused() -> None:
    kernel = native.Kernel([STUMP], 2, 3, [2])
    with pytest.raises(BadInputs):
        kernel.run([np.zeros(3)], 3)
    with pytest.raises(BadInputs):
        kernel.run([np.zeros(3), np.zeros(2)], 3)
    assert kernel.run([np.array([0.0, 1.0, 2.0, -1.0]), np.zeros(4)], 4)[0].tolist() == [1.0, 2.0, 1.0, 2.0]
