"""`Fitted.train`: later steps of a fold learn from it, and nothing else ever sees it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from run_projects import planned
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import TargetEncoder
from sklearn.tree import DecisionTreeClassifier

from modelyard.api.leaderboard import lines
from modelyard.rows.table import Table, Vector
from modelyard.run.cache import Cache
from modelyard.run.data import read_data
from modelyard.run.engine import Comparing, run
from modelyard.run.engines import inline
from modelyard.run.engines.local import Local
from modelyard.run.events import Stream
from modelyard.run.work import FoldScores
from modelyard.step.fitted import Batch
from modelyard.steps.sample.balance import Balance, How
from modelyard.store.metadata import Metadata
from modelyard.store.packages import open_package
from modelyard.store.place import Store

NOW = 1_700_000_000_000_000
BODY = """task: classification
target: {column: good, positive: true}
roles: {id: key}
steps:
  - {use: read.csv, path: rows.csv}
  - {use: encode.target, columns: town}
  - use: evaluate.compare
    candidates:
      - {use: model.random_forest, id: first, trees: 20, leaf: 5}
      - {use: model.random_forest, id: second, trees: 30, leaf: 5}
    split: {kind: stratified, folds: 4, holdout: {share: 0.25}}
"""


def rows(n: int = 1_200, towns: int = 300, truth: float = 0.0) -> pl.DataFrame:
    """Many towns with few rows each. `truth`: how much the town has to do with the target."""
    rng = np.random.default_rng(0)
    town = rng.integers(0, towns, n)
    good = rng.random(n) < 0.5 + truth * (town % 2 - 0.5)
    names = [f"t{code:03d}" for code in town]
    return pl.DataFrame({"key": np.arange(n), "town": names, "x": rng.normal(size=n), "good": good})


def work_of(folder: Path, store: Store, table: pl.DataFrame, body: str = BODY) -> Comparing:
    plan = planned(folder, body, table)
    return Comparing.of(plan, read_data(plan), 1, store)


def both(work: Comparing) -> dict[str, tuple[FoldScores, ...]]:
    return work.answers([work.candidate("first"), work.candidate("second")], Stream(), "")


def by_hand(table: pl.DataFrame, train: np.ndarray, test: np.ndarray, trees: int) -> np.ndarray:
    """The fold with scikit-learn alone: the forest learns from `fit_transform`, the test rows get `transform`."""
    towns = table["town"].to_numpy().reshape(-1, 1)
    x, y = table["x"].to_numpy().reshape(-1, 1), table["good"].to_numpy().astype(int)
    encoder = TargetEncoder(cv=StratifiedKFold(5, shuffle=True, random_state=0))
    learned = np.hstack([x[train], encoder.fit_transform(towns[train], y[train])])
    forest = RandomForestClassifier(n_estimators=trees, min_samples_leaf=5, random_state=0, max_features="sqrt")
    forest.fit(learned, y[train])
    return forest.predict_proba(np.hstack([x[test], encoder.transform(towns[test])]))


def test_models_learn_from_the_cross_fitted_rows_and_answer_from_all_rows(tmp_path: Path, store: Store) -> None:
    table = rows(truth=0.6)
    work = work_of(tmp_path, store, table)
    answers = both(work)
    for number, fold in enumerate(work.parts.folds):
        for name, trees in (("first", 20), ("second", 30)):
            theirs = by_hand(table, fold.train, fold.test, trees)
            np.testing.assert_array_equal(answers[name][number].scores, theirs)


def test_what_the_cache_keeps_of_another_run_changes_nothing(tmp_path: Path, store: Store) -> None:
    table = rows(truth=0.6)
    work_of(tmp_path, store, table).answers([work_of(tmp_path, store, table).candidate("first")], Stream(), "")
    warm = work_of(tmp_path, store, table, BODY.replace("trees: 30", "trees: 7"))
    cold = work_of(tmp_path, Store(tmp_path / "other").make(), table, BODY.replace("trees: 30", "trees: 7"))
    for ours, theirs in zip(both(warm)["second"], both(cold)["second"], strict=True):
        np.testing.assert_array_equal(ours.scores, theirs.scores)


def test_a_target_that_is_chance_is_found_to_be_chance(tmp_path: Path, store: Store) -> None:
    """300 towns of four rows, and the target a coin: were a row's own target in its column, the forest would trust
    it: sure of itself, and worse than a coin on new rows."""
    table = rows()
    work = work_of(tmp_path, store, table)
    truth = table["good"].to_numpy().astype(int)
    rows_tested = np.concatenate([fold.test for fold in work.parts.folds])
    for found in both(work).values():
        scores = np.concatenate([fold.scores for fold in found])[:, 1]
        assert abs(roc_auc_score(truth[rows_tested], scores) - 0.5) < 0.05
        leaky = naive(table, work)
        ours = log_loss(truth[rows_tested], scores)
        assert ours < log_loss(truth[rows_tested], leaky) - 0.1


def naive(table: pl.DataFrame, work: Comparing) -> np.ndarray:
    """What is usually done: one encoding for the rows that it was learned from and for new ones."""
    towns, y = table["town"].to_numpy().reshape(-1, 1), table["good"].to_numpy().astype(int)
    x, found = table["x"].to_numpy().reshape(-1, 1), []
    for fold in work.parts.folds:
        encoder = TargetEncoder().fit(towns[fold.train], y[fold.train])
        train, test = (np.hstack([x[i], encoder.transform(towns[i])]) for i in (fold.train, fold.test))
        forest = RandomForestClassifier(n_estimators=20, min_samples_leaf=5, random_state=0)
        found.append(forest.fit(train, y[fold.train]).predict_proba(test)[:, 1])
    return np.concatenate(found)


def test_the_winner_is_proved_on_the_holdout_which_the_encoding_never_saw(
    tmp_path: Path, store: Store, metadata: Metadata
) -> None:
    table = rows(truth=0.6)
    plan = planned(tmp_path, BODY, table)
    result = run(plan, store, metadata, now=NOW, cores=1)
    parts = work_of(tmp_path, store, table).parts
    theirs = by_hand(table, parts.development, parts.holdout, 20 if result.winner == "first" else 30)
    truth = table["good"].to_numpy()[parts.holdout]
    assert result.apart == ("target",)
    assert any("those that target made" in line for line in lines(result))
    assert result.parity.rows == len(parts.holdout)
    assert (result.parity.max_abs_diff, result.parity.labels_different) == (0.0, 0)
    assert result.holdout[result.metric].value == pytest.approx(METRICS[result.metric](truth, theirs), abs=1e-12)


METRICS = {
    "roc_auc": lambda truth, scores: roc_auc_score(truth, scores[:, 1]),
    "log_loss": lambda truth, scores: log_loss(truth, scores),
}


BALANCED = """task: classification
target: {column: good, positive: true}
roles: {id: key, ignore: [town]}
steps:
  - {use: read.csv, path: rows.csv}
  - {use: sample.balance, how: HOW}
  - use: evaluate.compare
    candidates: [{use: model.decision_tree, id: first, leaf: 5}, {use: model.decision_tree, id: second, leaf: 9}]
    split: {kind: stratified, folds: 3, holdout: {share: 0.25}}
    choose: log_loss
