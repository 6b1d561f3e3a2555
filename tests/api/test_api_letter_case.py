"""Columns whose names differ only in case are different columns, and nothing is read under a name it does not have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelyard.api.package import Package
from modelyard.api.project import Project
from modelyard.errors.data import BadExpression
from modelyard.errors.serving import BadRows

PROJECT = """modelyard: 1
name: shop
task: classification
target: {column: good, positive: true}
roles: {id: key}
steps:
  - {use: read.csv, path: t.csv}
  - {use: derive.expression, columns: {apart: Age - age}}
  - {use: evaluate.compare, candidates: [model.logistic_regression], split: {kind: kfold, folds: 2}}
"""


def rows(n: int = 300) -> pl.DataFrame:
    """`good` where `Age` is above `age`; `AGE` has gaps and says nothing."""
    rng = np.random.default_rng(0)
    small, large = rng.normal(size=n).round(3), rng.normal(size=n).round(3)
    word = [None if k % 10 == 0 else "xyz"[k % 3] for k in range(n)]
    made = {"key": [f"k{k}" for k in range(n)], "Age": large, "age": small, "AGE": word, "good": large > small}
    return pl.DataFrame(made)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    folder = tmp_path_factory.mktemp("made")
    rows().write_csv(folder / "t.csv")
    (folder / "modelyard.yaml").write_text(PROJECT)
    Project.load(folder).run(cores=1)
    return Package.load("shop@champion", folder / ".modelyard")


def test_a_csv_has_each_of_them_and_a_request_reads_them_by_name(package: Package) -> None:
    kinds = {field.name: field.kind for field in package.model.program.takes.fields}
    assert kinds == {"Age": "number", "age": "number", "AGE": "category"}
    sent = [{"Age": 1.0, "age": -1.0, "AGE": "x"}, {"AGE": "x", "age": 1.0, "Age": -1.0}]
    answers = package.predict(sent)
    assert [one["prediction"] for one in answers] == [True, False]
    assert [one["warnings"] for one in answers] == [[], []]
    assert package.predict(pl.DataFrame(sent[0]))["prediction"].to_list() == [True]


def test_a_request_with_another_case_is_told_what_it_sent(package: Package) -> None:
    with pytest.raises(BadRows) as found:
        package.predict([{"Age": 1.0, "aGE": -1.0, "AGE": "x"}])
    assert found.value.found == "'age' is missing, and 'aGE' is no column of the model"
    with pytest.raises(BadRows) as found:
        package.predict([{"Age": 1.0, "AGE": "x"}])
    assert found.value.found == "'age' is missing"
    (answer,) = package.predict([{"Age": 1.0, "age": -1.0, "Age ": "x"}])
    assert answer["warnings"] == [
        {"warning": "missing", "column": "AGE", "like": "Age "},
        {"warning": "ignored", "column": "Age ", "columns": ["Age "]},
    ]


def test_a_step_that_names_another_case_is_told_which_there_is(tmp_path: Path) -> None:
    rows().drop("age", "AGE").write_csv(tmp_path / "t.csv")
    (tmp_path / "modelyard.yaml").write_text(PROJECT.replace("{apart: Age - age}", "{apart: Age - AGE}"))
    with pytest.raises(BadExpression, match="AGE") as found:
        Project.load(tmp_path).plan()
    assert "did you mean 'Age'?" in str(found.value)
