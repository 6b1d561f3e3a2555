"""encode.text_tfidf is scikit-learn's TfidfVectorizer, in training, in batches and one request at a time."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace as changed

from flights import flights
from laws import equal, exact, holds, written
from modelyard.errors.data import BadSelector, MissingColumn, NoRows, WrongType
from modelyard.errors.serving import BadRows
from modelyard.rows.reading import RowReader
from modelyard.rows.table import Table, Vector, coded
from modelyard.schema.contract import Contract
from modelyard.schema.roles import Roles
from modelyard.schema.target import Outcome
from modelyard.scoring.bounds import allowance
from modelyard.scoring.engine import Scorer
from modelyard.scoring.interpreter import interpret
from modelyard.step.chain import compile_chain, replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.step.intake import learn_fields, take_in
from modelyard.step.step import Learns
from modelyard.steps.clean.impute import Impute
from modelyard.steps.derive.text_stats import TextStats
from modelyard.steps.encode.text_tfidf import TextTfidf
from modelyard.steps.model.lightgbm import Lightgbm
from modelyard.steps.model.logistic_regression import LogisticRegression
from texts import many, of_flights

LATE = Outcome(task="classification", classes=("on time", "late"), labels=("on time", "late"), positive=1)
CTX = Context(outcome=LATE)
TRAIN, FRESH = 10_000, 100_000
SOME = int(os.environ.get("MODELYARD_TEXTS", "10000"))
"""Notes cut into characters: 100,000 as well by `MODELYARD_TEXTS=100000`, which takes a minute."""
STEPS: list[TextTfidf] = [
    TextTfidf(max_features=40),
    TextTfidf(ngrams=(1, 2), min_df=0.01, max_df=0.6, max_features=40, norm="l1", use_idf=False),
    TextTfidf(analyzer="char", ngrams=(2, 3), max_features=40, lower=False, norm="none", smooth_idf=False),
    TextTfidf(columns=("note",), analyzer="char_wb", ngrams=(2, 4), max_features=40, sublinear=True),
]  # fmt: skip


def odd(rows: int, seed: int = 0, gaps: bool = True) -> Table:
    """Two texts that are unlike one another, with nulls, and a number."""
    random = np.random.default_rng(seed)
    vectors = {"x": Vector("number", random.normal(size=rows))}
    for place, name in enumerate(("note", "title")):
        made = np.empty(rows, dtype=object)
        made[:] = many(rows, seed=seed + place)
        if gaps:
            made[random.random(rows) < 0.1] = None
        vectors[name] = Vector("text", made)
    return Table(vectors, rows)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.analyzer}-{step.norm}")
def test_on_notes_of_real_flights_the_numbers_are_the_librarys(step: TextTfidf) -> None:
    fitted = changed(step, columns="note", max_features=12).learn(Batch(of_flights(TRAIN)), CTX)
    new = of_flights(FRESH if step.analyzer == "word" else SOME, start=TRAIN)
    (equal if step.sublinear else exact)(fitted, new)
    assert (written(fitted.learned, new) > 0).any(axis=0).all()


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.analyzer}-{step.norm}")
def test_odd_texts_order_and_batch_change_nothing(step: TextTfidf) -> None:
    train = Batch(odd(600))
    equal(step.learn(train, CTX), odd(300, seed=7))
    holds(step, train, odd(40, seed=8), CTX)


def late(rows: int, start: int) -> np.ndarray:
    delay = flights()["dep_delay"].slice(start, rows).fill_null(0).to_numpy()
    return (delay > 5).astype(float)


@pytest.mark.parametrize(
    "model", [LogisticRegression(), Lightgbm(trees=20, leaves=8)], ids=["logistic_regression", "lightgbm"]
)
def test_a_whole_pipeline_of_texts_answers_what_the_libraries_answer(model: Learns) -> None:
    rows, new = of_flights(TRAIN).select(["note"]), of_flights(FRESH, start=TRAIN).select(["note"])
    contract = Contract(learn_fields(rows, ("note",)))
    words = TextTfidf(max_features=60, ngrams=(1, 2)).learn(Batch(rows), CTX)
    fitted = model.learn(Batch(replay(words.learned, rows), late(TRAIN, 0)), CTX)
    assert words.oracle is not None
    assert fitted.oracle is not None
    names = [field.name for field in words.learned.writes]
    theirs = fitted.oracle(Table(dict(zip(names, map(_number, words.oracle(new).T), strict=True)), FRESH))
    program = compile_chain(contract, [words.learned, fitted.learned], LATE)
    scorer = Scorer(program)
    ours, allowed = scorer.table(new), allowance(program, scorer.inputs(new), FRESH)
    assert (np.abs(ours.scores - theirs) <= allowed.scores).all()
    assert allowed.scores.max() < 1e-13
    clear = ~allowed.turns
    np.testing.assert_array_equal(ours.prediction[clear], theirs.argmax(axis=1)[clear])
    assert ours.scores[:, 1].std() > 0.05  # it learned something
    reference = interpret(program.instructions, scorer.inputs(new.take(np.arange(900))), program.registers, 900)
    np.testing.assert_array_equal(reference[program.gives.scores[1]], ours.scores[:900, 1])
    alone = [scorer.row([np.nan if text is None else text])[1] for text in new["note"][:300]]
    np.testing.assert_array_equal(alone, ours.scores[:300, 1])


def _number(values: Any) -> Vector:
    return Vector("number", np.ascontiguousarray(values))


def served() -> tuple[RowReader, Scorer]:
    table = odd(600)
    table = table.with_({"title": Vector("text", np.array(["a title"] * 600, dtype=object))})
    contract = Contract(learn_fields(table, ("title", "x", "note")))
    batch, chain = Batch(take_in(table, contract), (table["x"] > 0).astype(float)), []
    for step in (TextStats(columns="note"), TextTfidf(max_features=30), TextTfidf(columns="title", max_features=3)):
        if step.columns == "text":
            step = changed(step, columns=("note",))
        chain.append(step.learn(batch, CTX).learned)
        batch = Batch(replay(chain[-1], batch.X), batch.y)
    for last in (Impute(columns="numeric"), LogisticRegression()):
        chain.append(last.learn(batch, CTX).learned)
        batch = Batch(replay(chain[-1], batch.X), batch.y) if isinstance(last, Impute) else batch
    program = compile_chain(contract, chain, LATE)
    return RowReader(program.takes), Scorer(program)


def test_requests_carry_texts_as_the_contract_says() -> None:
    reader, scorer = served()
    row: dict[str, Any] = {"x": 0.5, "note": "late fog\u0301 at gate 9x", "title": "a title"}
    odd_ones = [row, dict(reversed(row.items())), {**row, "more": 1}, {**row, "note": None}]
    rows = reader.read([*odd_ones, {k: v for k, v in row.items() if k != "note"}, {**row, "note": "never seen words"}])
    answers = scorer.score(rows.inputs, rows.length).scores[:, 1].tolist()
    assert answers[0] == answers[1] == answers[2] != answers[3] == answers[4]
    assert np.isfinite(answers).all()
    assert {row: [one["warning"] for one in said] for row, said in rows.warnings.items()} == {
        2: ["ignored"], 4: ["missing"],
    }  # fmt: skip
    for place in (0, 3, 5):
        record = {**row, "note": [row["note"], None, "never seen words"][(0, 3, 5).index(place)]}
        plain = reader.plain.read(record)
        assert plain is not None
        assert scorer.row(plain[0])[1] == answers[place]
    for bad in (3, 0.5, True, ["late"], {"a": 1}):
        assert reader.plain.read({**row, "note": bad}) is None
        with pytest.raises(BadRows, match="'note' must be a string"):
            reader.read([{**row, "note": bad}])
    with pytest.raises(BadRows, match="'title' is null"):
        reader.read([{**row, "title": None}])


def test_a_column_that_is_gone_or_has_a_role_or_is_no_text_is_said() -> None:
    learned = STEPS[0].learn(Batch(odd(100)), CTX).learned
    with pytest.raises(MissingColumn, match="'title'"):
        replay(learned, odd(5).without(["title"]))
    words = Table({"note": coded(["a b", "c d"])}, 2)
    with pytest.raises(WrongType, match=r"types: \{note: text\}"):
        TextTfidf(columns="note").learn(Batch(words), CTX)
    with pytest.raises(BadSelector):
        TextTfidf().schema(words.schema, CTX)
    with pytest.raises(BadSelector):
        TextTfidf(columns="note").learn(Batch(odd(9)), Context(roles=Roles(ignore="note")))
    with pytest.raises(BadSelector, match="n-grams"):
        TextTfidf(ngrams=(2, 1)).schema(odd(1).schema, CTX)
    with pytest.raises(NoRows):
        TextTfidf().learn(Batch(odd(0)), CTX)


def test_texts_without_any_word_become_no_columns() -> None:
    made = np.array([None, "", "?", "a"], dtype=object)
    fitted = TextTfidf().learn(Batch(Table({"note": Vector("text", made), "x": _number(np.zeros(4))}, 4)), CTX)
    assert fitted.learned.writes == ()
    rows = Table({"note": Vector("text", made)}, 4)
    assert replay(fitted.learned, rows).names == ()
    assert fitted.oracle is not None
    assert fitted.oracle(rows).shape == (4, 0)