"""


def rare() -> pl.DataFrame:
    table = rows(900)
    rng = np.random.default_rng(5)
    return table.with_columns(good=pl.Series(rng.random(900) < 0.1 + 0.1 * (table["x"].to_numpy() > 0)))


@pytest.mark.parametrize("how", ["weight", "over", "under"])
def test_balance_is_for_learning_and_scores_are_of_rows_as_they_come(how: How, tmp_path: Path, store: Store) -> None:
    table = rare()
    work = work_of(tmp_path, store, table, BALANCED.replace("HOW", how))
    x, y = table["x"].to_numpy().reshape(-1, 1), table["good"].to_numpy().astype(float)
    answers = both(work)
    for number, fold in enumerate(work.parts.folds):
        balanced = Balance(how=how).learn(
            Batch(Table({"x": Vector("number", x[fold.train, 0])}, len(fold.train)), y[fold.train]),
            work.setting.context,
        )
        learned = balanced.train
        assert learned is not None
        assert learned.y is not None
        for name, leaf in (("first", 5), ("second", 9)):
            tree = DecisionTreeClassifier(min_samples_leaf=leaf, max_depth=depth(work, name), random_state=0)
            tree.fit(learned.X.matrix("all"), learned.y, sample_weight=learned.weight)
            np.testing.assert_array_equal(answers[name][number].scores, tree.predict_proba(x[fold.test]))
            assert len(answers[name][number].scores) == len(fold.test)


def depth(work: Comparing, name: str) -> int | None:
    return getattr(work.candidate(name).model.step, "depth", None)


@pytest.mark.parametrize("how", ["over", "under"])
def test_neither_the_holdout_nor_the_profile_is_sampled(
    how: str, tmp_path: Path, store: Store, metadata: Metadata
) -> None:
    found = {}
    for body in (BALANCED.replace("HOW", how), BALANCED.replace("  - {use: sample.balance, how: HOW}\n", "")):
        result = run(planned(tmp_path, body, rare()), store, metadata, now=NOW, cores=1)
        model = open_package(store, result.package.digest, "shop")
        found[body] = (result.development, result.held_out, msgspec.json.encode(model.profile))
        assert (result.parity.max_abs_diff, result.parity.labels_different) == (0.0, 0)
    assert len(set(found.values())) == 1


def test_workers_learn_from_the_same_rows(tmp_path: Path, store: Store) -> None:
    body = BODY.replace("  - use: evaluate", "  - {use: sample.balance, how: over}\n  - use: evaluate").replace(
        "folds: 4", "folds: 2"
    )
    work = work_of(tmp_path, store, rows(600, truth=0.6).filter(pl.col("good") | (pl.col("key") % 3 == 0)), body)
    pieces = work.pieces([work.candidate("first"), work.candidate("second")])
    here = {one.key: s for one, s in inline.work(pieces, work.data, work.setting, Cache(tmp_path / "here"))}
    local = Local(2, 2, tmp_path / "rows")
    there = {one.key: s for one, s in local.work(pieces, work.data, work.setting, Cache(tmp_path / "there"))}
    assert {len(scores.scores) for scores in here.values()} == {len(fold.test) for fold in work.parts.folds}
    for key, scores in here.items():
        np.testing.assert_array_equal(scores.scores, there[key].scores)
