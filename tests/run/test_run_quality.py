"""Rules, joins and history in a whole run: the quality report, the contract of the package, the columns it asks for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from run_projects import planned, rows

from modelyard.errors.data import RuleBroken
from modelyard.errors.project import BadPlan
from modelyard.loop.training import source_columns
from modelyard.rows.reading import RowReader
from modelyard.run.data import read_data
from modelyard.run.engine import run
from modelyard.store.metadata import Metadata
from modelyard.store.packages import open_package
from modelyard.store.place import Store

NOW = 1_700_000_000_000_000
BODY = """task: classification
target: {column: good, positive: true}
roles: {id: key, ignore: [price]}
steps:
  - {use: read.csv, path: rows.csv}
  - use: check.rules
    columns: {town: {regex: "[a-z]+", else: warn}, a: {min: -100, else: quarantine}}
    across: [{check: a < b + 1000, else: quarantine}, {check: price > -1e9, else: warn}]
    table: [{rule: rows, min: 10}, {rule: key, columns: [key]}, {rule: null_share, column: a, max: 0, else: warn}]
  - {use: evaluate.compare, candidates: [model.logistic_regression], split: {folds: 3}}
"""


def test_the_result_has_what_each_rule_found_and_the_package_keeps_the_row_rules(
    tmp_path: Path, store: Store, metadata: Metadata
) -> None:
    result = run(planned(tmp_path, BODY), store, metadata, now=NOW, cores=1)
    assert [(one.step, one.rule, one.held) for one in result.quality] == [
        ("rules", "town: regex [a-z]+", True),
        ("rules", "a: min -100.0", True),
        ("rules", "a < b + 1000", True),
        ("rules", "price > -1e9", True),
        ("rules", "rows: at least 10", True),
        ("rules", "key: key", True),
        ("rules", "null share of a: at most 0", False),
    ]
    assert any("null share of a" in word for word in result.warnings)
    model = open_package(store, result.package.digest)
    reader = RowReader(model.program.takes)
    row = dict.fromkeys(model.program.takes.names, 1.0) | {"town": "rome"}
    assert not reader.read([row]).flagged
    flagged = reader.read([row | {"a": 5_000.0}])
    assert flagged.flagged == {0}
    assert flagged.warnings[0][0]["found"] == "a < b + 1000 is false: a is 5000.0, b is 1.0"
    again = run(planned(tmp_path, BODY), store, metadata, now=NOW, cores=1)
    assert again.quality == result.quality


def test_a_broken_table_rule_stops_a_run_before_anything_is_learned(
    tmp_path: Path, store: Store, metadata: Metadata
) -> None:
    with pytest.raises(RuleBroken, match="rows: at least 1000000"):
        run(planned(tmp_path, BODY.replace("min: 10}", "min: 1000000}")), store, metadata, now=NOW, cores=1)


JOINED = BODY.replace("  - {use: read.csv,", "  - {id: rows, use: read.csv,").replace(
    "  - use: check.rules",
    """  - {id: towns, use: read.csv, path: towns.csv}
  - {use: table.join, by: town, after: {left: rows, right: towns}, at_serving: from_request}
  - use: check.rules""",
)


def test_a_joined_column_becomes_one_that_the_caller_sends(tmp_path: Path, store: Store, metadata: Metadata) -> None:
    (tmp_path / "towns.csv").write_text("town,people\nrome,2.8\nbonn,0.3\noslo,0.7\n")
    result = run(planned(tmp_path, JOINED), store, metadata, now=NOW, cores=1)
    assert "people" in open_package(store, result.package.digest).program.takes.names


def test_a_logged_row_keeps_what_the_request_carried(tmp_path: Path) -> None:
    (tmp_path / "towns.csv").write_text("town,people\nrome,2.8\nbonn,0.3\noslo,0.7\n")
    plan = planned(tmp_path, JOINED)
    assert source_columns(plan).names == (*plan.schemas["rows"].names, "people")
    log = pl.DataFrame(
        {"key": [0, 9_000, 9_001], "a": 1.0, "b": 2.0, "town": ["rome", None, "oslo"], "price": 1.0, "good": True}
    ).with_columns(people=pl.Series([5.0, 6.0, None]))
    data = read_data(plan, log)
    people = dict(zip(data.ids or (), data.table["people"].tolist(), strict=True))
    assert len(data) == 602
    assert (people["0"], people["9000"]) == (5.0, 6.0)
    assert np.isnan(people["9001"])
    assert {people[str(key)] for key in range(1, 600)} == {2.8, 0.3, 0.7}


def test_rows_of_the_log_are_of_no_table_among_several(tmp_path: Path) -> None:
    body = JOINED.replace(
        "use: table.join, by: town, after: {left: rows, right: towns}", "use: table.concat, after: [rows, towns]"
    )
    (tmp_path / "towns.csv").write_text(rows().write_csv())
    with pytest.raises(BadPlan, match="under 2 tables"):
        read_data(planned(tmp_path, body), rows().head(1))
