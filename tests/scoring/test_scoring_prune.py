"""Pruning changes nothing but the size."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.schema.contract import Contract, Field
from modelyard.schema.target import Outcome
from modelyard.scoring.engine import Scorer
from modelyard.scoring.interpreter import interpret
from modelyard.scoring.program import Gives, Program
from modelyard.scoring.prune import prune
from scoring_programs import programs


@settings(deadline=None, max_examples=100)
@given(programs(), st.data())
def test_a_pruned_program_gives_the_same_answers_from_no_more_columns(made, data) -> None:
    words, inputs, registers = made
    takes = Contract(tuple(Field(name=f"c{place}", kind="number") for place in range(inputs)))
    score = data.draw(st.integers(0, registers - 1))
    outcome = Outcome(task="regression")
    program = Program(takes, tuple(words), Gives(outcome=outcome, scores=(score,), prediction=score), registers)
    pruned = prune(program)
    rng = np.random.default_rng(0)
    columns = dict(zip(takes.names, rng.integers(-1, 4, (inputs, 9)).astype(float), strict=True))
    whole = interpret(words, [columns[name] for name in takes.names], registers, 9)[score]
    small = Scorer(pruned).score([columns[name] for name in pruned.takes.names], 9).scores[:, 0]
    np.testing.assert_array_equal(small, whole)
    assert len(pruned.takes.fields) <= inputs
    assert len(pruned.instructions) <= len(words)
    read = {place for word in pruned.instructions for place in word.reads} | {pruned.gives.prediction}
    assert set(range(len(pruned.takes.fields))) <= read
