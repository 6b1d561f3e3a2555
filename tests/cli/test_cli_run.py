"""From a table to an answer with the commands alone."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import polars as pl
import pytest

from modelyard.cli.progress import Shown
from modelyard.run.events import Progress, Standing, Started

CODE = "from modelyard.cli import main; main()"


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if name != "MODELYARD_STORE"}
    return subprocess.run(
        [sys.executable, "-c", CODE, *words], capture_output=True, text=True, check=False, cwd=cwd, env=variables
    )


PROJECT = """\
modelyard: 1
name: toy
task: classification
target: {column: y, positive: "yes"}
roles: {id: id}
steps:
  - {use: read.csv, path: t.csv}
  - {use: evaluate.compare, candidates: [model.logistic_regression], split: {folds: 2}}
live:
  - {use: deploy.service, durability: os, log: {without: [c]}}
"""


def write_project(folder: Path, rows: int = 400) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=rows)
    y = np.where(rng.uniform(size=rows) < 1 / (1 + np.exp(-2 * x)), "yes", "no")
    columns = {"id": [f"r{n}" for n in range(rows)], "x": x, "c": rng.choice(["a", "b"], rows), "y": y}
    pl.DataFrame(columns).write_csv(folder / "t.csv")
    (folder / "modelyard.yaml").write_text(PROJECT)


def test_a_run_prints_its_result_packages_and_says_what_servers_must_know(tmp_path: Path) -> None:
    write_project(tmp_path)
    done = run("run", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["winner"] == "logistic_regression"
    assert (result["package"]["version"], result["package"]["serving"]) == (1, True)
    assert "toy: 400 rows, 2 candidates in 2 folds" in done.stderr
    served = json.loads((tmp_path / ".modelyard" / "serving.json").read_bytes())
    assert served == {"toy": {"durability": "os", "without": ["c"], "labels": {"y": "category"}}}
    again = run("run", cwd=tmp_path)
    assert "> logistic_regression" in again.stdout
    assert "toy@1" in again.stdout


def test_a_project_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = run("run", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "modelyard.yaml cannot be read" in done.stderr


def test_progress_is_a_few_lines_in_a_file_and_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [
        Started(name="late", rows=1000, candidates=("baseline", "ridge"), folds=2),
        Progress(step="learn", done=0, total=4, cached=2),
        Standing(candidate="ridge", folds=(0.5, 0.7)),
        Progress(step="learn", done=4, total=4, cached=2),
    ]
    lines, bar = io.StringIO(), io.StringIO()
    monkeypatch.setattr(bar, "isatty", lambda: True)
    for out in (lines, bar):
        shown = Shown(out)
        for event in events:
            shown(event)
    assert lines.getvalue().splitlines() == [
        "late: 1,000 rows, 2 candidates in 2 folds: baseline, ridge",
        "learning … (2 known from before)",
        "  ridge: 0.6000",
    ]
    assert "[##############################] 4/4 learning (2 known from before)" in bar.getvalue()


def test_rows_and_columns_of_a_step_are_shown_and_a_learned_step_has_none(tmp_path: Path) -> None:
    write_project(tmp_path)
    shown = run("show", "--rows", "2", cwd=tmp_path).stdout
    assert "read.csv csv: 400 rows, 4 columns" in shown
    assert "c       category" in shown
    assert len(shown.splitlines()) == 2 + 5 + 3 + 1 + 3
    assert json.loads(run("show", "csv", "--json", cwd=tmp_path).stdout)["columns"]["y"]["origin"] == "label"
    for step, said in (("compare", "Name a table step: csv"), ("cvs", "did you mean 'csv'?")):
        done = run("show", step, cwd=tmp_path)
        assert done.returncode == 2
        assert said in done.stderr


def test_go_ends_with_an_endpoint_and_says_how_to_ask_it(tmp_path: Path) -> None:
    write_project(tmp_path, rows=300)
    (tmp_path / "modelyard.yaml").unlink()
    (tmp_path / "t.csv").rename(tmp_path / "my table.csv")
    words = [sys.executable, "-c", CODE, "go", "my table.csv", "--target", "y", "--positive", "yes"]
    going = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert going.stdout is not None
        said = []
        for line in going.stdout:
            said.append(line.strip())
            if line.startswith("Change it"):
                break
        url = next(line for line in said if line.startswith("curl")).split()[2]
        row = json.loads(next(line for line in said if "-d '" in line).split("-d '")[1][:-1])
        answer = ask(url, row)
        assert answer["predictions"][0]["id"] == "r0"
        assert 0 < answer["predictions"][0]["probabilities"]["yes"] < 1
    finally:
        going.terminate()
        talked = going.communicate(timeout=30)[1]
    assert talked.startswith("Wrote my-table/modelyard.yaml.")
    again = run("go", "my table.csv", "--target", "y", "--no-serve", "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["package"]["version"] == 1
    again = run("go", "my table.csv", "--target", "x", cwd=tmp_path)
    assert again.returncode == 2
    assert "predicts 'y', not 'x'" in again.stderr


def ask(url: str, row: dict[str, object]) -> dict[str, list[dict[str, object]]]:
    deadline = time.monotonic() + 20
    while True:
        try:
            found: dict[str, list[dict[str, object]]] = httpx.post(url, json=row, trust_env=False).json()
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return found
