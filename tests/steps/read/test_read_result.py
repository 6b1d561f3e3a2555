"""What a source kept out stands in the run's result."""

from __future__ import annotations

import json
from pathlib import Path

from modelyard.project.graph import graph
from modelyard.project.plan import plan
from modelyard.project.read import read
from modelyard.project.settings import settings
from modelyard.run.data import read_data
from modelyard.step.context import Context
from modelyard.step.registry import Registry

PROJECT = b"""modelyard: 1
name: shop
target: {column: y}
task: regression
steps:
  - {use: read.csv, id: rows, path: "a-*.csv", quarantine: kept/bad.jsonl}
  - use: evaluate.compare
    candidates: [model.ridge]
    split: {kind: kfold, folds: 2}
"""


def test_rows_kept_out_and_columns_that_drifted_are_told_with_their_step(tmp_path: Path) -> None:
    (tmp_path / "a-1.csv").write_text("x,y\n" + "1,2\n3,4\n" * 20 + "5\n")
    (tmp_path / "a-2.csv").write_text("x,y,z\n1,2,7\n")
    document = read(PROJECT, "modelyard.yaml")
    registry = Registry.installed()
    head = settings(document)
    made = plan(head, graph(head, document, registry), document, registry, Context(folder=tmp_path))
    data = read_data(made)
    assert len(data) == 41
    assert data.warnings[:2] == (
        "rows: a-1.csv has no 'z': null there",
        "rows: 1 of 42 rows do not parse and are kept in kept/bad.jsonl; first: a-1.csv, line 42: "
        "fewer values than the header's 2",
    )
    assert json.loads((tmp_path / "kept/bad.jsonl").read_text())["text"] == "5"
