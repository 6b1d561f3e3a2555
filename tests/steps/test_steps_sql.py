"""read.sql and write.sql in a project: planned before a row is read, written once the rows are wanted."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from modelyard.api.project import Project
from modelyard.api.rows import collected, node_of
from modelyard.errors import ModelyardError
from modelyard.errors.connection import UnknownConnection, UnknownTable
from modelyard.errors.data import MissingColumn
from modelyard.errors.project import BadParameter, MissingVariable
from modelyard.frame.sql.read import Asked, scan
from modelyard.frame.sql.write import write
from modelyard.run.data import read_data
from modelyard.schema.connection import Sqlite

FILE = """modelyard: 1
name: churn
task: classification
target: {column: left, positive: 1}
roles: {id: key}
connections:
  - {name: lite, kind: sqlite, path: data/a.db}
  - {name: far, kind: postgresql, host: "${NO_HOST}", database: d, user: u}
steps:
  - {id: read, use: read.sql, connection: lite, table: t, where: "x >= 0.5", types: {left: integer}}
  - {use: table.select, columns: [key, x, left]}
  - {use: write.sql, connection: lite, table: copy, mode: upsert, key: [key]}
  - {use: evaluate.compare, candidates: [model.logistic_regression]}
"""
ROWS = pl.DataFrame(
    {"key": ["c", "a", "d", "b"], "x": [1.0, 2.0, 0.25, 3.0], "left": [0, 1, 1, 0], "unused": ["?"] * 4}
)


@pytest.fixture
def lite(tmp_path: Path) -> Sqlite:
    (tmp_path / "data").mkdir()
    made = Sqlite(name="lite", path=str(tmp_path / "data/a.db"))
    write(ROWS.lazy(), made, Path(), "t")
    return made


def project(folder: Path, old: str = "", new: str = "") -> Project:
    (folder / "modelyard.yaml").write_text(FILE.replace(old, new) if old else FILE)
    return Project.load(folder)


def copied(lite: Sqlite) -> pl.DataFrame:
    return scan(Asked(connection=lite, folder=Path(), table="copy", order=("key",))).collect()


def test_planning_writes_nothing_and_running_writes_once(tmp_path: Path, lite: Sqlite) -> None:
    planned = project(tmp_path).plan()
    assert planned.schema.names == ("key", "x", "left")
    with pytest.raises(UnknownTable):
        copied(lite)
    data = read_data(planned)
    assert data.ids == ("a", "b", "c")
    again = read_data(planned)
    assert again.table["x"].tolist() == data.table["x"].tolist() == [2.0, 3.0, 1.0]
    assert copied(lite).rows() == [("a", 2.0, 1), ("b", 3.0, 0), ("c", 1.0, 0)]


def test_a_step_of_a_database_is_shown_as_any_other(tmp_path: Path, lite: Sqlite) -> None:
    planned = project(tmp_path).plan()
    assert collected(planned, node_of(planned, "read")).height == 3


WRONG = [
    ("connection: lite, table: t,", "connection: late, table: t,", UnknownConnection, "did you mean 'lite'?", ":10"),
    ("connection: lite, table: t,", "connection: far, table: t,", MissingVariable, "NO_HOST is not set", ":8"),
    ("table: t,", "table: tt,", UnknownTable, "did you mean 't'?", ":10"),
    ("table: t,", "", BadParameter, "Write one of `table:` and `query:`", ":10"),
    ("key: [key]", "key: [kee]", MissingColumn, "did you mean 'key'?", ":12"),
    (", key: [key]", "", BadParameter, "an upsert needs a key", ":12"),
    ("connection: lite, table: copy", "connection: late, table: copy", UnknownConnection, "did you mean", ":12"),
    ('"x >= 0.5"', '"x > "', ModelyardError, "missing", ":10"),
    ("types: {left: integer}", "types: {lefd: integer}", MissingColumn, "did you mean 'left'?", ":10"),
]


@pytest.mark.parametrize(("old", "new", "kind", "said", "line"), WRONG)
def test_what_is_wrong_is_said_before_a_row_is_read(
    tmp_path: Path, lite: Sqlite, old: str, new: str, kind: type[ModelyardError], said: str, line: str
) -> None:
    with pytest.raises(kind) as met:
        project(tmp_path, old, new).plan()
    assert said in str(met.value)
    assert line in met.value.where
