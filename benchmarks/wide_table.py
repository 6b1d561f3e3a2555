"""A table of 5,000 columns and 2,000 rows, CSV to a served row, by the project file that `init` writes: what `init`
takes, what `run` takes (four candidates, five folds, refit, proof, package), and one request of one row, bytes to
bytes. Aim: a few minutes on two cores for all of it. `--columns`, `--rows`: another size.
"""

from __future__ import annotations

import argparse
import os
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
REQUESTS = 100


def timed(folder: Path, *command: str) -> float:
    began = time.perf_counter()
    subprocess.run([MODELYARD, *command], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def served(store: Store, row: dict[str, object]) -> tuple[int, float]:
    """Columns that the model reads, and the seconds of one request: the first package that is there, loaded as the
    server does."""
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
    body = msgspec.json.encode({name: row[name] for name in names})
    began = time.perf_counter()
    for _ in range(REQUESTS):
        assert heart.answer(body).status == 200
    return len(names), (time.perf_counter() - began) / REQUESTS


def main(folder: Path, columns: int, rows: int) -> None:
    table = wide(columns, rows)
    table.write_csv(folder / "wide.csv")
    first = timed(folder, "init", "wide", "--from", "wide.csv", "--target", "target")
    run = timed(folder, "run", "wide")
    names, row = served(Store(folder / "wide" / ".modelyard"), table.row(0, named=True))
    print(
        f"{columns:,} columns, {rows:,} rows, {os.cpu_count()} cores: init {first:.0f} s, run {run:.0f} s, "
        f"one row of the {names:,} columns that the winner reads {row * 1e6:.0f} µs"
    )


parser = argparse.ArgumentParser()
parser.add_argument("--columns", type=int, default=5_000)
parser.add_argument("--rows", type=int, default=2_000)
asked = parser.parse_args()
with TemporaryDirectory() as name:
    main(Path(name), asked.columns, asked.rows)
