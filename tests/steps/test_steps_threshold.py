"""decide.threshold against the exhaustive search, and its program against its own rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some
from sklearn.metrics import f1_score

from modelyard.errors.data import BadTarget
from modelyard.rows.table import table
from modelyard.schema.contract import Contract, Field
from modelyard.schema.target import Outcome
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.engine import execute
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.steps.decide.threshold import AtMost, Cost, Threshold

BINARY = Context(outcome=Outcome(task="classification", classes=("no", "yes"), positive=1))
rows = some.lists(some.tuples(some.integers(0, 20), some.booleans()), min_size=2, max_size=40)


def batch(pairs, **more):
    scores = [score / 20 for score, _ in pairs]
    X = table(**{"score[0]": [1 - s for s in scores], "score[1]": scores})
    return Batch(X, np.array([float(y) for _, y in pairs]), **more)


@given(rows)
@settings(deadline=None, max_examples=80)
def test_no_other_threshold_has_a_better_f1(pairs):
    at = Threshold().learn(batch(pairs), BINARY).learned.at
    scores, truth = np.array([s / 20 for s, _ in pairs]), np.array([y for _, y in pairs])
    best = max(f1_score(truth, scores >= cut, zero_division=0) for cut in np.arange(-0.025, 1.1, 0.025))
    assert f1_score(truth, scores >= at, zero_division=0) == pytest.approx(best, abs=1e-12)


@given(rows, some.integers(1, 9), some.integers(1, 9))
@settings(deadline=None, max_examples=80)
def test_no_other_threshold_costs_less(pairs, fn, fp):
    step = Threshold(minimise_cost=Cost(false_negative=float(fn), false_positive=float(fp)))
    at = step.learn(batch(pairs), BINARY).learned.at

    def cost(cut):
        return sum(fn * (y and s / 20 < cut) + fp * (not y and s / 20 >= cut) for s, y in pairs)

    assert cost(at) == min(cost(cut) for cut in np.arange(-0.025, 1.1, 0.025))


@given(some.lists(some.tuples(some.integers(0, 20), some.booleans(), some.integers(0, 4)), min_size=2, max_size=40))
@settings(deadline=None, max_examples=80)
def test_a_row_of_weight_three_counts_as_three_rows(triples):
    weight = np.array([float(count) for *_, count in triples])
    pairs = [(score, y) for score, y, _ in triples]
    copies = [(score, y) for score, y, count in triples for _ in range(count)]
    assume(copies)
    at = Threshold().learn(batch(pairs, weight=weight), BINARY).learned.at
    scores, truth = np.array([s / 20 for s, _ in copies]), np.array([y for _, y in copies])
    best = max(f1_score(truth, scores >= cut, zero_division=0) for cut in np.arange(-0.025, 1.1, 0.025))
    assert f1_score(truth, scores >= at, zero_division=0) == pytest.approx(best, abs=1e-12)
    cost = Threshold(minimise_cost=Cost(false_negative=3.0, false_positive=1.0))
    weighted = cost.learn(batch(pairs, weight=weight), BINARY).learned.at
    assert paid(copies, weighted) == paid(copies, cost.learn(batch(copies), BINARY).learned.at)


def paid(pairs, cut):
    return sum(3 * (y and s / 20 < cut) + (not y and s / 20 >= cut) for s, y in pairs)


def test_the_threshold_lies_midway_between_two_scores():
    assert Threshold().learn(batch([(2, False), (8, True), (16, True)]), BINARY).learned.at == pytest.approx(0.25)


def test_no_more_are_flagged_than_the_cap_allows():
    pairs = [(place, True) for place in range(10)]
    day = np.arange(10) // 5 * 86_400e6
    step = Threshold(at_most=AtMost(flagged_per_day=2))
    at = step.learn(batch(pairs, time=day), BINARY).learned.at
    assert sum(place / 20 >= at for place in range(10)) == 4


def test_a_cost_can_be_a_column():
    X = table(**{"score[0]": [0.4, 0.5], "score[1]": [0.6, 0.5], "amount": [1.0, 100.0]})
    step = Threshold(minimise_cost=Cost(false_negative="amount", false_positive=4.0))
    assert step.learn(Batch(X, np.array([0.0, 1.0])), BINARY).learned.at == 0.0


@pytest.mark.parametrize("positive", [0, 1])
def test_the_program_answers_the_positive_class_from_the_threshold_on(positive):
    outcome = Outcome(task="classification", classes=("no", "yes"), positive=positive)
    learned = Threshold(at=0.3).learn(batch([(1, True)]), Context(outcome=outcome)).learned
    builder = ProgramBuilder(Contract((Field(name="a", kind="number"), Field(name="b", kind="number"))))
    builder.score([0, 1])
    learned.emit(builder)
    scores = [np.array([0.7, 0.3, 0.9]), np.array([0.3, 0.7, 0.1])]
    (answer,) = execute(builder.instructions, scores, builder.registers, [builder.prediction], 3)
    assert ((answer == positive) == (scores[positive] >= 0.3)).all()


def test_three_classes_have_no_threshold():
    outcome = Outcome(task="classification", classes=("a", "b", "c"))
    with pytest.raises(BadTarget, match="two classes"):
        Threshold(at=0.5).learn(batch([(1, True)]), Context(outcome=outcome))
