"""What a selection takes away is asked of nobody: not of `prepare: auto`, not of a model, not of a request."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from run_projects import planned, rows
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from modelyard.errors.run import NothingToCompare
from modelyard.run.data import read_data
from modelyard.run.engine import Comparing, run
from modelyard.run.events import Stream
from modelyard.run.message import piece_of, task
from modelyard.run.result import Result
from modelyard.step.registry import Registry
from modelyard.store.metadata import Metadata
from modelyard.store.packages import open_package
from modelyard.store.place import Store

NOW = 1_700_000_000_000_000
BODY = """task: classification
target: {column: good, positive: true}
roles: {id: key, ignore: [price]}
prepare: auto
steps:
  - {use: read.csv, path: rows.csv}
  - SELECT
  - {use: evaluate.compare, candidates: [model.logistic_regression], split: {kind: stratified, folds: 2}}
"""


def asked(result: Result, store: Store) -> set[str]:
    """The columns of a request."""
    return set(open_package(store, result.package.digest, "shop").program.takes.names)


def wide() -> pl.DataFrame:
    """`a` (with gaps) once more as `twin` without, and `still` with gaps."""
    table = rows(300)
    still = [None if row % 5 == 0 else 4.0 for row in range(len(table))]
    return table.with_columns(twin=pl.col("a").fill_null(0.0) * 2, still=pl.Series(still))


def test_prepare_auto_works_on_what_is_left(tmp_path: Path, store: Store, metadata: Metadata) -> None:
    both = "{use: select.variance}\n  - {use: select.correlation}"
    plan = planned(tmp_path, BODY.replace("SELECT", both), wide())
    result = run(plan, store, metadata, now=NOW, cores=1)
    assert not any(standing.error for standing in result.candidates)
    assert result.winner == "logistic_regression"
    assert asked(result, store) == {"a", "b", "town"}
    assert result.parity.labels_different == 0


def test_a_selection_that_leaves_a_prepared_step_nothing_to_do(
    tmp_path: Path, store: Store, metadata: Metadata
) -> None:
    """Only `still` has gaps: once it is gone there is nothing to fill."""
    table = wide().with_columns(pl.col("a").fill_null(0.0)).drop("twin")
    result = run(
        planned(tmp_path, BODY.replace("SELECT", "{use: select.variance}"), table), store, metadata, now=NOW, cores=1
    )
    again = run(
        planned(tmp_path, BODY.replace("SELECT", "{use: select.variance}"), table),
        store,
        metadata,
        now=NOW,
        afresh=True,
    )
    assert not any(standing.error for standing in result.candidates)
    assert asked(result, store) == {"a", "b", "town"}
    assert again.package == result.package


def test_workers_know_which_steps_were_prepared(tmp_path: Path, store: Store) -> None:
    plan = planned(tmp_path, BODY.replace("SELECT", "{use: select.variance}"), wide())
    work = Comparing.of(plan, read_data(plan), 1, store)
    (piece, _) = work.pieces([work.candidate("logistic_regression")])
    links = piece_of(task(piece), Registry.installed()).recipe.links
    assert links == piece.recipe.links
    assert {link.kind for link in links if link.prepared} == {"clean.impute", "clean.scale", "encode.one_hot"}


def test_a_step_of_the_file_that_names_what_is_gone_is_told(tmp_path: Path, store: Store, metadata: Metadata) -> None:
    body = BODY.replace("SELECT", "{use: select.variance}\n  - {use: clean.impute, columns: [still, a]}")
    with pytest.raises(NothingToCompare, match="logistic_regression: no column 'still'"):
        run(planned(tmp_path, body, wide()), store, metadata, now=NOW, cores=1)


def test_components_before_a_model_are_served_and_proved(tmp_path: Path, store: Store, metadata: Metadata) -> None:
    steps = "{use: clean.impute, flag: false}\n  - {use: clean.scale}\n  - {use: reduce.pca, components: 2}"
    plan = planned(tmp_path, BODY.replace("SELECT", steps), wide())
    result = run(plan, store, metadata, now=NOW, cores=1)
    assert result.winner == "logistic_regression"
    assert "pca=*" in plan.candidates[1].features
    assert (result.parity.rows, result.parity.labels_different) == (result.held_out, 0)


def test_what_is_selected_of_noise_scores_as_noise(tmp_path: Path, store: Store) -> None:
    """400 columns of noise and a coin: chosen on all rows, the best ten seem to know the coin; chosen per fold, not."""
    random = np.random.default_rng(0)
    n = 300
    noise = {f"x{place}": random.normal(size=n) for place in range(400)}
    table = pl.DataFrame({"key": np.arange(n), "good": random.random(n) < 0.5, "price": np.zeros(n), **noise})
    plan = planned(tmp_path, BODY.replace("SELECT", "{use: select.by_model, model: linear, keep: 10}"), table)
    work = Comparing.of(plan, read_data(plan), 1, store)
    (found,) = work.answers([work.candidate("logistic_regression")], Stream(), "").values()
    tested = np.concatenate([fold.test for fold in work.parts.folds])
    truth, X = table["good"].to_numpy()[tested], table.select(*noise).to_numpy()[tested]
    ours = roc_auc_score(truth, np.concatenate([fold.scores for fold in found])[:, 1])
    leaky = make_pipeline(StandardScaler(), LogisticRegression())
    chosen = SelectFromModel(LogisticRegression(), max_features=10, threshold=-np.inf).fit_transform(X, truth)
    theirs = roc_auc_score(truth, cross_val_predict(leaky, chosen, truth, cv=2, method="predict_proba")[:, 1])
    assert theirs > 0.65
    assert abs(ours - 0.5) < 0.1


def test_components_are_scaled_for_a_linear_model_and_the_slots_of_words_are_not(tmp_path: Path, store: Store) -> None:
    """Against the same pipeline by hand. Without scaling, a penalty would weigh a component by its deviation."""
    table = rows(500).with_columns(pl.col("b") * 1000.0, pl.col("a").fill_null(0.0))
    plan = planned(tmp_path, BODY.replace("SELECT", "{use: reduce.pca, components: 0.999999999}"), table)
    prepared = {node.kind: node.written for node in plan.candidates[1].chain if node.prepared}
    assert prepared["clean.scale"] == {"columns": ["pca=*"]}
    work = Comparing.of(plan, read_data(plan), 1, store)
    (answers,) = work.answers([work.candidate("logistic_regression")], Stream(), "").values()
    X = np.column_stack([table.select("a", "b").to_numpy().astype(object), table["town"].to_list()])
    y = table["good"].to_numpy().astype(int)
    numbers = make_pipeline(PCA(0.999999999), StandardScaler())
    sorts = ColumnTransformer([("numbers", numbers, [0, 1]), ("words", OneHotEncoder(), [2])])
    theirs = make_pipeline(sorts, LogisticRegression(max_iter=1000))
    for fold, ours in zip(work.parts.folds, answers, strict=True):
        expected = theirs.fit(X[fold.train], y[fold.train]).predict_proba(X[fold.test])
        np.testing.assert_allclose(ours.scores, expected, rtol=0, atol=1e-10)
