"""A run against the same thing done by hand with scikit-learn, and what of it is done again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from run_projects import CLASSES, planned, rows
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import mean_absolute_error, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from modelyard.errors.run import NothingToCompare
from modelyard.rows.table import Values
from modelyard.run import work as work_module
from modelyard.run.cache import array_key
from modelyard.run.data import read_data
from modelyard.run.engine import Comparing, run
from modelyard.run.events import AnyEvent, Progress, Stream
from modelyard.run.result import Result, Standing
from modelyard.run.standing import Entry, choose, judge
from modelyard.run.work import FoldScores
from modelyard.store.metadata import Metadata
from modelyard.store.packages import open_package
from modelyard.store.place import Store
from modelyard.store.versions import champion, listed

NOW = 1_700_000_000_000_000


def test_answers_are_those_of_the_same_pipeline_by_hand(tmp_path: Path, store: Store) -> None:
    plan = planned(tmp_path, CLASSES)
    work = Comparing.of(plan, read_data(plan), 1, store)
    answers = work.answers([work.candidate("logistic_regression")], Stream(), "")["logistic_regression"]
    table = rows()
    X = np.column_stack([table.select("a", "b").to_numpy().astype(object), table["town"].to_list()])
    y = table["good"].to_numpy().astype(int)
    numeric = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    linear = make_pipeline(
        ColumnTransformer([("n", numeric, [0, 1]), ("w", OneHotEncoder(), [2])]), LogisticRegression(max_iter=1000)
    )
    for fold, ours in zip(work.parts.folds, answers, strict=True):
        theirs = linear.fit(X[fold.train], y[fold.train]).predict_proba(X[fold.test])
        assert np.abs(ours.scores - theirs).max() < 1e-12
        auc = work.metric(judge(fold, ours, work.data))
        assert auc == pytest.approx(roc_auc_score(y[fold.test], theirs[:, 1]), abs=1e-12)


def test_a_forest_on_the_same_rows_gives_the_same_answers_bit_for_bit(tmp_path: Path, store: Store) -> None:
    plan = planned(tmp_path, CLASSES)
    work = Comparing.of(plan, read_data(plan), 1, store)
    answers = work.answers([work.candidate("random_forest")], Stream(), "")["random_forest"]
    table = rows()
    X = np.column_stack([table["a"].to_numpy(), table["b"].to_numpy(), *towns(table["town"].to_list())])
    y = table["good"].to_numpy().astype(int)
    for fold, ours in zip(work.parts.folds, answers, strict=True):
        fill = SimpleImputer(strategy="median").fit(X[fold.train][:, :2])
        train, test = (np.column_stack([fill.transform(X[i][:, :2]), X[i][:, 2:]]) for i in (fold.train, fold.test))
        forest = RandomForestClassifier(
            n_estimators=100, min_samples_leaf=forest_leaf(work), random_state=0, max_features="sqrt"
        ).fit(train, y[fold.train])
        assert np.array_equal(ours.scores, forest.predict_proba(test))


def towns(words: list[str]) -> list[np.ndarray]:
    return [np.array([word == town for word in words], dtype=float) for town in ("bonn", "oslo", "rome")]


def forest_leaf(work: Comparing) -> int:
    step = work.candidate("random_forest").model.step
    return int(getattr(step, "leaf", 1))


def test_a_transformed_target_is_measured_in_its_own_unit(tmp_path: Path, store: Store, metadata: Metadata) -> None:
    body = """task: regression
target: {column: price, transform: log1p}
roles: {id: key, ignore: [good, town]}
steps:
  - {use: read.csv, path: rows.csv}
  - {use: clean.impute, columns: numeric, strategy: mean, flag: false}
  - {use: evaluate.compare, candidates: [{use: model.ridge, alpha: 1.0}], split: {folds: 3}, choose: mae}
