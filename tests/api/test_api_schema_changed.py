"""A source that is not what the champion learned from stops a run before a row is read; the champion serves on."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelyard.api.connection import connect
from modelyard.api.held import held, known
from modelyard.api.package import Package
from modelyard.api.project import Project
from modelyard.errors.data import SchemaChanged
from modelyard.errors.project import BadPlan
from modelyard.project.plan import Plan
from modelyard.run.result import Result
from modelyard.store.pointer import read_pointer
from modelyard.store.records import read_runs
from modelyard.store.versions import listed

HEAD = """modelyard: 1
name: shop
task: classification
target: {column: good, positive: true}
roles: {id: key}
"""
READ = "{use: read.csv, path: t.csv}"
COMPARE = "{use: evaluate.compare, candidates: [model.logistic_regression], split: {kind: kfold, folds: 2}}"
Edit = Callable[[pl.DataFrame], pl.DataFrame]


def rows(n: int = 200, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    a, town = rng.normal(size=n).round(3), rng.choice(["oslo", "rome"], n)
    good = a + (town == "rome") + rng.normal(scale=0.3, size=n) > 0.5
    return pl.DataFrame({"key": [f"k{i}" for i in range(n)], "a": a, "b": a * 2, "town": town, "good": good})


def write(folder: Path, *steps: str, head: str = HEAD, compare: str = COMPARE) -> None:
    lines = "".join(f"  - {step}\n" for step in (*(steps or (READ,)), compare))
    (folder / "modelyard.yaml").write_text(f"{head}steps:\n{lines}")


def run(folder: Path, accept_schema: bool = False) -> Result:
    return Project.load(folder).run(cores=1, accept_schema=accept_schema)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was run once."""
    folder = tmp_path_factory.mktemp("made")
    rows().write_csv(folder / "t.csv")
    write(folder)
    run(folder)
    return folder


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(made, tmp_path / "shop")


def digest(folder: Path) -> str:
    """Of what serves."""
    return read_pointer(folder / ".modelyard" / "pointer.json")["shop"].digest


def planned(folder: Path) -> Plan:
    """What `run` begins with."""
    project = Project.load(folder)
    return held(project, known(project, project.place()))


def changed(folder: Path, edit: Edit) -> SchemaChanged:
    edit(rows()).write_csv(folder / "t.csv")
    with pytest.raises(SchemaChanged) as found:
        run(folder)
    return found.value


