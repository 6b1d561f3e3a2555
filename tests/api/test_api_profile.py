"""A profile of a file or a step: what is in it, and what would make a model look better than it is."""

from __future__ import annotations

import json
import re
import time
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from first_tables import titanic, wide

from flights import flights
from modelyard.api.page import page
from modelyard.api.profile import Asked, TableProfile, profile
from modelyard.api.project import Project
from modelyard.api.show import show_file, show_step
from modelyard.api.suspects import Truth
from modelyard.errors.data import MissingColumn, UnreadableTable
from modelyard.frame.schema import schema_of

PROJECT = """
modelyard: 1
name: p
task: classification
target: {{column: y, positive: "yes"}}
roles: {roles}
steps:
  - {{id: rows, use: read.parquet, path: p.parquet}}
  - {{id: kept, use: table.filter, where: "a >= 0"}}
  - {{use: evaluate.compare, candidates: [model.logistic_regression], split: {split}}}
"""


def of(frame: pl.DataFrame, **asked: object) -> TableProfile:
    return profile(frame, schema_of(frame), Asked(source="t", kind="frame", **asked))


def kinds(found: TableProfile) -> set[tuple[str, ...]]:
    return {(doubt.kind, *doubt.columns[:1]) for doubt in found.doubts}


def test_flights_are_seen_in_a_few_seconds_with_the_columns_that_come_with_the_label() -> None:
    frame = flights()
    y = frame["arr_delay"].cast(float).fill_null(float("nan")).to_numpy()
    began = time.process_time()
    found = of(frame, truth=Truth(column="arr_delay", y=y))
    assert time.process_time() - began < 10
    assert {("after_the_fact", "air_time"), ("after_the_fact", "arr_time"), ("constant", "year")} <= kinds(found)
    assert ("after_the_fact", "dep_delay") not in kinds(found)
    assert found.doubts[0].level == "grave"
    assert found.columns["dep_delay"].tells == pytest.approx(0.836, abs=0.01)
    assert found.associations.rows == 50_000
    assert ("air_time", "distance") in {tuple(sorted((p.a, p.b))) for p in found.associations.strongest}


def test_a_file_is_seen_with_its_leaks(tmp_path: Path) -> None:
    frame = titanic().with_columns(alive=pl.when(pl.col("Survived") == 1).then(pl.lit("yes")).otherwise(pl.lit("no")))
    frame.write_parquet(tmp_path / "t.parquet")
    found = show_file(tmp_path / "t.parquet", target="Survived")
    grave = {doubt.columns[0]: doubt.kind for doubt in found.doubts if doubt.level == "grave"}
    assert grave == {"alive": "target_copy", "Boat": "after_the_fact", "Body": "after_the_fact"}
    assert {("id_like", "Name"), ("id_like", "PassengerId"), ("mixed_types", "Ticket")} <= kinds(found)
    assert len(found.sample) == 5
    assert found.target == "Survived"
    assert json.loads(msgspec.json.encode(found))["columns"]["Age"]["summary"]["nulls"] == frame["Age"].null_count()
    with pytest.raises(MissingColumn, match="did you mean 'Survived'"):
        show_file(tmp_path / "t.parquet", target="Survive")
    with pytest.raises(UnreadableTable):
        show_file(tmp_path / "t.txt")


def test_a_near_copy_and_a_moment_after_the_rows_own_time_are_grave() -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 2000).astype(float)
    opened = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 3, 24, 7), "1h", eager=True)[:2000]
    frame = pl.DataFrame(
        {
            "risk": np.where(rng.random(2000) < 0.003, 1 - y, y) * 10 + rng.random(2000),
            "noise": rng.normal(size=2000),
            "opened": opened,
            "closed": opened.dt.offset_by("3d"),
        }
    )
    truth = Truth(column="y", y=y, classes=("0", "1"))
    found = of(frame.with_columns(y=pl.Series(y)), truth=truth, time="opened")
    assert {("target_near_copy", "risk"), ("after_the_fact", "closed")} == {
        pair for pair in kinds(found) if pair[0].startswith(("target", "after"))
    }


