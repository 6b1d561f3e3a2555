"""`init` on tables that people begin with: the file plans as it is written, and runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from first_tables import TABLES, toy
from sklearn import datasets

from flights import flights
from modelyard.api.init import init
from modelyard.api.project import Project

SETTLED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "iris": ("classification", "stratified", ()),
    "wine": ("classification", "stratified", ()),
    "breast_cancer": ("classification", "stratified", ()),
    "diabetes": ("regression", "kfold", ()),
    "digits": ("classification", "stratified", ("pixel_0_0", "pixel_4_0", "pixel_4_7")),
    "flights": ("regression", "time", ("year", "arr_time", "air_time")),
    "titanic": ("classification", "stratified", ("Ticket", "Boat", "Body")),
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
        (words,) = [node for node in plan.candidates[1].chain if node.kind == "encode.text_tfidf"]
        assert words.written["columns"] == ["Name"]


def california(rows: int = 600) -> pl.DataFrame:
    """Like California's housing: eight numbers, a price that is cut off at 5."""
    rng = np.random.default_rng(3)
    income, rooms, age = rng.lognormal(1.2, 0.5, rows), rng.lognormal(1.6, 0.3, rows), rng.integers(1, 53, rows)
    north, west = rng.uniform(32.5, 42.0, rows), rng.uniform(-124.3, -114.3, rows)
    price = np.minimum(0.45 * income + 0.01 * age - 0.1 * np.abs(north - 36) + rng.normal(1, 0.5, rows), 5.00001)
    return pl.DataFrame(
        {
            "MedInc": income, "HouseAge": age.astype(float), "AveRooms": rooms, "AveBedrms": rooms / 5,
            "Population": rng.integers(3, 9000, rows).astype(float), "AveOccup": rng.lognormal(1, 0.3, rows),
            "Latitude": north, "Longitude": west, "MedHouseVal": price,
        }
    )  # fmt: skip


def linnerud() -> pl.DataFrame:
    """Twenty men: their exercises and their measures."""
    found = datasets.load_linnerud()
    names = [*found.feature_names, *found.target_names]
    return pl.DataFrame(np.hstack([found.data, found.target]), schema=names)


def members(rows: int = 400) -> pl.DataFrame:
    """Like a list that people kept by hand: codes, remarks, dates, gaps everywhere, and the newest row of yesterday."""
    rng = np.random.default_rng(4)
    said = "Spoke to her on the phone, was"
    first = datetime.now() - timedelta(hours=12 * rows)
    left = rng.random(rows) < 0.3
    return pl.DataFrame(
        {
            "card": [f"M-{100_000 + n}" for n in range(rows)],
            "joined": [first + timedelta(hours=12 * n) for n in range(rows)],
            "zip": [None if rng.random() < 0.1 else f"{rng.integers(10_000, 99_999)}" for _ in range(rows)],
            "club": [f"{'AB'[n % 2]}{n % 37:02}" for n in range(rows)],
            "remark": [None if n % 3 else f"{said} {'un' * (n % 2)}happy ({n})" for n in range(rows)],
            "visits": [None if rng.random() < 0.2 else int(n) for n in rng.poisson(6 - 4 * left)],
            "left": np.where(left, "yes", "no"),
        }
    )  # fmt: skip


RUN: dict[str, tuple[Callable[[], pl.DataFrame], str]] = {
    **{name: TABLES[name] for name in ("iris", "wine", "breast_cancer", "diabetes", "titanic")},
    "digits": (lambda: toy("digits").filter(pl.col("target").is_in(list("01234"))).head(200), "target"),
    "california": (california, "MedHouseVal"),
    "linnerud": (linnerud, "Weight"),
    "members": (members, "left"),
    "flights": (lambda: flights().head(20_000).gather_every(8), "arr_delay"),
}


@pytest.mark.parametrize("name", list(RUN))
def test_what_init_wrote_runs_and_its_rules_hold(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As two commands do it: the file is written, and the file is run."""
    monkeypatch.chdir(tmp_path)
    make, target = RUN[name]
    make().write_csv("t.csv")
    init("p", "t.csv", target)
    result = Project.load("p").run(cores=2)
    assert result.package.version == 1
    assert result.parity.labels_different == 0
    assert [one.error for one in result.candidates] == [""] * 4
    assert result.winner != "baseline"
    assert result.quality
    assert [one for one in result.quality if not one.held] == []


def test_rules_say_how_codes_are_written_what_is_unique_how_much_is_missing_and_how_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    members().write_csv("t.csv")
    init("p", "t.csv", "left")
    text = Path("p/modelyard.yaml").read_text()
    assert 'card: {regex: "M-[0-9]{6}", else: warn}   # so are all 400 values written' in text
    assert 'club: {regex: "[A-Z][0-9]{2}", else: warn}' in text
    assert "{rule: rows, min: 200, else: warn}   # half of the 400 rows seen" in text
    assert "{rule: key, columns: [card], else: warn}   # every row had its own" in text
    assert '{rule: fresh, column: joined, within: "7d", else: warn}   # the newest is 1 day old' in text
    (gap,) = re.findall(r"null_share, column: visits, max: ([0-9.]+), else: warn}   # ([0-9.]+) %", text)
    assert float(gap[1]) / 100 < float(gap[0]) < 0.6


def test_flights_of_2013_are_not_asked_to_be_fresh_but_their_tail_numbers_have_a_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    flights().head(20_000).write_csv("t.csv")
    init("p", "t.csv", "arr_delay")
    text = Path("p/modelyard.yaml").read_text()
    assert 'tailnum: {regex: "N[0-9A-Z]{4,5}", else: warn}' in text
    assert 'dest: {regex: "[A-Z]{3}", else: warn}' in text
    assert re.search(r"# The newest time_hour is [0-9,]+ days old", text)


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
