"""Bounds: when inputs move within their allowance, nothing moves further than was said; exact programs not at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.schema.contract import Contract, Field
from modelyard.schema.target import Outcome
from modelyard.scoring.bounds import allowance, bounds, carry
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Apply, Arith, Decide, Linear, Nearest, Trees, reals, wholes
from modelyard.scoring.interpreter import interpret
from modelyard.scoring.program import Program
from modelyard.scoring.spread import apart
from scoring_programs import SPECIAL, programs

ROWS = 40
NUMBER = Outcome(task="regression")
TWO = Outcome(task="classification", classes=("no", "yes"), positive=1)


def moved_inputs(seed: int, inputs: int) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """Inputs, how far each may be off, and inputs that are off by no more than that."""
    random = np.random.default_rng(seed)
    columns, errors, others = [], [], []
    for _ in range(inputs):
        x = np.where(random.random(ROWS) < 0.5, random.choice(SPECIAL, ROWS), random.uniform(-9, 9, ROWS))
        e = np.where(np.isfinite(x), random.choice([0.0, 0.0, 1e-15, 1e-3, 0.5, 3.0], ROWS), 0.0)
        other = np.where(e > 0, x + random.choice([-1.0, -0.4, 0.0, 0.9, 1.0], ROWS) * e, x)
        with np.errstate(invalid="ignore"):
            errors.append(np.where(e > 0, np.maximum(e, np.abs(other - x)), 0.0))
        columns.append(x), others.append(other)
    return columns, errors, others


@given(programs(), st.integers(0, 2**32))
@settings(deadline=None, max_examples=400)
def test_no_register_moves_further_than_its_bound_when_inputs_move_within_theirs(
    program: tuple[list[Any], int, int], seed: int
) -> None:
    words, inputs, registers = program
    columns, errors, others = moved_inputs(seed, inputs)
    here, there = (interpret(words, given, registers, ROWS) for given in (columns, others))
    allowed = carry(words, here, errors)
    for register in range(registers):
        with np.errstate(all="ignore"):
            off = apart(here[register], there[register])
        assert (off <= allowed[register]).all(), (register, here[register], there[register], allowed[register])


@given(programs())
@settings(deadline=None, max_examples=100)
def test_no_bound_is_nan(program: tuple[list[Any], int, int]) -> None:
    words, inputs, registers = program
    columns = [np.array([0.0, -0.0, 1.0, np.nan, np.inf, -np.inf])] * inputs
    values = interpret(words, columns, registers, 6)
    for error in carry(words, values, [np.zeros(6)] * inputs):
        assert not np.isnan(error).any()


def built(words: Any, outcome: Outcome = NUMBER) -> Program:
    """x, then whatever `words` adds to it; the last register is the answer."""
    builder = ProgramBuilder(Contract((Field(name="x", kind="number"),)))
    last = 0
    for word in words:
        last = builder.add(word(last))
    builder.score([last])
    return builder.finish(outcome)


def line(x: int) -> Linear:
    return Linear(xs=wholes([x]), weights=reals([[1.0]]), bias=reals([0.0]))


def test_a_square_root_at_zero_of_an_exact_number_is_exact() -> None:
    exact = built([lambda x: Apply(f="sqrt", x=x)])
    assert bounds(exact, [np.array([0.0, 4.0])], 2).tolist() == [[0.0], [0.0]]


def test_a_square_root_of_a_sum_may_move_by_what_it_does_around_that_sum() -> None:
    program = built([line, lambda x: Apply(f="sqrt", x=x)])
    (four,), (zero,) = bounds(program, [np.array([4.0, 0.0])], 2)
    assert 4e-15 < four < 5e-15
    assert zero == 0.0, "a sum of zeros is 0 in whatever order"


def stump(x: int) -> Trees:
    return Trees(
        xs=wholes([x]), feature=wholes([0, -1, -1]), threshold=reals([1.0, 0.0, 0.0]), left=wholes([1, 0, 1]),
        right=wholes([2, 0, 0]), flags=np.zeros(3, np.uint8), bits=np.zeros(0, np.uint32), bits_at=wholes([0, 0, 0]),
        bits_words=wholes([0, 0, 0]), roots=wholes([0]), outputs=wholes([0]), leaves=reals([[10.0], [13.0]]),
        base=reals([0.5]),
    )  # fmt: skip


def test_a_row_on_a_split_is_allowed_both_leaves_and_a_row_off_it_nothing() -> None:
    program = built([line, stump])
    (on,), (below,), (off,) = bounds(program, [np.array([1.0, np.nextafter(1.0, 0.0), 1.1])], 3)
    assert on == pytest.approx(3.0)
    assert below == pytest.approx(3.0)
    assert off == 0.0


def test_a_tree_on_numbers_as_they_came_is_exact_on_its_thresholds_too() -> None:
    assert bounds(built([stump]), [np.array([1.0, np.nextafter(1.0, 2.0)])], 2).tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize(("rule", "at"), [("greater", 0.5), ("at_least", 0.5)])
def test_a_label_may_turn_only_where_its_score_may_cross_the_threshold(rule: str, at: float) -> None:
    builder = ProgramBuilder(Contract((Field(name="x", kind="number"),)))
    raw = builder.add(line(0))
    builder.score([raw])
    builder.prediction = builder.add(Decide(xs=wholes([raw]), rule=rule, at=at))
    near = allowance(builder.finish(TWO), [np.array([0.5, np.nextafter(0.5, 1.0), 0.6])], 3)
    assert near.turns.tolist() == [True, True, False]


def test_a_tie_of_exact_scores_is_no_doubt() -> None:
    builder = ProgramBuilder(Contract((Field(name="x", kind="number"),)))
    builder.score([0, builder.add(Arith(f="add", a=0, b=0))])
    assert allowance(builder.finish(TWO), [np.array([0.0, 1.0])], 2).turns.tolist() == [False, False]


@pytest.mark.parametrize("f", ["and", "or"])
def test_beside_a_null_a_predicate_that_may_turn_makes_the_answer_known_or_not(f: Any) -> None:
    words = [Arith(f=f, a=0, b=1, into=2)]
    values = interpret(words, [np.array([0.0]), np.array([np.nan])], 3, 1)
    assert carry(words, values, [np.array([0.5]), np.array([0.0])])[2].tolist() == [np.inf]


def test_donors_that_stay_the_nearest_are_no_doubt_and_those_that_may_change_are() -> None:
    donors = reals([[0.0, 1.0], [1.0, 3.0], [2.0, 7.0]])
    word = Nearest(into=2, xs=wholes([0, 1]), donors=donors, fallback=reals([1.0, 4.0]), count=1)
    x = np.array([0.1, 0.5, 0.9])
    values = interpret([word], [x, np.full(3, np.nan)], 4, 3)
    allowed = carry([word], values, [np.full(3, 1e-6), np.zeros(3)])
    assert values[3].tolist() == [1.0, 1.0, 3.0]
    assert (allowed[3][[0, 2]] < 1e-14).all()
    assert allowed[3][1] >= 2.0
    assert (allowed[2] < 1.0001e-6).all()
