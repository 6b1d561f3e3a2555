"""The heart, without a server: the short way for one plain row gives the bytes of the long way."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from serving_store import ROW, TAKES, late, model

from modelyard.errors import ModelyardError
from modelyard.schema.contract import Contract, Field
from modelyard.schema.rules import ColumnRule
from modelyard.schema.target import Outcome
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.engine import Scorer
from modelyard.scoring.instructions import Linear, reals, wholes
from modelyard.serve.answer import Answerer
from modelyard.serve.served import Served

RULES = (ColumnRule(column="distance", min=1, max=5000, otherwise="quarantine"),)
CONTRACT = Contract(TAKES.fields, RULES, id="flight", time="at", zone="UTC")
MODEL = model(0.25)


def answerer(short: bool, contract: Contract = CONTRACT, without: frozenset[str] = frozenset()) -> Answerer:
    served = Served(
        name="100% late", digest="ab" * 32, revision=1, contract=contract, outcome=MODEL.outcome, without=without
    )
    made = Answerer(served, Scorer(MODEL.program), clock=lambda: 7.5, monotonic=lambda: 1.0)
    if not short:
        made._plain = lambda record: None
    return made


def outcome(heart: Answerer, body: bytes) -> Any:
    try:
        reply = heart.answer(body)
    except ModelyardError as error:
        return error.as_dict()
    return reply.body, reply.records, reply.warnings, reply.replayed, [key for key, _ in reply.given]


numbers = some.one_of(some.integers(-(2**60), 2**60), some.floats(allow_nan=False, allow_infinity=False))
odd = some.one_of(some.none(), some.booleans(), some.text(max_size=3), numbers, some.just([1]))
records = some.fixed_dictionaries(
    {
        "dep_delay": some.one_of(numbers, odd),
        "distance": some.one_of(some.integers(0, 6000), odd),
        "carrier": some.one_of(some.sampled_from(["AA", "UA", "ZZ"]), odd),
    },
    optional={
        "flight": some.one_of(some.text(max_size=4), some.integers(), odd),
        "at": some.one_of(some.just("2013-01-01T05:15:00"), some.just("2013-01-01T05:15:00+01:00"), odd),
        "more": odd,
    },
)


@settings(deadline=None, max_examples=400)
@given(records, some.booleans(), some.booleans())
def test_one_plain_row_is_answered_and_logged_in_the_same_bytes_the_short_way(
    record: dict[str, Any], envelope: bool, hide: bool
) -> None:
    body = json.dumps({"rows": [record]} if envelope else record).encode()
    without = frozenset({"distance"} if hide else ())
    short, long = answerer(True, without=without), answerer(False, without=without)
    for _ in range(2):
        assert outcome(short, body) == outcome(long, body)


def test_the_usual_row_goes_the_short_way() -> None:
    heart = answerer(True)
    assert heart._single({**ROW, "flight": "a", "at": "2013-01-01T05:15:00"}) is not None
    assert heart._single({**ROW, "flight": "a"}) is None
    assert heart._plain({**ROW, "dep_delay": None}) is not None
    for change in ({"carrier": "ZZ"}, {"distance": None}, {"distance": 9999}, {"more": 1}):
        assert heart._single({**ROW, **change}) is None


def test_all_rows_of_a_batch_are_answered_as_one_by_one() -> None:
    rows = [{**ROW, "dep_delay": n / 7, "flight": str(n)} for n in range(-20, 50)]
    batch = json.loads(answerer(True).answer(json.dumps(rows).encode()).body)["predictions"]
    heart = answerer(True)
    singles = [json.loads(heart.answer(json.dumps(row).encode()).body)["predictions"][0] for row in rows]
    assert batch == singles
    assert [one["probabilities"]["True"] for one in batch] == [late(row, 0.25) for row in rows]


def tripled() -> Answerer:
    contract = Contract((Field(name="x", kind="number"),))
    builder = ProgramBuilder(contract)
    line = Linear(into=builder.next, xs=wholes([0]), weights=reals([[3.0]]), bias=reals([1.0]))
    builder.score([builder.add(line)])
    outcome = Outcome(task="regression")
    served = Served(name="m", digest="d", revision=1, contract=contract, outcome=outcome)
    return Answerer(served, Scorer(builder.finish(outcome)))


def test_a_number_is_answered_for_a_regression() -> None:
    reply = tripled().answer(b'{"x": 2, "id": "a"}')
    assert json.loads(reply.body)["predictions"] == [{"id": "a", "prediction": 7.0, "warnings": []}]
    assert json.loads(reply.records[0])["scores"] == [7.0]


@pytest.mark.parametrize("body", [b'{"x": 1e308}', b'[{"x": 1e308}, {"x": 1}]'])
def test_a_row_of_which_the_answer_is_no_finite_number_is_refused(body: bytes) -> None:
    with pytest.raises(ModelyardError, match="no finite number for row 0"):
        tripled().answer(body)
