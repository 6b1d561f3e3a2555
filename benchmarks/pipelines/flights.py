"""The same pipeline twice, learned from the same 20,000 flights: as ours, and as a person writes it with scikit-learn.

Median imputation, standard scaling, one-hot encoding with rare categories together, then a model. Times are medians of
interleaved rounds, in processor time: all of it runs on one thread, and a busy machine's waits are nobody's work.

The two are learned apart, so they agree on what scoring does only as far as learning did: scikit-learn sums a standard
deviation in another order over a table than over a column, and HistGradientBoosting's thresholds often are training
values, so one row in 100,000 can fall on the other side of a split. Each model against its own library: the tests.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # read when the libraries are first imported
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

import numpy as np
from msgspec import Struct, convert

from flights import NUMBERS, WORDS, labelled
from modelyard.rows.reading import RowReader
from modelyard.rows.table import Floats, Table
from modelyard.schema.contract import Contract
from modelyard.schema.target import Outcome
from modelyard.scoring.engine import Scorer
from modelyard.step.chain import compile_chain, replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Learned
from modelyard.step.intake import learn_fields, take_in
from modelyard.step.registry import Registry

OUTCOME = Outcome(task="classification", classes=("on time", "late"), positive=1)
TRAIN = 20_000
RARE = TRAIN // 100
STEPS: list[dict[str, Any]] = [
    {"use": "clean.impute", "flag": False},
    {"use": "clean.scale", "columns": list(NUMBERS)},
    {"use": "encode.one_hot"},
]
MODELS: dict[str, dict[str, Any]] = {
    "LightGBM": {"use": "model.lightgbm", "trees": 200},
    "HistGradientBoosting": {"use": "model.hist_gradient_boosting", "trees": 200},
    "logistic regression": {"use": "model.logistic_regression"},
}


class Pair(Struct, frozen=True, eq=False):
    contract: Contract
    scorer: Scorer
    theirs: Any
    """scikit-learn's fitted Pipeline over a DataFrame."""

    def coded(self, table: Table) -> Table:
        return take_in(table, self.contract)

    def reader(self) -> RowReader:
        return RowReader(self.contract)


def pair(model: str) -> Pair:
    train, delay = labelled(TRAIN)
    y = (delay > 15).astype(np.float64)
    contract = Contract(learn_fields(train, train.names))
    rows, chain = take_in(train, contract), list[Learned]()
    for written in [*STEPS, MODELS[model]]:
        step = convert(written, Registry.installed()[written["use"]])
        chain.append(step.learn(Batch(rows, y), Context(outcome=OUTCOME, seed=7)).learned)
        if written is not MODELS[model]:
            rows = replay(chain[-1], rows)
    program = compile_chain(contract, chain, OUTCOME)
    return Pair(program.takes, Scorer(program), by_hand(model).fit(frame(train), y))


def by_hand(model: str) -> Any:
    from lightgbm import LGBMClassifier
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    words = OneHotEncoder(min_frequency=RARE, handle_unknown="infrequent_if_exist", sparse_output=False)
    transform = ColumnTransformer([("numbers", numbers, list(NUMBERS)), ("words", words, list(WORDS))])
    models = {
        "LightGBM": LGBMClassifier(
            n_estimators=200, random_state=7, n_jobs=1, deterministic=True, force_row_wise=True, verbosity=-1
        ),
        "HistGradientBoosting": HistGradientBoostingClassifier(max_iter=200, early_stopping=False, random_state=7),
        "logistic regression": LogisticRegression(max_iter=1000),
    }
    return make_pipeline(transform, models[model])


def frame(table: Table) -> Any:
    """A pandas DataFrame, as most people hand to a pipeline."""
    import pandas as pd

    columns: dict[str, Any] = {name: table[name] for name in NUMBERS}
    for name in WORDS:
        vector = table.vector(name)
        columns[name] = [vector.categories[int(code)] for code in vector.values.tolist()]
    return pd.DataFrame(columns)


def records(table: Table) -> list[dict[str, Any]]:
    """One dict a row, a gap as None."""
    columns = frame(table).to_dict("records")
    return [{name: None if value != value else value for name, value in record.items()} for record in columns]


def seconds(*works: Callable[[], object], rounds: int = 5) -> list[float]:
    """The median time of each over `rounds` rounds that interleave them; the first round warms up."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds + 1):
        for work, spent in zip(works, times, strict=True):
            start = time.process_time()
            work()
            spent.append(time.process_time() - start)
    return [statistics.median(spent[1:]) for spent in times]


def different(ours: Floats, theirs: Floats) -> str:
    apart = np.abs(ours - theirs).reshape(len(ours), -1).max(axis=1)
    return f"{np.count_nonzero(apart > 1e-12)} of {len(ours):,} rows differ by more than 1e-12"
