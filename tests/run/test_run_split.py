"""Folds and holdout keep their promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.errors.data import NoRows
from modelyard.errors.run import BadSplit
from modelyard.project.comparison import Holdout, Split
from modelyard.run.split import Frame, part

DAY = 86_400_000_000


KINDS = st.sampled_from(["kfold", "group", "stratified"])


@settings(deadline=None, max_examples=60)
@given(rows=st.integers(60, 300), folds=st.integers(2, 6), seed=st.integers(0, 9), kind=KINDS)
def test_every_development_row_is_tested_once_and_the_holdout_never(
    rows: int, folds: int, seed: int, kind: str
) -> None:
    rng = np.random.default_rng(seed)
    frame = Frame(y=rng.integers(0, 2, rows).astype(float), group=np.floor(np.arange(rows) / 2), classes=True)
    parts = part(frame, Split(kind=kind, folds=folds), seed=seed)
    tested = np.sort(np.concatenate([fold.test for fold in parts.folds]))
    assert np.array_equal(tested, np.sort(parts.development))
    assert not set(parts.development) & set(parts.holdout)
    for fold in parts.folds:
        assert not set(fold.train) & set(fold.test)
        if kind == "group":
            assert not set(frame.group[fold.train]) & set(frame.group[fold.test])


def test_time_folds_leave_a_gap_as_long_as_the_label_is_late() -> None:
    time = np.sort(np.random.default_rng(0).integers(0, 90 * DAY, 5000)).astype(float)
    frame = Frame(y=np.ones(5000), time=time, known_after=3 * DAY)
    parts = part(frame, Split(holdout=Holdout(last="14d")))
    assert parts.kind == "time"
    assert len(parts.folds) == 5
    for fold in parts.folds:
        assert time[fold.train].max() < time[fold.test].min() - 3 * DAY
    held = time[parts.holdout]
    assert held.max() <= time.max() - 3 * DAY
    assert held.max() - held.min() <= 14 * DAY
    assert time[parts.development].max() <= held.min() - 3 * DAY
    assert len(parts.development) + len(parts.holdout) + parts.in_gap + parts.young == 5000


def test_rows_of_one_moment_are_never_on_both_sides() -> None:
    time = np.repeat(np.arange(40.0), 25) * DAY
    parts = part(Frame(y=np.ones(1000), time=time), Split(folds=4))
    for fold in parts.folds:
        assert not set(time[fold.train]) & set(time[fold.test])


def test_unlabelled_rows_are_counted_and_never_used() -> None:
    y = np.where(np.arange(200) % 10 == 0, np.nan, 1.0)
    parts = part(Frame(y=y), Split())
    assert parts.unlabelled == 20
    assert not np.isnan(y[np.concatenate([parts.development, parts.holdout])]).any()


def test_stratified_folds_hold_the_same_share_of_each_class() -> None:
    y = (np.arange(1000) % 20 == 0).astype(float)
    parts = part(Frame(y=y, classes=True), Split(folds=4))
    assert [int(y[fold.test].sum()) for fold in parts.folds] == [10, 10, 10, 10]


def test_a_time_split_without_time_says_which_role_is_missing() -> None:
    with pytest.raises(BadSplit, match="roles"):
        part(Frame(y=np.ones(50)), Split(kind="time"))


def test_a_table_whose_labels_are_all_missing_is_refused() -> None:
    with pytest.raises(NoRows, match="none of 5 rows"):
        part(Frame(y=np.full(5, np.nan)), Split())


@settings(deadline=None, max_examples=60)
@given(rows=st.integers(100, 400), share=st.floats(0.1, 0.8), kind=st.sampled_from(["kfold", "stratified"]))
def test_the_holdout_is_as_large_as_asked(rows: int, share: float, kind: str) -> None:
    y = (np.arange(rows) % 3 == 0).astype(float)
    parts = part(Frame(y=y, classes=True), Split(kind=kind, folds=2, holdout=Holdout(share=share)))
    assert abs(len(parts.holdout) - share * rows) <= 1
    if kind == "stratified":
        assert abs(y[parts.holdout].sum() - share * y.sum()) <= 1.5


def test_a_holdout_of_groups_comes_near_its_share_and_parts_no_group() -> None:
    group = np.floor(np.arange(1000) / 7)
    parts = part(Frame(y=np.ones(1000), group=group), Split(holdout=Holdout(share=0.4)))
    assert abs(len(parts.holdout) - 400) <= 7
    assert not set(group[parts.holdout]) & set(group[parts.development])


def test_rows_without_a_time_are_counted_apart_and_never_used() -> None:
    time = np.where(np.arange(500) % 50 == 0, np.nan, np.arange(500.0) * DAY)
    parts = part(Frame(y=np.ones(500), time=time), Split())
    assert parts.timeless == 10
    assert parts.in_gap == 0
    assert len(parts.development) + len(parts.holdout) == 490
