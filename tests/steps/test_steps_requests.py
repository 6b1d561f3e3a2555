"""A chain of learned steps meets requests: what comes, lacks, is new or in another order is as the contract says."""

from __future__ import annotations

import numpy as np
import pytest

from flights import labelled
from modelyard.errors.serving import BadRows
from modelyard.rows.reading import RowReader
from modelyard.schema.contract import Contract
from modelyard.schema.target import Outcome
from modelyard.scoring.engine import Scorer
from modelyard.step.chain import compile_chain, replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Learned
from modelyard.step.intake import learn_fields, take_in
from modelyard.step.step import Learns
from modelyard.steps.clean.impute import Impute
from modelyard.steps.clean.outliers import Outliers
from modelyard.steps.clean.rare import Rare
from modelyard.steps.clean.scale import Scale
from modelyard.steps.derive.bins import Bins
from modelyard.steps.derive.interactions import Interactions
from modelyard.steps.encode.cyclic import Cyclic
from modelyard.steps.encode.one_hot import OneHot
from modelyard.steps.model.ridge import Ridge

NUMBERS = ("dep_delay", "distance", "sched_dep_time")
CTX = Context(outcome=Outcome(task="regression"))
FILLS = (Impute(columns=NUMBERS), Impute(columns=NUMBERS, strategy="model"), Impute(columns=NUMBERS, strategy="knn"))


def chain(fill: Impute) -> tuple[Learns, ...]:
    return (
        Rare(columns="dest", min_frequency=50),
        Cyclic(columns="hour"),
        Bins(columns="sched_dep_time", category=True),
        Outliers(columns="dep_delay", method="isolation_forest", trees=5),
        Scale(columns=NUMBERS, method="robust"),
        fill,
        Interactions(columns=NUMBERS),
        OneHot(columns=("dest", "sched_dep_time_bin")),
        Impute(columns=("hour_sin", "hour_cos"), flag=False),
        Ridge(),
    )


class Served:
    """The program of the chain, asked with records; and how it answers tables, step by step, without one."""

    def __init__(self, fill: Impute) -> None:
        table, y = labelled(3_000)
        fields = learn_fields(table, (*NUMBERS, "hour", "dest"))
        takes = Contract(fields)
        batch, self.learned = Batch(take_in(table, takes), y), list[Learned]()
        for step in chain(fill):
            self.learned.append(step.learn(batch, CTX).learned)
            batch = Batch(replay(self.learned[-1], batch.X), y)
        assert CTX.outcome is not None
        program = compile_chain(takes, self.learned, CTX.outcome)
        self.takes, self.reader, self.scorer = program.takes, RowReader(program.takes), Scorer(program)

    def answers(self, *records: dict[str, object]) -> tuple[list[float], list[list[dict[str, object]]]]:
        rows = self.reader.read(records)
        answered = self.scorer.score(rows.inputs, rows.length).prediction.tolist()
        return answered, [rows.warnings.get(row, []) for row in range(rows.length)]


@pytest.fixture(scope="module", params=FILLS, ids=lambda fill: fill.strategy)
def served(request: pytest.FixtureRequest) -> Served:
    return Served(request.param)


FLIGHT: dict[str, object] = {
    "dep_delay": 12.0,
    "distance": 760.0,
    "sched_dep_time": 1305.0,
    "hour": 13.0,
    "dest": "ATL",
}


def test_the_order_of_keys_and_other_keys_change_nothing(served: Served) -> None:
    backwards = dict(reversed(FLIGHT.items()))
    answers, warnings = served.answers(FLIGHT, backwards, {**FLIGHT, "weather": "fog"})
    assert answers[0] == answers[1] == answers[2]
    assert [len(found) for found in warnings] == [0, 0, 1]


def test_a_missing_key_is_the_null_that_training_knew_or_an_error(served: Served) -> None:
    without = {name: value for name, value in FLIGHT.items() if name != "dep_delay"}
    answers, warnings = served.answers(without, {**FLIGHT, "dep_delay": None})
    assert answers[0] == answers[1]
    assert np.isfinite(answers).all()
    assert [len(found) for found in warnings] == [1, 0]
    with pytest.raises(BadRows, match="dest"):
        served.answers({name: value for name, value in FLIGHT.items() if name != "dest"})


def test_a_category_that_training_never_saw_is_a_rare_one(served: Served) -> None:
    table, _ = labelled(3_000)
    words = table.vector("dest").categories
    counts = np.bincount(table["dest"].astype(int), minlength=len(words))
    seldom = words[int(np.flatnonzero((counts > 0) & (counts < 50))[0])]
    answers, warnings = served.answers({**FLIGHT, "dest": "XXX"}, {**FLIGHT, "dest": seldom}, FLIGHT)
    assert answers[0] == answers[1] != answers[2]
    assert [len(found) for found in warnings] == [1, 0, 0]


def test_many_rows_are_answered_as_each_alone_and_as_step_by_step(served: Served) -> None:
    table, _ = labelled(200, start=9_000)
    known = take_in(table, served.takes)
    together = served.scorer.table(known).prediction
    alone = [served.scorer.table(known.take(np.array([row]))).prediction[0] for row in range(20)]
    np.testing.assert_array_equal(together[:20], alone)
    for learned in served.learned[:-1]:
        known = replay(learned, known)
    model = compile_chain(Contract(learn_fields(known, known.names)), served.learned[-1:], Outcome(task="regression"))
    inputs = [known[name] for name in model.takes.names]
    np.testing.assert_array_equal(Scorer(model).score(inputs, 200).prediction, together)
