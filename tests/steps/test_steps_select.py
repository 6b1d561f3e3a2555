"""What the selections keep, against scikit-learn and SciPy."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.feature_selection import (
    SelectFromModel,
    SelectKBest,
    VarianceThreshold,
    mutual_info_classif,
    mutual_info_regression,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from flights import NUMBERS, labelled
from modelyard.errors.data import BadTarget, NoRows, WrongType
from modelyard.rows.table import Table, Vector, table
from modelyard.schema.target import Outcome
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.step.step import Learns
from modelyard.steps.select.by_model import ByModel
from modelyard.steps.select.correlation import Correlation, correlations
from modelyard.steps.select.mutual_information import MutualInformation
from modelyard.steps.select.variance import Variance

CTX = Context()


def numbers(n: int, seed: int, gaps: float = 0.1) -> Table:
    random = np.random.default_rng(seed)
    a, b = random.normal(5, 100, n), random.exponential(1.0, n)
    made = {"a": a, "b": b, "near": a + random.normal(size=n), "against": -3 * a + 7, "curve": np.exp(a / 50)}
    made |= {"still": np.full(n, 0.1), "weak": random.normal(scale=0.3, size=n)}
    for name in ("a", "b", "near"):
        made[name] = np.where(random.random(n) < gaps, np.nan, made[name])
    return Table({name: Vector("number", values) for name, values in made.items()}, n)


def kept(step: Learns, rows: Table, **more: Any) -> list[str]:
    learned = step.learn(Batch(rows, **more), CTX).learned
    return [name for name in rows.names if name not in learned.removes]


@pytest.mark.parametrize("above", [0.0, 0.05, 0.2, 500.0, 10_000.0])
def test_variance_keeps_what_scikit_learn_keeps(above: float) -> None:
    rows = numbers(2_000, 1)
    support = VarianceThreshold(above).fit(rows.matrix("all")).get_support()
    assert kept(Variance(above=above), rows) == [name for name, stays in zip(rows.names, support, strict=True) if stays]


def test_variance_of_flights_is_scikit_learns() -> None:
    rows, _ = labelled(110_000)
    support = VarianceThreshold(100.0).fit(rows.matrix("numeric")).get_support()
    ours = kept(Variance(above=100.0), rows)
    assert [name for name in ours if name in NUMBERS] == [n for n, stays in zip(NUMBERS, support, strict=True) if stays]


def test_a_column_of_nulls_and_a_lone_value_do_not_move() -> None:
    rows = Table(
        {"n": Vector("number", np.full(3, np.nan)), "one": Vector("number", np.array([np.nan, 2.0, np.nan]))}, 3
    )
    assert kept(Variance(), rows) == []


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.1, 0.5]))
def test_correlations_are_scipys_on_the_rows_that_both_have(seed: int, gaps: float) -> None:
    rows = numbers(300, seed, gaps)
    names = ("a", "b", "near", "against", "curve", "weak")
    ours = correlations(rows, names, "pearson")
    for i, one in enumerate(names):
        for j, two in enumerate(names):
            both = ~np.isnan(rows[one]) & ~np.isnan(rows[two])
            theirs = pearsonr(rows[one][both], rows[two][both]).statistic
            assert ours[i, j] == pytest.approx(theirs, abs=1e-9)


def test_ranks_are_scipys_where_nothing_is_missing() -> None:
    rows = numbers(500, 1, gaps=0.0)
    names = ("a", "b", "near", "against", "curve", "weak")
    np.testing.assert_allclose(
        correlations(rows, names, "spearman"), spearmanr(rows.matrix(names)).statistic, atol=1e-12
    )


def test_of_a_pair_the_first_stays_and_of_three_the_first_too() -> None:
    rows = numbers(1_000, 1)
    assert kept(Correlation(), rows) == ["a", "b", "curve", "still", "weak"]
    assert kept(Correlation(method="spearman"), rows) == ["a", "b", "still", "weak"]
    backwards = Table({name: rows.vector(name) for name in reversed(rows.names)}, len(rows))
    assert kept(Correlation(), backwards) == ["weak", "still", "curve", "against", "b"]


def test_copies_are_found_at_one_and_constants_stay() -> None:
    rows = table(a=[0.1, 0.2, 0.7], copy=[0.1, 0.2, 0.7], c=[3.0, 3.0, 3.0], d=[3.0, 3.0, 3.0])
    assert kept(Correlation(at_least=1.0), rows) == ["a", "c", "d"]


def test_a_large_offset_hides_no_correlation() -> None:
    x = np.random.default_rng(0).normal(size=400)
    noise = np.random.default_rng(1).normal(size=400)
    rows = Table({"a": Vector("number", 1e9 + x), "b": Vector("number", 1e9 + noise)}, 400)
    assert abs(correlations(rows, ("a", "b"), "pearson")[0, 1] - pearsonr(1e9 + x, 1e9 + noise).statistic) < 1e-6


@pytest.mark.parametrize("step", [Variance(), Correlation()])
def test_what_they_cannot_measure_is_said(step: Learns) -> None:
    with pytest.raises(WrongType, match="infinite"):
        step.learn(Batch(table(a=[1.0, float("inf")], b=[1.0, 2.0])), CTX)
    with pytest.raises(NoRows):
        step.learn(Batch(numbers(0, 1)), CTX)
    with pytest.raises(WrongType, match="category"):
        type(step)(columns="all").learn(Batch(table(a=[1.0], b=["x"])), CTX)


NUMBER = Context(outcome=Outcome(task="regression"), seed=3)
CLASSES = Context(outcome=Outcome(task="classification", classes=("a", "b", "c")), seed=3)
EVERY = ["delay", "distance", "noise", "hour", "carrier", "dest"]


def judged(n: int, ctx: Context, gaps: float = 0.0) -> Batch:
    """Real flights with a column of noise, and their delay (in three classes)."""
    rows, delay = labelled(n, gaps=gaps)
    noise = Vector("number", np.random.default_rng(0).normal(size=n))
    vectors = {"delay": rows.vector("dep_delay"), "distance": rows.vector("distance"), "noise": noise}
    vectors |= {name: rows.vector(name) for name in ("hour", "carrier", "dest")}
    y = delay if ctx is NUMBER else np.digitize(delay, [-10.0, 15.0]).astype(float)
    return Batch(Table(vectors, n), y, weight=np.random.default_rng(1).uniform(0.5, 2.0, n))


def ours(step: Learns, batch: Batch, ctx: Context) -> list[str]:
    removed = step.learn(batch, ctx).learned.removes
    return [name for name in batch.X.names if name not in removed]


@pytest.mark.parametrize("ctx", [NUMBER, CLASSES], ids=["number", "classes"])
def test_mutual_information_keeps_what_scikit_learn_keeps(ctx: Context) -> None:
    batch = judged(800, ctx)
    measure = mutual_info_regression if ctx is NUMBER else mutual_info_classif
    discrete = np.array([name in ("carrier", "dest") for name in EVERY])
    score = partial(measure, discrete_features=discrete, random_state=3)
    for keep in (1, 2, 4):
        support = SelectKBest(score, k=keep).fit(batch.X.matrix(EVERY), batch.y).get_support()
        kept = [name for name, stays in zip(EVERY, support, strict=True) if stays]
        assert ours(MutualInformation(keep=keep), batch, ctx) == kept
    assert ours(MutualInformation(keep=0.3), batch, ctx) == ours(MutualInformation(keep=2), batch, ctx)
    assert ours(MutualInformation(keep=100), batch, ctx) == EVERY


def test_many_rows_are_sampled_by_the_seed() -> None:
    batch = judged(30_000, CLASSES)
    kept = ours(MutualInformation(keep=3, rows=1_000), batch, CLASSES)
    assert kept == ours(MutualInformation(keep=3, rows=1_000), batch, CLASSES)
    assert "delay" in kept


@pytest.mark.parametrize("ctx", [NUMBER, CLASSES], ids=["number", "classes"])
@pytest.mark.parametrize("keep", ["mean", "median", 1, 3])
def test_the_trees_keep_what_scikit_learn_keeps(ctx: Context, keep: Any) -> None:
    batch = judged(800, ctx, gaps=0.05)
    kind = ExtraTreesRegressor if ctx is NUMBER else ExtraTreesClassifier
    forest = kind(n_estimators=100, min_samples_leaf=5, random_state=3)
    counted = {"max_features": keep, "threshold": -np.inf} if isinstance(keep, int) else {"threshold": keep}
    theirs = SelectFromModel(forest, **counted).fit(batch.X.matrix(EVERY), batch.y, sample_weight=batch.weight)
    kept = [name for name, stays in zip(EVERY, theirs.get_support(), strict=True) if stays]
    assert ours(ByModel(keep=keep), batch, ctx) == kept
    assert "noise" not in kept or keep == 3 or keep == "median"


@pytest.mark.parametrize("ctx", [NUMBER, CLASSES], ids=["number", "classes"])
def test_the_line_keeps_what_scikit_learn_keeps(ctx: Context) -> None:
    batch, names = judged(800, ctx), ["delay", "distance", "noise", "hour"]
    scaled = StandardScaler().fit_transform(batch.X.matrix(names))
    line = Ridge() if ctx is NUMBER else LogisticRegression(max_iter=1000)
    for keep in ("mean", "median"):
        support = SelectFromModel(line, threshold=keep).fit(scaled, batch.y, sample_weight=batch.weight).get_support()
        dropped = {name for name, stays in zip(names, support, strict=True) if not stays}
        found = ByModel(columns="numeric", model="linear", keep=keep).learn(batch, ctx).learned.removes
        assert set(found) == dropped


def test_columns_that_speak_only_together_are_seen_by_trees() -> None:
    random = np.random.default_rng(0)
    a, b, noise = random.normal(size=(3, 1_000))
    rows = Table({n: Vector("number", v) for n, v in {"a": a, "b": b, "noise": noise}.items()}, 1_000)
    assert ours(ByModel(keep=2), Batch(rows, ((a > 0) ^ (b > 0)).astype(float)), CLASSES) == ["a", "b"]


@pytest.mark.parametrize("step", [MutualInformation(), ByModel(), ByModel(model="linear", columns="numeric")])
def test_what_they_cannot_judge_is_said(step: Learns) -> None:
    few = judged(4, NUMBER)
    with pytest.raises(BadTarget):
        step.learn(Batch(few.X), NUMBER)
    with pytest.raises(NoRows):
        step.learn(Batch(few.X.take(np.array([], dtype=int)), np.array([])), NUMBER)
    endless = few.X.with_({"delay": Vector("number", np.array([1.0, 2.0, np.inf, 4.0]))})
    twice = Batch(endless.take(np.arange(8) % 4), np.ones(8))
    with pytest.raises(WrongType, match="infinite"):
        step.learn(twice, NUMBER)


def test_nulls_are_refused_where_they_cannot_be_measured() -> None:
    batch = judged(200, NUMBER, gaps=0.2)
    for step in (MutualInformation(), ByModel(model="linear", columns="numeric")):
        with pytest.raises(WrongType, match="nulls"):
            step.learn(batch, NUMBER)
    with pytest.raises(WrongType, match="category"):
        ByModel(model="linear").learn(judged(200, NUMBER), NUMBER)
    with pytest.raises(BadTarget, match="one class"):
        ByModel().learn(Batch(batch.X, np.ones(200)), CLASSES)
