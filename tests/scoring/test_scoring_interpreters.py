"""The two interpreters are one: native = numpy, batched = one by one, bit for bit."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.scoring import native
from modelyard.scoring.interpreter import interpret
from scoring_programs import numbers, programs

needs_kernel = pytest.mark.skipif(not native.available(), reason="the native kernel was not built: no C compiler")
EXAMPLES = int(os.environ.get("MODELYARD_EXAMPLES", "150"))


@st.composite
def cases(draw):
    words, inputs, registers = draw(programs())
    length = draw(st.sampled_from([1, 2, 7, 8, 9, 65, 130]))
    pool = np.array(draw(st.lists(numbers, min_size=5, max_size=40)))
    seed = draw(st.integers(0, 2**32 - 1))
    columns = [pool[np.random.default_rng(seed + c).integers(0, len(pool), length)] for c in range(inputs)]
    return words, columns, registers, length


@needs_kernel
@settings(deadline=None, max_examples=EXAMPLES)
@given(cases())
def test_the_kernel_gives_the_bits_of_numpy(case) -> None:
    words, columns, registers, length = case
    reference = interpret(words, columns, registers, length)
    made = native.Kernel(words, len(columns), registers, range(registers)).run(columns, length)
    for register, (ours, theirs) in enumerate(zip(made, reference, strict=True)):
        np.testing.assert_array_equal(_bits(ours), _bits(theirs), err_msg=f"register {register}")


@settings(deadline=None, max_examples=EXAMPLES)
@given(cases())
def test_a_row_is_answered_alike_alone_and_in_a_batch(case) -> None:
    words, columns, registers, length = case
    batched = interpret(words, columns, registers, length)
    row = length // 2
    alone = interpret(words, [column[row : row + 1] for column in columns], registers, 1)
    for whole, single in zip(batched, alone, strict=True):
        np.testing.assert_array_equal(_bits(whole[row : row + 1]), _bits(single))
    if native.available():
        kernel = native.Kernel(words, len(columns), registers, range(registers))
        answers = np.array(kernel.row([float(column[row]) for column in columns]))
        np.testing.assert_array_equal(_bits(answers), _bits(np.array([whole[row] for whole in batched])))


def _bits(values: np.ndarray) -> np.ndarray:
    """Bits, with every NaN the same: which of its payloads a NaN carries means nothing."""
    same = np.where(np.isnan(values), np.nan, values)
    return np.ascontiguousarray(same, dtype=np.float64).view(np.int64)
