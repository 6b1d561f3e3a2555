"""encode.target against scikit-learn's TargetEncoder, bit for bit; and that no row is encoded by its own target."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold
from sklearn.preprocessing import TargetEncoder

from flights import labelled
from modelyard.errors.data import BadSelector, BadTarget, MissingColumn, NoRows, WrongType
from modelyard.rows.table import Table, Vector, table
from modelyard.schema.roles import Roles
from modelyard.schema.target import Outcome
from modelyard.step.chain import replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted
from modelyard.steps.encode.target import Means, Target

NUMBER = Outcome(task="regression")
TWO = Outcome(task="classification", classes=("false", "true"))
THREE = Outcome(task="classification", classes=("blue", "green", "red"))
WORDS = tuple("abcdefgh")
KINDS: list[tuple[Outcome, str]] = [(NUMBER, "continuous"), (TWO, "binary"), (THREE, "multiclass")]


def codes(n: int, seed: int, unseen: bool = False) -> Table:
    random = np.random.default_rng(seed)
    made = {}
    for name in ("c", "d"):
        values = random.choice(8, n, p=[0.4, 0.2, 0.15, 0.1, 0.08, 0.05, 0.015, 0.005]).astype(float)
        values[random.random(n) < 0.05] = np.nan
        if unseen:
            values[random.random(n) < 0.1] = -1.0
        made[name] = Vector("category", values, WORDS)
    return Table({**made, "x": Vector("number", random.normal(size=n))}, n)


def target(outcome: Outcome, rows: Table) -> np.ndarray:
    random = np.random.default_rng(9)
    base = np.nan_to_num(rows["c"], nan=3.0) + random.normal(size=len(rows))
    return base if outcome.task == "regression" else np.clip(np.floor(base / 2), 0, len(outcome.classes) - 1)


def written(fitted: Fitted, rows: Table) -> np.ndarray:
    return np.column_stack([rows[field.name] for field in fitted.learned.writes])


@pytest.mark.parametrize("smooth", ["auto", 0.0, 10.0])
@pytest.mark.parametrize(("outcome", "kind"), KINDS)
def test_serving_and_training_columns_are_scikit_learns(outcome: Outcome, kind: str, smooth: Any) -> None:
    rows = codes(4_000, 1)
    y = target(outcome, rows)
    fitted = Target(smooth=smooth).learn(Batch(rows, y), Context(outcome=outcome, seed=7))
    parts = (KFold if kind == "continuous" else StratifiedKFold)(5, shuffle=True, random_state=7)
    theirs = TargetEncoder(target_type=kind, smooth=smooth, cv=parts)
    crossed = theirs.fit_transform(rows.matrix(["c", "d"]), y)
    assert fitted.train is not None
    assert fitted.oracle is not None
    np.testing.assert_array_equal(written(fitted, fitted.train.X), crossed)
    for new in (rows, codes(3_000, 2, unseen=True), rows.take(np.array([4]))):
        ours = written(fitted, replay(fitted.learned, new))
        np.testing.assert_array_equal(ours, fitted.oracle(new))
        np.testing.assert_array_equal(ours, theirs.transform(new.matrix(["c", "d"])))


def test_all_flights_are_encoded_as_scikit_learn_does_it() -> None:
    rows, delay = labelled(330_000, gaps=0.0)
    late = (delay > 15).astype(float)
    fitted = Target().learn(Batch(rows, late), Context(outcome=TWO))
    theirs = TargetEncoder(target_type="binary", cv=StratifiedKFold(5, shuffle=True, random_state=0))
    names = ["carrier", "origin", "dest"]
    assert fitted.train is not None
    np.testing.assert_array_equal(written(fitted, fitted.train.X), theirs.fit_transform(rows.matrix(names), late))
    again = replay(fitted.learned, rows)
    np.testing.assert_array_equal(written(fitted, again), theirs.transform(rows.matrix(names)))
    assert again.names == fitted.train.X.names


def test_a_group_is_encoded_by_other_groups_only() -> None:
    rows = codes(900, 3)
    y, group = target(NUMBER, rows), np.random.default_rng(4).integers(0, 30, 900).astype(float)
    fitted = Target().learn(Batch(rows, y, group=group), Context(outcome=NUMBER))
    theirs = TargetEncoder(cv=list(GroupKFold(5).split(rows.matrix(["c", "d"]), y, group)))
    assert fitted.train is not None
    np.testing.assert_array_equal(written(fitted, fitted.train.X), theirs.fit_transform(rows.matrix(["c", "d"]), y))


def test_a_row_without_a_group_is_one_by_itself() -> None:
    rows = codes(300, 3)
    group = np.where(np.arange(300) % 3 == 0, np.nan, np.arange(300) // 10 * 1.0)
    own = np.where(np.isnan(group), 1_000.0 + np.arange(300), group)
    y = target(NUMBER, rows)
    torn, whole = (Target().learn(Batch(rows, y, group=one), Context(outcome=NUMBER)).train for one in (group, own))
    assert torn is not None
    assert whole is not None
    np.testing.assert_array_equal(torn.X["c=target"], whole.X["c=target"])


def test_truths_are_categories_too() -> None:
    values = np.array([0.0, 1.0, np.nan, 1.0] * 50)
    rows = Table({"b": Vector("boolean", values)}, 200)
    y = np.random.default_rng(0).normal(size=200) + np.nan_to_num(values, nan=5.0)
    fitted = Target(columns="b").learn(Batch(rows, y), Context(outcome=NUMBER))
    theirs = TargetEncoder(cv=KFold(5, shuffle=True, random_state=0)).fit(rows.matrix("b"), y)
    np.testing.assert_array_equal(written(fitted, replay(fitted.learned, rows)), theirs.transform(rows.matrix("b")))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(20, 80), st.sampled_from([NUMBER, TWO, THREE]))
def test_a_rows_own_target_never_reaches_its_training_column(seed: int, folds: int, n: int, outcome: Outcome) -> None:
    random = np.random.default_rng(seed)
    rows = Table({"c": Vector("category", random.integers(0, 8, n).astype(float), WORDS)}, n)
    y = random.normal(size=n) if outcome is NUMBER else random.integers(0, len(outcome.classes), n).astype(float)
    group = np.arange(n).astype(float)
    ctx, row = Context(outcome=outcome), int(random.integers(n))
    changed = y.copy()
    changed[row] = 99.0 if outcome is NUMBER else (y[row] + 1) % len(outcome.classes)
    before, after = (Target(folds=folds).learn(Batch(rows, one, group=group), ctx) for one in (y, changed))
    assert before.train is not None
    assert after.train is not None
    np.testing.assert_array_equal(written(before, before.train.X)[row], written(after, after.train.X)[row])


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([NUMBER, TWO, THREE]))
def test_learned_once_it_replays_whatever_comes_row_by_row(seed: int, outcome: Outcome) -> None:
    rows = codes(200, seed)
    learned = Target().learn(Batch(rows, target(outcome, rows)), Context(outcome=outcome)).learned
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(learned), type=Means)
    new = codes(40, seed + 1, unseen=True)
    order = np.random.default_rng(seed).permutation(40)
    turned = Table({name: new.vector(name) for name in reversed(new.names)} | {"new": new.vector("x")}, 40)
    whole = replay(learned, new)
    single = [replay(learned, new.take(np.array([row]))) for row in range(40)]
    for field in learned.writes:
        np.testing.assert_array_equal(replay(kept, turned.take(order))[field.name], whole[field.name][order])
        np.testing.assert_array_equal([one[field.name][0] for one in single], whole[field.name])
        assert not np.isnan(whole[field.name]).any()


def test_the_schema_promises_what_is_written() -> None:
    rows = codes(100, 1)
    for outcome, _ in KINDS:
        promised = Target(columns="c").schema(rows.schema, Context())
        made = replay(
            Target(columns="c").learn(Batch(rows, target(outcome, rows)), Context(outcome=outcome)).learned, rows
        )
        assert all(name in promised for name in made.names)
        assert "c" not in promised


def test_a_class_that_a_fold_lacks_keeps_its_column() -> None:
    rows = codes(100, 1)
    learned = Target(columns="c").learn(Batch(rows, np.arange(100) % 2.0), Context(outcome=THREE)).learned
    assert [field.name for field in learned.writes] == ["c=blue", "c=green", "c=red"]
    assert set(replay(learned, rows)["c=red"]) == {0.0}


def test_what_it_cannot_do_is_said() -> None:
    rows, ctx = codes(20, 1), Context(outcome=NUMBER)
    batch = Batch(rows, np.arange(20.0))
    with pytest.raises(BadTarget, match="no target"):
        Target().learn(Batch(rows), ctx)
    with pytest.raises(WrongType, match="number"):
        Target(columns="x").learn(batch, ctx)
    with pytest.raises(NoRows):
        Target().learn(Batch(rows.take(np.array([1])), np.zeros(1)), ctx)
    with pytest.raises(NoRows, match="one group"):
        Target().learn(Batch(rows, np.arange(20.0), group=np.zeros(20)), ctx)
    with pytest.raises(BadSelector):
        Target(columns="c").learn(batch, Context(outcome=NUMBER, roles=Roles(id="c")))
    with pytest.raises(MissingColumn):
        replay(Target().learn(batch, ctx).learned, table(other=["a"]))
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"use": "encode.target", "folds": 1}, Target)
