"""`init` on tables that people begin with: the file plans as it is written, and runs."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from first_tables import TABLES, toy

from modelyard.api.init import init

SETTLED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "iris": ("classification", "stratified", ()),
    "wine": ("classification", "stratified", ()),
    "breast_cancer": ("classification", "stratified", ()),
    "diabetes": ("regression", "kfold", ()),
    "digits": ("classification", "stratified", ("pixel_0_0", "pixel_4_0", "pixel_4_7")),
    "flights": ("regression", "time", ("year", "arr_time", "air_time")),
    "titanic": ("classification", "stratified", ("Name", "Ticket", "Boat", "Body")),
    "wide": ("classification", "stratified", ()),
}


@pytest.mark.parametrize("name", list(TABLES))
def test_every_table_gets_a_file_that_plans(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make, target = TABLES[name]
    make().write_parquet(f"{name}.parquet")
    plan = init("p", f"{name}.parquet", target).plan()
    task, split, ignored = SETTLED[name]
    assert (plan.project.task, plan.comparison.split.kind) == (task, split)
    ignore = plan.project.roles.ignore
    assert set(ignore or ()) >= set(ignored)
    assert len(plan.candidates) == 4
    if name == "titanic":
        assert plan.project.roles.id == "PassengerId"


@pytest.mark.parametrize("name", ["iris", "diabetes"])
def test_what_init_wrote_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    toy(name).write_csv("t.csv")
    result = init("p", "t.csv", "target").run(cores=1)
    assert result.package.version == 1
    assert result.winner != "baseline"


def test_dates_kept_as_text_become_dates_where_they_begin_with_the_year(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 12, 31), eager=True)
    frame = pl.DataFrame(
        {
            "joined": days.dt.to_string("%Y-%m-%d"),
            "seen": days.dt.to_string("%d/%m/%Y"),
            "x": [float(n % 13) for n in range(len(days))],
            "y": [float(n % 13 + 7 * (n % 5)) for n in range(len(days))],
        }
    )
    frame.write_parquet("t.parquet")
    plan = init("p", "t.parquet", "y").plan()
    assert plan.schema["joined"].kind == "datetime"
    assert plan.project.roles.time == "joined"
    assert plan.project.roles.ignore == ("seen",)
    assert "joined_weekday" in plan.candidates[1].features
    assert "declare it under types" in Path("p/modelyard.yaml").read_text()


def test_a_column_that_tells_nearly_all_is_kept_where_nothing_else_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    x = [float(n % 40) for n in range(400)]
    pl.DataFrame({"x": x, "y": [v + 0.01 * (n % 7) for n, v in enumerate(x)]}).write_parquet("t.parquet")
    assert init("p", "t.parquet", "y").plan().project.roles.ignore is None
