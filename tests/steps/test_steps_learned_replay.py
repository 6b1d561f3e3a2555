"""Each learned step's instructions against the library that learned it, bit for bit."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.errors.data import BadSelector, WrongType
from modelyard.rows.table import Table, Vector, coded, table
from modelyard.schema.roles import Roles
from modelyard.step.chain import replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.step.step import Learns
from modelyard.steps.clean.clip import Clip
from modelyard.steps.clean.impute import Impute
from modelyard.steps.clean.scale import Scale
from modelyard.steps.derive.date_parts import DateParts
from modelyard.steps.derive.expression import Expression
from modelyard.steps.encode.one_hot import OneHot
from modelyard.steps.encode.ordinal import Ordinal

CTX = Context(zone="America/New_York")
CATEGORIES = tuple("abcdefgh")


def rows(n: int, seed: int, unseen: bool = False) -> Table:
    random = np.random.default_rng(seed)
    x, y = random.normal(3, 1e3, n), random.exponential(2.0, n)
    x[random.random(n) < 0.1] = np.nan
    codes = random.choice(8, n, p=[0.5, 0.2, 0.1, 0.1, 0.05, 0.03, 0.015, 0.005]).astype(float)
    codes[random.random(n) < 0.05] = np.nan
    if unseen:
        codes[random.random(n) < 0.1] = -1.0
    when = random.integers(0, 2_000_000_000, n).astype(float) * 1e6
    vectors = {"x": Vector("number", x), "y": Vector("number", y), "c": Vector("category", codes, CATEGORIES)}
    return Table({**vectors, "t": Vector("datetime", when)}, n)


STEPS: list[Learns] = [
    Impute(), Impute(strategy="mean"), Impute(strategy="most_frequent"), Impute(strategy="constant", value=-1.0),
    Impute(columns="c", strategy="most_frequent"), Impute(columns="c", strategy="constant", value="cc"),
    Impute(columns="c", strategy="constant", value="b", flag=False),
    Scale(), Clip(quantiles=(0.01, 0.99)), Clip(low=0.0), OneHot(), OneHot(min_frequency=1),
    OneHot(min_frequency=0.2), OneHot(min_frequency=1_000_000), Ordinal(),
    DateParts(parts=("hour", "weekday", "day", "month", "year")),
    Expression(columns={"a": "x / y + floor(y)", "b": "if(is_null(x), y, x) > 3 and not (y > 2)", "h": "hour(t) < 6"}),
]  # fmt: skip


def edges(learned_from: Table) -> Table:
    """Values of the training rows, one ulp below and above."""
    below, above = np.nextafter(learned_from["x"], -np.inf), np.nextafter(learned_from["x"], np.inf)
    return learned_from.with_({"x": Vector("number", np.where(np.arange(len(below)) % 2, below, above))})


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{type(step).__name__}-{STEPS.index(step)}")
def test_a_replay_is_the_librarys_transform_bit_for_bit(step: Learns) -> None:
    train = rows(3_000, 1)
    fitted = step.learn(Batch(train), CTX)
    assert fitted.oracle is not None
    for new in (train, rows(2_000, 2, unseen=True), edges(train), train.take(np.array([5]))):
        made = replay(fitted.learned, new)
        ours = np.column_stack([made[field.name] for field in fitted.learned.writes])
        np.testing.assert_array_equal(ours, fitted.oracle(new))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{type(step).__name__}-{STEPS.index(step)}")
def test_row_order_and_batch_size_change_nothing(step: Learns) -> None:
    learned = step.learn(Batch(rows(500, 1)), CTX).learned
    new, names = rows(60, 3, unseen=True), [field.name for field in learned.writes]
    whole = replay(learned, new)
    order = np.random.default_rng(0).permutation(60)
    shuffled = replay(learned, new.take(order))
    for name in names:
        np.testing.assert_array_equal(whole[name][order], shuffled[name])
        single = [replay(learned, new.take(np.array([row])))[name][0] for row in range(5)]
        np.testing.assert_array_equal(whole[name][:5], single)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{type(step).__name__}-{STEPS.index(step)}")
def test_what_was_learned_is_plain_data(step: Learns) -> None:
    learned = step.learn(Batch(rows(300, 1)), CTX).learned
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(learned), type=type(learned))
    new = rows(50, 4, unseen=True)
    for field in learned.writes:
        np.testing.assert_array_equal(replay(learned, new)[field.name], replay(again, new)[field.name])


def test_the_target_and_roles_cannot_be_selected() -> None:
    hidden = Context(target="y", roles=Roles(id="x"))
    assert "y" not in [
        f.name for f in Scale(columns={"not": ["c", "t"]}).learn(Batch(rows(20, 1)), Context()).learned.writes[:1]
    ]
    for step in (Scale(columns="y"), Impute(columns=("x",)), Expression(columns={"z": "y + 1"})):
        with pytest.raises(BadSelector):
            step.learn(Batch(rows(20, 1)), hidden)


def test_an_infinite_value_is_refused_by_name() -> None:
    with pytest.raises(WrongType, match="infinite"):
        Scale().learn(Batch(table(a=[1.0, float("inf")])), CTX)


def test_a_category_has_no_median() -> None:
    with pytest.raises(WrongType, match="median"):
        Impute(columns="c").learn(Batch(rows(20, 1)), CTX)


def test_a_column_of_nulls_is_filled() -> None:
    empty = Table({"c": coded([None, None]), "n": Vector("number", np.array([np.nan, np.nan]))}, 2)
    assert replay(Impute().learn(Batch(empty), CTX).learned, empty)["n"].tolist() == [0.0, 0.0]
    learned = Impute(columns="c", strategy="most_frequent").learn(Batch(empty), CTX).learned
    assert replay(learned, empty)["c"].tolist() == [0.0, 0.0]


@settings(deadline=None, max_examples=100)
@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2037, 1, 1)),
    st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_date_parts_are_those_of_the_zone(moment: datetime, zone: str) -> None:
    from zoneinfo import ZoneInfo

    apart = moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    micros = (apart.days * 86_400 + apart.seconds) * 1_000_000 + apart.microseconds
    one = Table({"t": Vector("datetime", np.array([float(micros)]))}, 1)
    learned = DateParts(parts=("hour", "weekday", "day", "month", "year")).learn(Batch(one), Context(zone=zone)).learned
    made, local = replay(learned, one), moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    ours = [made[f"t_{part}"][0] for part in ("hour", "weekday", "day", "month", "year")]
    assert ours == [local.hour, local.weekday(), local.day, local.month, local.year]