"""
    plan = planned(tmp_path, body)
    work = Comparing.of(plan, read_data(plan), 1, store)
    result = run(plan, store, metadata, now=NOW, cores=1)
    table = rows()
    X, y = table.select("a", "b").to_numpy(), table["price"].to_numpy()
    inner = make_pipeline(SimpleImputer(), *scaled(plan), Ridge(alpha=1.0))
    model = TransformedTargetRegressor(inner, func=np.log1p, inverse_func=np.expm1)
    for fold, ours in zip(work.parts.folds, standing(result, "ridge").folds, strict=True):
        model.fit(X[fold.train], y[fold.train])
        assert ours == pytest.approx(mean_absolute_error(y[fold.test], model.predict(X[fold.test])), rel=1e-9)
    assert result.winner == "ridge"
    assert result.holdout["mae"].low < result.holdout["mae"].value < result.holdout["mae"].high


def scaled(plan: object) -> list[StandardScaler]:
    return [StandardScaler()] if "clean.scale" in [n.kind for n in plan.candidates[1].chain] else []


def test_the_package_answers_as_the_run_measured_and_is_the_champion(
    tmp_path: Path, store: Store, metadata: Metadata
) -> None:
    result = run(planned(tmp_path, CLASSES), store, metadata, now=NOW, cores=1)
    model = open_package(store, result.package.digest, "shop")
    with metadata.begin() as sql:
        serving = champion(sql, "shop")
    assert serving is not None
    assert (serving[0].digest, result.package.serving) == (result.package.digest, True)
    assert model.evidence.parity == result.parity
    assert result.parity.rows == result.held_out
    assert result.parity.labels_different == 0
    assert set(model.program.takes.names) <= {"a", "b", "town"}
    assert model.monitors is not None


def test_only_what_lies_below_a_changed_step_is_learned_again(tmp_path: Path, store: Store, metadata: Metadata) -> None:
    def learned(body: str) -> int:
        """Pieces that were not in the cache."""
        seen: list[AnyEvent] = []
        run(planned(tmp_path, body), store, metadata, now=NOW, cores=1, stream=Stream(seen.append), afresh=True)
        first = next(event for event in seen if isinstance(event, Progress))
        return first.total - first.cached

    assert learned(CLASSES) == 12
    assert learned(CLASSES) == 0
    assert learned(CLASSES.replace("model.random_forest]", "{use: model.random_forest, trees: 20}]")) == 4
    assert learned(CLASSES.replace("read.csv, path", "read.csv, id: table, path")) == 0
    assert learned(CLASSES.replace("median", "mean")) == 8


def test_the_same_run_again_says_what_it_said(tmp_path: Path, store: Store, metadata: Metadata) -> None:
    first = run(planned(tmp_path, CLASSES), store, metadata, now=NOW, cores=1)
    second = run(planned(tmp_path, CLASSES), store, metadata, now=NOW + 1, cores=1)
    third = run(planned(tmp_path, CLASSES), store, metadata, now=NOW + 2, cores=1, afresh=True)
    assert (second.candidates, second.package) == (first.candidates, first.package)
    assert third.package == first.package
    with metadata.begin() as sql:
        assert len(listed(sql, "shop")) == 1


def test_a_candidate_that_cannot_learn_fails_alone(tmp_path: Path, store: Store, metadata: Metadata) -> None:
    body = CLASSES.replace("model.random_forest]", "{use: model.linear_regression}]")
    result = run(planned(tmp_path, body), store, metadata, now=NOW, cores=1)
    failed = standing(result, "linear_regression")
    assert "regression" in failed.error
    assert result.candidates[-1] == failed
    assert result.winner == "logistic_regression"
    assert any("linear_regression could not learn" in text for text in result.warnings)


def test_where_nothing_learns_the_run_says_why(tmp_path: Path, store: Store) -> None:
    plan = planned(tmp_path, CLASSES)
    work = Comparing.of(plan, read_data(plan), 1, store)
    lost = FoldScores(scores=np.empty((0, 0)), prediction=np.empty(0), cost=0.0, seconds=0.0, error="no wish to")
    entries = [Entry(name="tired", kind="model.ridge", folds=(lost,) * 4)]
    with pytest.raises(NothingToCompare, match=r"tired: no wish to(?!.*\.\.).*Way out: Mend what each met"):
        choose(entries, work.parts.folds, work.data, work.metric, work.metrics)


def test_a_baseline_alone_does_not_stand_in_for_the_models_that_were_asked_for(tmp_path: Path, store: Store) -> None:
    body = CLASSES.replace("model.random_forest]", "{use: model.linear_regression}]").replace(
        "model.logistic_regression, ", ""
    )
    with Metadata(store.metadata_url) as metadata:
        with pytest.raises(NothingToCompare, match=r"linear_regression: .*regression"):
            run(planned(tmp_path, body), store, metadata, now=NOW, cores=1)
        with metadata.begin() as sql:
            assert listed(sql) == []


def standing(result: Result, name: str) -> Standing:
    return next(one for one in result.candidates if one.name == name)


def test_the_rows_of_a_fold_are_hashed_once_for_all_candidates_and_for_the_name(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[int] = []

    def counted(values: Values) -> str:
        hashed.append(len(values))
        return array_key(values)

    monkeypatch.setattr(work_module, "array_key", counted)
    plan = planned(tmp_path, CLASSES)
    work = Comparing.of(plan, read_data(plan), 1, store)
    assert work.name("") == work.name("")
    assert work.pieces(plan.candidates) == list(work.made)
    assert len(plan.candidates) > 1
    assert sorted(hashed) == sorted(len(rows) for fold in work.parts.folds for rows in (fold.train, fold.test))


def test_a_column_of_weights_counts_in_learning_and_in_every_number(tmp_path: Path, store: Store) -> None:
    counts = np.random.default_rng(5).integers(0, 5, 600).astype(float)
    table = rows().with_columns(counts=counts)
    plan = planned(tmp_path, CLASSES.replace("{id: key,", "{id: key, weight: counts,"), table)
    work = Comparing.of(plan, read_data(plan), 1, store)
    assert "counts" not in plan.candidates[1].features
    answers = work.answers([work.candidate("random_forest")], Stream(), "")["random_forest"]
    X = np.column_stack([table["a"].to_numpy(), table["b"].to_numpy(), *towns(table["town"].to_list())])
    y = table["good"].to_numpy().astype(int)
    for fold, ours in zip(work.parts.folds, answers, strict=True):
        fill = SimpleImputer(strategy="median").fit(X[fold.train][:, :2])
        train, test = (np.column_stack([fill.transform(X[i][:, :2]), X[i][:, 2:]]) for i in (fold.train, fold.test))
        forest = RandomForestClassifier(min_samples_leaf=forest_leaf(work), random_state=0)
        theirs = forest.fit(train, y[fold.train], sample_weight=counts[fold.train]).predict_proba(test)
        np.testing.assert_allclose(ours.scores, theirs, rtol=0, atol=1e-12)
        auc = roc_auc_score(y[fold.test], theirs[:, 1], sample_weight=counts[fold.test])
        assert work.metric(judge(fold, ours, work.data)) == pytest.approx(auc, abs=1e-12)
