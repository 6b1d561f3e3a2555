"""What every step that encodes, selects or reduces keeps to: learned once it replays many times, whatever comes."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flights import WORDS as WORDS_OF_FLIGHTS
from flights import labelled
from modelyard.errors.data import BadSelector, MissingColumn
from modelyard.rows.table import Table, Vector
from modelyard.schema.roles import Roles
from modelyard.schema.target import Outcome
from modelyard.step.chain import replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.step.step import Learns
from modelyard.steps.encode.frequency import Frequency
from modelyard.steps.reduce.pca import Pca
from modelyard.steps.select.by_model import ByModel
from modelyard.steps.select.correlation import Correlation
from modelyard.steps.select.mutual_information import MutualInformation
from modelyard.steps.select.variance import Variance

CTX = Context(outcome=Outcome(task="classification", classes=("no", "yes")))
WORDS = tuple("abcdefgh")
STEPS: list[Learns] = [
    Frequency(), Frequency(columns="c", measure="count"), Variance(), Correlation(), Correlation(method="spearman"),
    MutualInformation(keep=3), ByModel(), ByModel(model="linear", columns="numeric", keep=2),
    Pca(), Pca(columns=("x", "y", "same"), components=2, whiten=True),
]  # fmt: skip
EVERY = pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{type(step).__name__}-{STEPS.index(step)}")


def rows(n: int, seed: int, unseen: bool = False) -> Table:
    """Four numbers (`same` follows x, `still` never moves), two categories with nulls; gaps only in new rows."""
    random = np.random.default_rng(seed)
    x, y, z = random.normal(3, 1e3, n), random.exponential(2.0, n), random.normal(size=n)
    made = {"x": x, "same": 2 * x + 1, "y": y, "z": z, "still": np.full(n, 4.0)}
    if unseen:
        z[random.random(n) < 0.2] = np.nan
    vectors = {name: Vector("number", values) for name, values in made.items()}
    for name in ("c", "d"):
        codes = random.choice(8, n, p=[0.4, 0.2, 0.15, 0.1, 0.08, 0.05, 0.015, 0.005]).astype(float)
        codes[random.random(n) < 0.05] = np.nan
        codes[random.random(n) < 0.1] = -1.0 if unseen else 0.0
        vectors[name] = Vector("category", codes, WORDS)
    return Table(vectors, n)


def batch(n: int = 400, seed: int = 1) -> Batch:
    table = rows(n, seed)
    noise = np.random.default_rng(seed).normal(size=n)
    return Batch(table, (table["x"] / 1e3 + (table["c"] == 0) + noise > 3.5).astype(float))


@EVERY
def test_a_replay_is_the_oracles_answer(step: Learns) -> None:
    fitted = step.learn(batch(3_000), CTX)
    for new in (rows(3_000, 1), rows(2_000, 2), rows(1, 3), rows(2_000, 4, unseen=True)):
        made = replay(fitted.learned, new)
        if fitted.oracle is not None and not isinstance(step, Pca):  # whose sums have a test of their own
            ours = np.column_stack([made[field.name] for field in fitted.learned.writes])
            np.testing.assert_array_equal(ours, fitted.oracle(new))


@EVERY
@settings(deadline=None, max_examples=5)
@given(seed=st.integers(0, 10_000))
def test_order_batch_size_and_strange_columns_change_nothing(step: Learns, seed: int) -> None:
    learned = step.learn(batch(), CTX).learned
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(learned), type=type(learned))
    new = rows(30, seed, unseen=True)
    order = np.random.default_rng(seed).permutation(30)
    turned = Table({name: new.vector(name) for name in reversed(new.names)} | {"new": new.vector("x")}, 30)
    whole, shuffled = replay(learned, new), replay(kept, turned.take(order))
    assert set(shuffled.names) == {*whole.names, "new"}
    single = [replay(learned, new.take(np.array([row]))) for row in range(30)]
    for name in whole.names:
        np.testing.assert_array_equal(shuffled[name], whole[name][order])
        np.testing.assert_array_equal([one[name][0] for one in single], whole[name])


@EVERY
def test_the_schema_promises_what_is_written(step: Learns) -> None:
    promised = step.schema(rows(5, 1).schema, CTX)
    made = replay(step.learn(batch(), CTX).learned, rows(20, 2))
    assert all(name in promised and made.vector(name).kind == promised[name].kind for name in made.names)


@EVERY
def test_a_column_that_is_gone_is_missed_by_name(step: Learns) -> None:
    learned = step.learn(batch(), CTX).learned
    if learned.writes:
        with pytest.raises(MissingColumn, match=r"'(c|x|same)'"):
            replay(learned, rows(5, 1).without(["x", "same", "c"]))


@EVERY
def test_what_has_a_role_cannot_be_chosen(step: Learns) -> None:
    hidden = Context(roles=Roles(id="c", group="x"), outcome=CTX.outcome)
    with pytest.raises(BadSelector):
        msgspec.structs.replace(step, columns=("c", "x")).learn(batch(), hidden)


def test_frequencies_are_shares_of_the_training_rows() -> None:
    made = replay(Frequency(columns="c").learn(batch(), CTX).learned, rows(400, 1))
    known = rows(400, 1)["c"]
    for code in (*range(8), float("nan")):
        same = np.isnan(known) if np.isnan(code) else known == code
        assert set(made["c"][same]) <= {same.sum() / 400}


def test_the_frequencies_of_all_flights_are_those_that_polars_counts() -> None:
    train, new = labelled(200_000, gaps=0.0)[0], labelled(330_000, gaps=0.0)[0]
    for measure in ("share", "count"):
        fitted = Frequency(measure=measure).learn(Batch(train), CTX)
        made = replay(fitted.learned, new)
        assert fitted.oracle is not None
        np.testing.assert_array_equal(np.column_stack([made[name] for name in WORDS_OF_FLIGHTS]), fitted.oracle(new))