CHANGES: dict[str, tuple[Edit, str]] = {
    "renamed": (lambda t: t.rename({"town": "town_name"}), "'town' (category) is gone; 'town_name' (category) is new"),
    "lost": (lambda t: t.drop("b"), "'b' (number) is gone"),
    "other": (lambda t: t.with_columns(a=pl.format("{} m", "a")), "'a' was number and is category"),
    "emptied": (lambda t: t.with_columns(a=pl.lit(None)), "'a' was number and is category"),
    "used": (lambda t: t.with_columns(c=pl.col("a") + 1), "'c' (number) is new"),
    "target": (lambda t: t.with_columns(good=pl.col("good").cast(pl.Int8)), "'good' was boolean and is integer"),
    "renamed target": (lambda t: t.rename({"good": "fine"}), "'good' (boolean) is gone; 'fine' (boolean) is new"),
    "id": (lambda t: t.rename({"key": "id"}), "'key' (category) is gone; 'id' (category) is new"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_changed_is_named_and_nothing_is_learned(shop: Path, kind: str) -> None:
    before = digest(shop)
    error = changed(shop, CHANGES[kind][0])
    assert error.found == f"the source is not what shop@1 learned from: {CHANGES[kind][1]}"
    assert (error.who, error.where) == ("read.csv", "steps[0], modelyard.yaml:7")
    assert "modelyard run --accept-schema" in error.advice
    with connect(shop / ".modelyard") as yard, yard.metadata.begin() as sql:
        assert [one.status for one in read_runs(sql)] == ["done"]
        assert len(listed(sql)) == 1
    assert digest(shop) == before
    rows().write_csv(shop / "t.csv")
    assert planned(shop).schema.names == ("key", "a", "b", "town", "good")


HARMLESS: dict[str, Edit] = {
    "more rows": lambda t: pl.concat([t, rows(50, 1)]),
    "another order": lambda t: t.select(reversed(t.columns)),
    "a column of dates, which no model reads": lambda t: t.with_columns(day=pl.date(2024, 1, 1)),
    "whole numbers alone": lambda t: t.with_columns(b=pl.col("b").round().cast(pl.Int64)),
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_changes_nothing_learned_does_not_stop(shop: Path, kind: str) -> None:
    table = HARMLESS[kind](rows())
    table.write_csv(shop / "t.csv")
    assert set(planned(shop).schema.names) == set(table.columns)


def test_a_first_run_has_nothing_to_be_held_to(tmp_path: Path) -> None:
    rows().write_csv(tmp_path / "t.csv")
    write(tmp_path)
    assert planned(tmp_path).output == "csv"
    assert not (tmp_path / ".modelyard").exists()


def test_a_new_column_that_the_file_leaves_out_or_asks_for_does_not_stop(shop: Path) -> None:
    assert "`roles: {ignore: [...]}`" in changed(shop, lambda t: t.with_columns(c=pl.col("a") + 1)).advice
    write(shop, head=HEAD.replace("id: key", "id: key, ignore: [c]"))
    assert "c" not in planned(shop).candidates[1].features
    for step in ("types: {c: number}", "columns: [key, a, b, c, town, good]"):
        write(shop, f"{{use: read.csv, path: t.csv, {step}}}")
        assert "c" in planned(shop).candidates[1].features
    write(shop, READ, '{use: derive.expression, columns: {far: "a + c > 1"}}')
    assert "far" in planned(shop).candidates[1].features
    write(shop, head=HEAD.replace("column: good, positive: true", "column: c").replace("classification", "regression"),
          compare="{use: evaluate.compare, candidates: [model.ridge]}")  # fmt: skip
    assert planned(shop).label.parents == ("c",)


def test_a_renamed_column_is_named_as_before_by_the_step_that_the_error_writes(shop: Path) -> None:
    error = changed(shop, lambda t: t.rename({"town": "town_name"}))
    step = "{use: table.select, rename: {town_name: town}, at_serving: from_request}"
    assert f"If 'town_name' is 'town': {step}." in error.advice
    write(shop, READ, step)
    made = run(shop)
    names = Package.load(made.package.digest, shop / ".modelyard").predictor.names
    assert (made.package.version, set(names)) == (2, {"key", "a", "b", "town"})


def test_a_target_that_was_renamed_is_named_as_before(shop: Path) -> None:
    changed(shop, lambda t: t.rename({"good": "fine"}))
    write(shop, READ, "{use: table.select, rename: {fine: good}}")
    assert planned(shop).label.parents == ("good",)


EDITS = {
    "columns": ("{use: read.csv, path: t.csv, columns: [key, a, town, good]}",),
    "types": ("{use: read.csv, path: t.csv, types: {a: category}}",),
    "how to read": ('{use: read.csv, path: t.csv, null_words: ["oslo"], delimiter: ","}',),
    "what is left": (READ, "{use: table.select, columns: {not: b}}"),
}


@pytest.mark.parametrize("kind", EDITS)
def test_what_a_person_changes_in_the_file_is_no_change_of_the_source(shop: Path, kind: str) -> None:
    write(shop, *EDITS[kind])
    assert planned(shop).candidates[1].features


def test_another_target_is_no_change_of_the_source(shop: Path) -> None:
    write(shop, head=HEAD.replace("column: good, positive: true", "column: town, positive: rome"))
    assert planned(shop).label.parents == ("town",)


def test_a_file_of_another_name_is_held_to_the_same(shop: Path) -> None:
    rows().rename({"town": "city"}).write_csv(shop / "new.csv")
    write(shop, "{use: read.csv, path: new.csv}")
    with pytest.raises(SchemaChanged, match=r"'town' .category. is gone"):
        planned(shop)


def test_who_accepts_a_change_accepts_it_once(shop: Path) -> None:
    before = digest(shop)
    changed(shop, lambda t: t.drop("b"))
    accepted = run(shop, accept_schema=True)
    assert (accepted.package.version, accepted.package.serving) == (2, False)
    pl.concat([rows(), rows(50, 1)]).drop("b").write_csv(shop / "t.csv")
    assert "b" not in planned(shop).schema
    changed(shop, lambda t: t.drop("b", "town"))
    rows().write_csv(shop / "t.csv")
    assert "b" in planned(shop).schema
    assert digest(shop) == before


def test_a_table_of_a_database_is_held_to_what_it_was(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "crm.db") as made:
        made.execute("CREATE TABLE t (key TEXT, a REAL, b REAL, town TEXT, good BOOLEAN)")
        made.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", rows().rows())
    head = HEAD + "connections:\n  - {name: crm, kind: sqlite, path: crm.db}\n"
    write(tmp_path, "{use: read.sql, connection: crm, table: t, types: {good: boolean}}", head=head)
    assert run(tmp_path).package.version == 1
    with sqlite3.connect(tmp_path / "crm.db") as made:
        made.execute("ALTER TABLE t RENAME COLUMN town TO city")
    with pytest.raises(SchemaChanged, match=r"'town' .category. is gone; 'city' .category. is new") as found:
        run(tmp_path)
    assert found.value.who == "read.sql"


def test_the_command_exits_3_with_the_difference_and_takes_the_flag(shop: Path) -> None:
    def command(*words: str) -> subprocess.CompletedProcess[str]:
        code = "from modelyard.cli import main; main()"
        asked = [sys.executable, "-c", code, "run", "--cores", "1", *words]
        return subprocess.run(asked, capture_output=True, text=True, cwd=shop, check=False)

    rows().drop("b").write_csv(shop / "t.csv")
    done = command()
    assert (done.returncode, done.stdout) == (3, "")
    assert "shop@1 learned from: 'b' (number) is gone" in done.stderr
    done = command("--accept-schema", "--json")
    assert (done.returncode, json.loads(done.stdout)["package"]["version"]) == (0, 2)


def test_a_plan_that_fails_over_a_source_as_it_was_says_what_it_said(shop: Path) -> None:
    write(shop, READ, "{use: table.derive, columns: {c: a + 1}}")
    with pytest.raises(BadPlan, match="no request carries"):
        planned(shop)
