"""Every model is what its library learned: on 100,000 real rows that it never saw, and around every split.

Values lie within the program's own class of equality (0 where it is exact), labels are the same off the boundary.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec import convert

from flights import NUMBERS, WORDS, labelled
from modelyard.errors.data import BeyondFloat32
from modelyard.errors.serving import BadRows
from modelyard.lowering.sklearn_trees import LARGEST
from modelyard.rows.reading import RowReader
from modelyard.rows.table import UNSEEN, Table, Vector
from modelyard.schema.contract import Contract
from modelyard.schema.target import Outcome
from modelyard.scoring.bounds import allowance, bounds
from modelyard.scoring.engine import Scorer
from modelyard.scoring.instructions import Trees
from modelyard.scoring.interpreter import interpret
from modelyard.scoring.program import Program
from modelyard.step.chain import compile_chain
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted
from modelyard.step.intake import learn_fields, take_in
from modelyard.step.registry import Registry
from modelyard.step.step import Learns

TRAIN, FRESH = 20_000, 100_000
BINARY = Outcome(task="classification", classes=("on time", "late"), labels=("on time", "late"), positive=1)
THREE = Outcome(task="classification", classes=("early", "late", "very late"), labels=("e", "l", "v"))
NUMBER = Outcome(task="regression")
SMALL: dict[str, dict[str, Any]] = {
    "model.random_forest": {"trees": 10, "leaf": 20},
    "model.extra_trees": {"trees": 10, "leaf": 20},
    "model.decision_tree": {"leaf": 20},
    "model.hist_gradient_boosting": {"trees": 40},
    "model.lightgbm": {"trees": 60},
}
FORESTS = ("model.random_forest", "model.extra_trees", "model.decision_tree")
CASES = [
    *[(kind, outcome) for kind in ("model.baseline", *FORESTS, "model.hist_gradient_boosting", "model.lightgbm")
      for outcome in (BINARY, THREE, NUMBER)],
    *[("model.logistic_regression", outcome) for outcome in (BINARY, THREE)],
    *[(kind, NUMBER) for kind in ("model.linear_regression", "model.ridge")],
]  # fmt: skip


def target(delay: np.ndarray, outcome: Outcome) -> np.ndarray:
    if outcome is NUMBER:
        return delay
    return np.digitize(delay, [15.0] if outcome is BINARY else [0.0, 45.0]).astype(np.float64)


def prepared(table: Table, step: Learns, scale: np.ndarray | None) -> Table:
    """What the model can take: category codes only where it says so, no gaps and one scale where it needs that."""
    names = [*NUMBERS, *(() if "numbers" in step.needs else WORDS)]
    chosen = table.select(names)
    if scale is None or "no_nulls" not in step.needs:
        return chosen
    made = {n: Vector("number", np.nan_to_num(table[n], nan=0.0) / s) for n, s in zip(NUMBERS, scale, strict=True)}
    return chosen.with_(made)


def learned(kind: str, outcome: Outcome) -> tuple[Fitted, Program, Table]:
    """A model of early flights; its program; and later flights, some with categories that it never saw."""
    step = convert({"use": kind, **SMALL.get(kind, {})}, Registry.installed()[kind])
    assert isinstance(step, Learns)
    train, delay = labelled(TRAIN)
    scale = np.fmax(np.nanstd(train.matrix(NUMBERS), axis=0), 1.0)  # one month has no spread
    ready = prepared(train, step, scale)
    contract = Contract(learn_fields(ready, ready.names))
    fitted = step.learn(Batch(take_in(ready, contract), target(delay, outcome)), Context(outcome=outcome, seed=7))
    fresh = take_in(prepared(labelled(FRESH, start=TRAIN)[0], step, scale), contract)
    return fitted, compile_chain(contract, [fitted.learned], outcome), _with_unseen(fresh)


def _with_unseen(table: Table) -> Table:
    torn = {}
    for name in set(WORDS) & set(table.names):
        codes = table[name].copy()
        codes[::97], codes[::101] = UNSEEN, np.nan
        torn[name] = Vector("category", codes, table.vector(name).categories)
    return table.with_(torn)


def at_the_splits(program: Program, table: Table, most: int) -> Table:
    """Rows whose numbers lie on split thresholds and one ulp to either side, the rest of the row being real."""
    (forest,) = [word for word in program.instructions if isinstance(word, Trees)]
    fields = program.takes.fields
    # A split of "missing or not" has the largest float32 as its threshold, and the library refuses numbers beyond that.
    finite = np.abs(forest.threshold) < 1e38
    node = np.flatnonzero((forest.feature >= 0) & ((forest.flags & 2) == 0) & finite)
    node = np.random.default_rng(0).permutation(node)[: most // 3]
    register = forest.xs[forest.feature[node]]
    numbers = register < len(fields)
    node, register = node[numbers], register[numbers]
    edge = (
        np.nextafter(forest.threshold[node], -np.inf),
        forest.threshold[node],
        np.nextafter(forest.threshold[node], np.inf),
    )
    rows = table.take(np.arange(3 * len(node)) % len(table))
    vectors = {name: vector.values.copy() for name, vector in rows.vectors.items()}
    for place, values in enumerate(edge):
        for row, (which, value) in enumerate(zip(register.tolist(), values.tolist(), strict=True)):
            if fields[which].kind != "category":
                vectors[fields[which].name][place * len(node) + row] = value
    return Table({n: Vector(v.kind, vectors[n], v.categories) for n, v in rows.vectors.items()}, len(rows))


def check(program: Program, fitted: Fitted, table: Table) -> None:
    assert fitted.oracle is not None
    truth = fitted.oracle(table)
    scorer = Scorer(program)
    ours = scorer.table(table)
    allowed = bounds(program, scorer.inputs(table), len(table))
    off = np.abs(ours.scores - truth)
    assert (off <= allowed).all(), f"{off.max()} off, {allowed[off > allowed].max()} allowed"
    if program.equality == "exact":
        np.testing.assert_array_equal(ours.scores, truth)
    if program.gives.outcome.task == "classification":
        clear = ~allowance(program, scorer.inputs(table), len(table)).turns
        np.testing.assert_array_equal(ours.prediction[clear], truth.argmax(axis=1)[clear].astype(float))
        assert clear.mean() > 0.999
    reference = interpret(program.instructions, scorer.inputs(table), program.registers, len(table))
    for place, register in enumerate(program.gives.scores):
        np.testing.assert_array_equal(ours.scores[:, place], reference[register])


@pytest.mark.parametrize(("kind", "outcome"), CASES, ids=[f"{k}-{o.task}-{o.scores}" for k, o in CASES])
def test_a_model_answers_what_its_library_answers(kind: str, outcome: Outcome) -> None:
    fitted, program, fresh = learned(kind, outcome)
    assert len(fresh) == FRESH
    check(program, fitted, fresh)
    if any(isinstance(word, Trees) for word in program.instructions):
        edges = at_the_splits(program, fresh, 20_000 if kind in FORESTS else 10**9)
        assert len(edges) > 500
        check(program, fitted, edges)


@pytest.mark.parametrize("kind", FORESTS)
def test_trees_that_learned_without_gaps_answer_rows_with_gaps_as_their_library_does(kind: str) -> None:
    step = convert({"use": kind, **SMALL[kind]}, Registry.installed()[kind])
    assert isinstance(step, Learns)
    train, delay = labelled(5000, gaps=0.0)
    contract = Contract(learn_fields(train.select(NUMBERS), NUMBERS))
    fitted = step.learn(Batch(train.select(NUMBERS), target(delay, BINARY)), Context(outcome=BINARY, seed=7))
    fresh = labelled(20_000, start=TRAIN, gaps=0.2)[0].select(NUMBERS)
    check(compile_chain(contract, [fitted.learned], BINARY), fitted, fresh)


@pytest.mark.parametrize("kind", FORESTS)
def test_what_float32_cannot_hold_is_refused_by_the_program_as_by_its_library(kind: str) -> None:
    fitted, program, fresh = learned(kind, BINARY)
    assert fitted.oracle is not None
    row = fresh.take(np.zeros(1, np.intp))
    record: dict[str, Any] = {name: float(row[name][0]) for name in program.takes.names}
    reader = RowReader(program.takes)
    for value, taken in ((LARGEST, True), (np.nextafter(LARGEST, np.inf), False), (-1e39, False)):
        changed = row.with_({"dep_delay": Vector("number", np.array([value]))})
        if taken:
            check(program, fitted, changed)
            assert reader.read([{**record, "dep_delay": float(value)}]).length == 1
            continue
        with pytest.raises(BeyondFloat32, match="dep_delay"):
            fitted.oracle(changed)
        with pytest.raises(BadRows, match="dep_delay"):
            reader.read([{**record, "dep_delay": float(value)}])
