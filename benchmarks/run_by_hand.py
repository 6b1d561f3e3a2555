"""A comparison of four models over five time folds of January to March, and the winner refitted: `run` against
scikit-learn's cross_validate of whole pipelines by hand, two jobs both; nothing cached. Aim: no slower.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

JOBS = 2
BODY = """modelyard: 1
name: late
task: classification
target: {column: late, positive: true}
roles: {id: id, time: departs}
timezone: America/New_York
steps:
  - {use: read.csv, path: flights.csv, types: {departs: datetime}}
  - {use: table.derive, columns: {late: arr_delay > 15}}
  - use: evaluate.compare
    candidates: [model.logistic_regression, {use: model.random_forest, trees: 60, leaf: 20},
      model.hist_gradient_boosting, model.lightgbm]
    split: {kind: time, folds: 5, holdout: {last: 14d}}
    metrics: [roc_auc]
"""


def ours(folder: Path) -> float:
    from modelyard.api.project import Project
    from modelyard.run.engine import run
    from modelyard.store.metadata import Metadata
    from modelyard.store.place import Store

    shutil.rmtree(folder / ".modelyard", ignore_errors=True)
    store = Store(folder / ".modelyard").make()
    began = time.perf_counter()
    with Metadata(f"sqlite:///{store.root / 'meta.db'}") as metadata:
        run(Project.load(folder).plan(), store, metadata, now=1, cores=JOBS)
    return time.perf_counter() - began


def by_hand(folder: Path) -> float:
    import polars as pl
    from lightgbm import LGBMClassifier
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import TimeSeriesSplit, cross_validate
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    began = time.perf_counter()
    rows = pl.read_csv(folder / "flights.csv", infer_schema_length=None).drop_nulls("arr_delay").sort("departs")
    X = rows.drop("arr_delay", "id", "departs")
    y = (rows["arr_delay"] > 15).to_numpy()
    words = [name for name, dtype in X.schema.items() if not dtype.is_numeric()]
    numbers = [name for name in X.columns if name not in words]
    filled = (SimpleImputer(strategy="median", add_indicator=True), numbers)
    ranks = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    scaled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    shown = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.01)
    pipelines = {
        "logistic": make_pipeline(
            ColumnTransformer([("n", scaled, numbers), ("w", shown, words)]), LogisticRegression(max_iter=1000)
        ),
        "forest": make_pipeline(
            ColumnTransformer([("n", *filled), ("w", shown, words)]),
            RandomForestClassifier(60, min_samples_leaf=20, random_state=0),
        ),
        "hgb": make_pipeline(
            ColumnTransformer([("n", "passthrough", numbers), ("w", ranks, words)]),
            HistGradientBoostingClassifier(early_stopping=False, random_state=0),
        ),
        "lightgbm": make_pipeline(
            ColumnTransformer([("n", "passthrough", numbers), ("w", ranks, words)]),
            LGBMClassifier(n_estimators=100, n_jobs=1, verbosity=-1),
        ),
    }
    scores = {
        name: cross_validate(model, X, y, cv=TimeSeriesSplit(5), scoring="roc_auc", n_jobs=JOBS)["test_score"].mean()
        for name, model in pipelines.items()
    }
    pipelines[max(scores, key=scores.__getitem__)].fit(X, y)
    return time.perf_counter() - began


def main() -> None:
    from modelyard.demo.flights import departures

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "modelyard.yaml").write_text(BODY)
        departures(1, 3).write_csv(folder / "flights.csv", datetime_format="%Y-%m-%dT%H:%M:%SZ")
        mine, theirs = [], []
        for _ in range(3):
            mine.append(ours(folder))
            theirs.append(by_hand(folder))
    a, b = sorted(mine)[1], sorted(theirs)[1]
    print(f"run, packaged and proved: {a:.1f} s; by hand, compared and refitted: {b:.1f} s; {b / a:.2f} times as fast")


if __name__ == "__main__":
    main()