def test_copies_of_rows_and_columns_and_broken_order_are_seen() -> None:
    frame = pl.DataFrame({"a": [1.0, 2.0, 1.0] * 10, "b": [1.0, 2.0, 1.0] * 10, "w": ["x", "y", "x"] * 10})
    found = {doubt.kind: doubt for doubt in of(frame).doubts}
    assert found["duplicate_rows"].value == 28 / 30
    counted = {doubt.kind: doubt for doubt in of(frame.with_row_index("row")).doubts}["duplicate_rows"]
    assert (counted.value, "copies of earlier ones, but for row; the first is row 2" in counted.evidence) == (
        28 / 30,
        True,
    )
    assert found["duplicate_column"].columns == ("a", "b")
    when = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 3), "1h", eager=True)
    order = [*range(20), 30, *range(20, 30), *range(31, 49)]
    assert {"time_order"} == {doubt.kind for doubt in of(pl.DataFrame({"at": when[order]})).doubts}
    assert of(pl.DataFrame({"at": when})).doubts == ()


def project(folder: Path, roles: str, split: str) -> Project:
    (folder / "modelyard.yaml").write_text(PROJECT.format(roles=roles, split=split))
    return Project.load(folder)


def rows(count: int = 600) -> pl.DataFrame:
    rng = np.random.default_rng(2)
    at = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 12, 31), "1h", eager=True)[:count]
    a = rng.integers(0, 5, count)
    y = ["yes" if v else "no" for v in (a + rng.normal(size=count) > 2)]
    return pl.DataFrame({"a": a, "at": at, "y": y, "later": [None if n % 2 else "z" for n in range(count)]})


def test_rows_on_both_sides_of_the_split_and_learning_from_the_future_are_seen(tmp_path: Path) -> None:
    rows().write_parquet(tmp_path / "p.parquet")
    drawn = show_step(project(tmp_path, "{time: at}", "{kind: stratified, folds: 3}").plan())
    found = {doubt.kind: doubt for doubt in drawn.doubts}
    assert found["split_duplicates"].value == 1.0
    assert found["split_time"].level == "grave"
    timed = show_step(project(tmp_path, "{time: at}", "{kind: time, folds: 3}").plan())
    assert "split_time" not in {doubt.kind for doubt in timed.doubts}
    before = show_step(project(tmp_path, "{}", "{folds: 3}").plan(), "rows", rows=2)
    assert (before.source, before.kind, before.rows, len(before.sample)) == ("rows", "read.parquet", 600, 2)
    assert not any(doubt.kind.startswith("split") for doubt in before.doubts)


def test_what_a_project_leaves_out_is_no_doubt_any_more(tmp_path: Path) -> None:
    frame = rows().with_columns(copy=pl.col("y"))
    frame.write_parquet(tmp_path / "p.parquet")
    assert ("target_copy", "copy") in kinds(show_step(project(tmp_path, "{}", "{folds: 3}").plan()))
    assert ("target_copy", "copy") not in kinds(show_step(project(tmp_path, "{ignore: copy}", "{folds: 3}").plan()))


class Tags(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_the_page_needs_no_network_and_runs_nothing_whatever_the_table_holds() -> None:
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    frame = pl.DataFrame({evil: [1.5, 2.5, None] * 20, "w": [evil, "b", None] * 20, "c": ["a", "b", "b"] * 20})
    y = np.tile([0.0, 1.0, 1.0], 20)
    text = page(of(frame, truth=Truth(column="c", y=y, classes=("a", "b"))))
    seen = Tags()
    seen.feed(text)
    assert not seen.tags & {"script", "img", "link", "iframe", "object", "a"}
    assert not {name for name in seen.attributes if name.startswith("on") or name in ("src", "href")}
    assert not re.search(r"https?://|url\(|@import", text)
    assert "default-src &#x27;none&#x27;" in text
    assert text.count("<svg") == 4


def test_a_page_of_five_thousand_columns_stays_small() -> None:
    found = of(wide(50))
    text = page(found)
    assert len(text) < 1_500_000
    assert text.count("<svg") == 201
    assert "g4999" in text
    assert len(found.associations.columns) == 60
    assert len(found.associations.left_out) == 5001 - 60


def test_numbers_that_a_float_would_change_and_columns_of_nothing_are_seen_too() -> None:
    frame = pl.DataFrame({"id": [2**60 + n for n in range(50)], "none": [None] * 50, "same": [True] * 50})
    found = of(frame)
    assert found.columns["id"].summary.distinct == 50
    assert {("id_like", "id"), ("constant", "none"), ("constant", "same")} == kinds(found)
    empty = of(pl.DataFrame({"x": []}, schema={"x": pl.Float64}))
    assert (empty.rows, empty.columns["x"].summary.distinct) == (0, 0)
    assert "<html" in page(empty)
