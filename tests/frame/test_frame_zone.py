"""A time without a zone means the same in a file and in a request, in the hours that clocks double or skip, too."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from modelyard.api.connection import connect
from modelyard.api.package import Package
from modelyard.api.project import Project
from modelyard.errors.data import WrongType
from modelyard.frame.table import to_table
from modelyard.frame.zone import to_utc
from modelyard.loop.ship import ship
from modelyard.rows.timestamps import reader
from modelyard.serve.child import Server
from modelyard.store.lake import Lake

ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia"]
TURNS = [
    datetime(2013, 3, 10, 2), datetime(2013, 11, 3, 1), datetime(2013, 3, 31, 2), datetime(2013, 10, 27, 2),
    datetime(2013, 4, 7, 2), datetime(2013, 10, 6, 2), datetime(2013, 10, 20), datetime(2011, 12, 30, 12),
]  # fmt: skip
PROJECT = """modelyard: 1
name: shop
task: classification
target: {column: good, positive: true}
roles: {id: key, time: at}
timezone: America/New_York
steps:
  - {use: read.csv, path: t.csv}
  - {use: derive.date_parts, columns: [paid], parts: [hour]}
  - {use: evaluate.compare, candidates: [model.logistic_regression], split: {kind: kfold, folds: 2}}
"""


@settings(deadline=None, max_examples=300)
@given(some.sampled_from(ZONES), some.sampled_from(TURNS), some.integers(-180, 180))
def test_a_file_and_a_request_mean_the_same_moment(zone: str, turn: datetime, minutes: int) -> None:
    naive = turn + timedelta(minutes=minutes)
    from_file = to_utc(pl.Series([naive]), zone).dt.epoch("us").item()
    assert reader(zone)(naive.isoformat()) == from_file


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over naive times, of which some were doubled and some skipped."""
    folder = tmp_path_factory.mktemp("made")
    rng = np.random.default_rng(0)
    n = 300
    starts = np.array(["2013-03-10T00:00", "2013-11-03T00:00"], dtype="datetime64[m]")
    paid = [str(at) + ":00" for at in rng.choice(starts, n) + rng.integers(0, 300, n)]
    a = rng.normal(size=n).round(3)
    at = [f"2013-05-{1 + k % 28:02}T12:00:00" for k in range(n)]
    table = {"key": [f"k{k}" for k in range(n)], "at": at, "a": a, "paid": paid, "good": a > 0}
    pl.DataFrame(table).write_csv(folder / "t.csv")
    (folder / "modelyard.yaml").write_text(PROJECT)
    Project.load(folder).run(cores=1)
    return folder


def test_a_server_answers_what_the_clocks_double_or_skip_and_logs_what_was_sent(made: Path) -> None:
    paid = {"fold": "2013-11-03T01:30:00", "gap": "2013-03-10T02:30:00", "sure": "2013-11-03T01:30:00-04:00"}
    sent = [{"key": key, "at": paid["fold"], "a": 0.1, "paid": text} for key, text in paid.items()]
    with connect(made / ".modelyard") as yard:
        with Server(yard.store, 0) as server:
            url = f"{server.url}/v1/models/shop/predict"
            answers: list[dict[str, Any]] = httpx.post(url, json=sent, trust_env=False).json()["predictions"]
        ship(yard.store, yard.metadata)
        logged = {row["id"]: row for row in Lake(yard.store.lake).scan("predictions").collect().iter_rows(named=True)}
    said = [[(w["warning"], w["column"], w["read_as"]) for w in one["warnings"]] for one in answers]
    at = ("doubled_hour", "at", "2013-11-03T05:30:00Z")
    assert said == [
        [("doubled_hour", "paid", "2013-11-03T05:30:00Z"), at],
        [("skipped_hour", "paid", "2013-03-10T07:30:00Z"), at],
        [at],
    ]
    assert answers[0]["probabilities"] == answers[2]["probabilities"]
    for key, text in paid.items():
        row = json.loads(logged[key]["row"])
        assert (row["paid"], row["at"]) == (text, paid["fold"])
        assert logged[key]["event"] == reader(None)("2013-11-03T05:30:00Z")


def test_a_table_and_a_request_give_the_skipped_hour_the_same_scores(made: Path) -> None:
    package = Package.load("shop@champion", made / ".modelyard")
    gap, same = "2013-03-10T02:30:00", "2013-03-10T07:30:00Z"
    rows = [{"key": "a", "at": same, "a": 0.1, "paid": text} for text in (gap, same)]
    answers = package.predict(rows)
    assert answers[0]["probabilities"] == answers[1]["probabilities"]
    table = pl.DataFrame(rows).with_columns(paid=pl.lit(datetime(2013, 3, 10, 2, 30)))
    assert package.predict(table)["score[1]"][0] == answers[0]["probabilities"]["true"]


def test_a_year_that_no_microsecond_is_exact_for_is_refused_with_a_way_out() -> None:
    far = pl.DataFrame({"until": [datetime(2013, 1, 1), datetime(9999, 12, 31)]})
    with pytest.raises(WrongType, match="'until' holds a time of about the year 9999") as found:
        to_table(far)
    assert "null_words" in found.value.advice
