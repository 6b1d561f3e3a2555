"""A table of 5,000 columns and 2,000 rows, CSV to a served row, by the project file that `init` writes: what `init`
takes; what `run` takes (four candidates, five folds, refit, proof, limits of drift, package) against cross_validate of
the same models and a refit by hand, two jobs both, each in a fresh process from the CSV on; requests of one row, and
of a thousand rows in as few as a server takes, bytes to bytes. Aims: `init` 15 s, `run` no slower than by hand.
`--columns`, `--rows`: another size.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import msgspec

from modelyard.package.keys import Trust
from modelyard.package.load import load
from modelyard.scoring.engine import Scorer
from modelyard.serve.answer import Answerer
from modelyard.serve.served import Served
from modelyard.store.place import Store
from wide_tables import wide

MODELYARD = Path(sys.executable).parent / "modelyard"
JOBS = 2
ENVIRONMENT = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
"""Both sides: threads that spin on busy cores would be measured, and nothing else."""
MOST = 8_000_000
"""Bytes of a request that a server takes."""
ROUNDS = 50


def timed(folder: Path, *command: str | Path) -> tuple[float, float]:
    """Seconds by the clock, and of the processor, with those of the processes that it started."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, used


def by_hand(file: Path) -> None:
    """The candidates that `init` writes for a wide table, with the same parameters on as many rows."""
    import polars as pl
    from lightgbm import LGBMClassifier
    from sklearn.compose import ColumnTransformer
    from sklearn.dummy import DummyClassifier
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_validate, train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    rows = pl.read_csv(file, infer_schema_length=None)
    X, y = rows.drop("target"), rows["target"].to_numpy()
    words = [name for name, dtype in rows.schema.items() if not dtype.is_numeric()]
    numbers = [name for name in X.columns if name not in words]
    X, held, y, truth = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
    filled, shown = SimpleImputer(strategy="median"), OneHotEncoder(handle_unknown="ignore")
    ranks = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    boosted = LGBMClassifier(n_jobs=1, verbosity=-1, max_bin=63, force_col_wise=True)
    models = {
        "baseline": DummyClassifier(strategy="prior"),
        "logistic": make_pipeline(
            ColumnTransformer([("n", make_pipeline(filled, StandardScaler()), numbers), ("w", shown, words)]),
            LogisticRegression(max_iter=1000),
        ),
        "forest": make_pipeline(
            ColumnTransformer([("n", filled, numbers), ("w", shown, words)]),
            RandomForestClassifier(min_samples_leaf=5, random_state=0),
        ),
        "lightgbm": make_pipeline(ColumnTransformer([("n", "passthrough", numbers), ("w", ranks, words)]), boosted),
    }
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = {
        name: cross_validate(model, X, y, cv=folds, scoring="roc_auc", n_jobs=JOBS)["test_score"].mean()
        for name, model in models.items()
    }
    boosted.set_params(n_jobs=JOBS)
    winner = models[max(scores, key=scores.__getitem__)].fit(X, y)
    roc_auc_score(truth, winner.predict_proba(held)[:, 1])


def served(store: Store, rows: list[dict[str, object]]) -> tuple[int, float, float]:
    """Columns that the model reads, the seconds of a request of one row (one of the first `ROUNDS`), and those of the
    other rows in as few requests as a server takes: the first package that is there, loaded as the server does."""
    folder = next(store.packages.iterdir())
    model = load(folder, Trust.read(store.trusted))
    heart = Answerer(
        Served(
            name=model.name,
            digest=folder.name,
            revision=1,
            contract=model.program.takes,
            outcome=model.outcome,
        ),
        Scorer(model.program),
    )
    names = model.program.takes.names
    bodies = [{name: row[name] for name in names} for row in rows]
    at_once = max(1, MOST // len(msgspec.json.encode(bodies[0])) * 9 // 10)
    parts = [bodies[start : start + at_once] for start in range(ROUNDS, len(bodies), at_once)]
    one = seconds(heart, [msgspec.json.encode(body) for body in bodies[:ROUNDS]]) / ROUNDS
    return len(names), one, seconds(heart, [msgspec.json.encode(part) for part in parts])


def seconds(heart: Answerer, bodies: list[bytes]) -> float:
    """Of the processor, for one request of each. None is answered twice: a repeated row gets its stored answer."""
    began = time.process_time()
    for body in bodies:
        assert heart.answer(body).status == 200
    return time.process_time() - began


def main(folder: Path, columns: int, rows: int) -> None:
    table = wide(columns, rows)
    table.write_csv(folder / "wide.csv")
    first, used = timed(folder, MODELYARD, "init", "wide", "--from", "wide.csv", "--target", "target")
    print(f"{columns:,} columns, {rows:,} rows, {os.cpu_count()} cores: init {first:.0f} s ({used:.0f} of processor)")
    run = timed(folder, MODELYARD, "run", "wide")
    print(f"run, packaged and proved: {run[0]:.0f} s ({run[1]:.0f})", flush=True)
    hand = timed(folder, sys.executable, Path(__file__).resolve(), "--by-hand", "wide.csv")
    print(f"by hand, compared and refitted: {hand[0]:.0f} s ({hand[1]:.0f})")
    print(f"{hand[0] / run[0]:.2f} times as fast by the clock, {hand[1] / run[1]:.2f} by the processor", flush=True)
    names, one, many = served(Store(folder / "wide" / ".modelyard"), table.head(ROUNDS + 1_000).to_dicts())
    print(f"the winner reads {names:,} columns: one row {one * 1e3:.1f} ms, a thousand {many:.2f} s")


parser = argparse.ArgumentParser()
parser.add_argument("--columns", type=int, default=5_000)
parser.add_argument("--rows", type=int, default=2_000)
parser.add_argument("--by-hand", type=Path)
if __name__ == "__main__":
    asked = parser.parse_args()
    if asked.by_hand:
        by_hand(asked.by_hand)
    else:
        with TemporaryDirectory() as name:
            main(Path(name), asked.columns, asked.rows)
