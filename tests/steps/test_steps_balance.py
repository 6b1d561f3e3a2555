"""sample.balance: which rows later steps learn from, and with what weight."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_sample_weight

from modelyard.errors.data import BadTarget, NoRows
from modelyard.errors.learning import WrongTask
from modelyard.rows.table import Table, Vector, coded
from modelyard.schema.target import Outcome
from modelyard.step.chain import replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.steps.encode.target import Target
from modelyard.steps.sample.balance import Balance

THREE = Context(outcome=Outcome(task="classification", classes=("a", "b", "c")))
LAWS = settings(deadline=None, max_examples=60)
CLASSES = st.lists(st.integers(0, 2), min_size=2, max_size=200).filter(lambda found: len(set(found)) > 1)


def batch(y: np.ndarray, **more: np.ndarray) -> Batch:
    n = len(y)
    vectors = {"row": Vector("number", np.arange(n, dtype=float)), "word": coded([f"w{row % 7}" for row in range(n)])}
    return Batch(Table(vectors, n), y.astype(float), time=np.arange(n) * 1e6, **more)


def taught(step: Balance, given: Batch, ctx: Context = THREE) -> Batch:
    fitted = step.learn(given, ctx)
    assert fitted.train is not None
    assert replay(fitted.learned, given.X).names == given.X.names
    assert fitted.learned.writes == fitted.learned.removes == ()
    return fitted.train


@LAWS
@given(CLASSES, st.booleans())
def test_weights_are_scikit_learns_times_the_rows_own(classes: list[int], weighted: bool) -> None:
    y = np.array(classes, dtype=float)
    own = np.random.default_rng(0).uniform(0.5, 2.0, len(y)) if weighted else None
    train = taught(Balance(), batch(y, **({} if own is None else {"weight": own})))
    theirs = compute_sample_weight("balanced", y)
    np.testing.assert_allclose(train.weight, theirs if own is None else theirs * own, rtol=1e-14)
    assert train.y is not None
    np.testing.assert_array_equal(train.y, y)


@LAWS
@given(CLASSES, st.sampled_from(["over", "under"]), st.floats(0.05, 1.0))
def test_a_drawn_row_is_a_whole_row_in_the_tables_order(
    classes: list[int], how: Literal["over", "under"], ratio: float
) -> None:
    y = np.array(classes, dtype=float)
    given = batch(y, weight=np.arange(len(y)) / 7)
    train = taught(Balance(how=how, ratio=ratio), given)
    rows = train.X["row"].astype(int)
    assert (np.diff(rows) >= 0).all()
    for ours, before in ((train.y, given.y), (train.weight, given.weight), (train.time, given.time)):
        assert ours is not None
        assert before is not None
        np.testing.assert_array_equal(ours, before[rows])
    np.testing.assert_array_equal(train.X["word"], given.X["word"][rows])
    times = np.bincount(rows, minlength=len(y))
    counts, after = (np.unique(one, return_counts=True)[1] for one in (y, y[rows]))
    if how == "over":
        assert times.min() >= 1
        assert all(np.ptp(times[y == code]) <= 1 for code in np.unique(y))
        np.testing.assert_array_equal(after, np.maximum(counts, np.ceil(ratio * counts.max())))
    else:
        assert times.max() == 1
        np.testing.assert_array_equal(after, np.minimum(counts, np.floor(counts.min() / ratio)))


@LAWS
@given(CLASSES, st.floats(0.05, 1.0))
def test_weights_reach_the_ratio_and_average_one(classes: list[int], ratio: float) -> None:
    y = np.array(classes)
    train = taught(Balance(ratio=ratio), batch(y))
    assert train.weight is not None
    totals = np.bincount(y, weights=train.weight)[np.unique(y)]
    assert totals.min() / totals.max() >= ratio * (1 - 1e-12)
    assert train.weight.mean() == pytest.approx(1.0)


def test_the_seed_draws_the_rows() -> None:
    given = batch(np.array([0] * 90 + [1] * 10))
    first, again, other = (
        taught(Balance(how="under"), given, Context(outcome=THREE.outcome, seed=seed)).X["row"] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert list(first) != list(other)


def test_copies_of_a_row_do_not_tell_on_each_other() -> None:
    """Each row is the only one of its word; without groups a copy in another part would give its target away."""
    n = 60
    y = np.array([0.0] * 50 + [1.0] * 10)
    own = Batch(Table({"word": coded([f"w{row:02d}" for row in range(n)])}, n), y)
    train = taught(Balance(how="over"), own)
    encoded = Target().learn(train, Context(outcome=Outcome(task="classification", classes=("a", "b")))).train
    assert encoded is not None
    assert encoded.y is not None
    assert np.ptp([encoded.X["word=target"][encoded.y == code].mean() for code in (0.0, 1.0)]) < 0.1


def test_groups_that_are_there_stay() -> None:
    group = np.arange(30) // 5 * 1.0
    given = batch(np.array([0] * 25 + [1] * 5), group=group)
    train = taught(Balance(how="over"), given)
    assert train.group is not None
    np.testing.assert_array_equal(train.group, group[train.X["row"].astype(int)])


def test_what_it_cannot_balance_is_said() -> None:
    y = np.array([0.0, 0.0, 1.0])
    with pytest.raises(WrongTask, match="number"):
        Balance().learn(batch(y), Context(outcome=Outcome(task="regression")))
    with pytest.raises(BadTarget, match="one class"):
        Balance().learn(batch(np.zeros(3)), THREE)
    with pytest.raises(BadTarget, match="no target"):
        Balance().learn(Batch(batch(y).X), THREE)
    with pytest.raises(NoRows):
        Balance().learn(batch(np.array([])), THREE)
