"""What Python predicts is what the server would answer, for every kind of table, and wrong rows are named."""

from __future__ import annotations

import math
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest
from arro3.core import Table as Arrow
from stored_models import BIASES, ROW, late, make_store

import modelyard as my
from modelyard.api.connection import Connection
from modelyard.errors.data import NotRows
from modelyard.errors.package import UntrustedKey
from modelyard.errors.serving import BadRows
from modelyard.errors.store import NoStore, UnknownVersion

ROWS = [
    {"dep_delay": 3.5, "distance": 733, "carrier": "UA"},
    {"dep_delay": 90.0, "distance": 200, "carrier": "AA"},
    {"dep_delay": 1.0, "distance": 100, "carrier": "ZZ"},
]


@pytest.fixture
def package(yard: Connection) -> my.Package:
    return my.Package.load("late", store=yard.store)


def test_a_model_is_found_by_name_alias_number_digest_and_folder(yard: Connection) -> None:
    for text, version in (("late", 1), ("late@champion", 1), ("late@2", 2)):
        found = my.Package.load(text, store=yard.store)
        assert (found.name, found.version) == ("late", version)
        assert my.Package.load(found.digest[:12], store=yard.store).digest == found.digest
        assert my.Package.load(yard.store.package(found.digest)).digest == found.digest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lat", "did you mean 'late'"),
        ("late@7", "there is: late@1, late@2"),
        ("late@best", "no best"),
        ("@", "no model"),
    ],
)
def test_a_model_that_is_not_there_is_answered_with_what_there_is(yard: Connection, text: str, said: str) -> None:
    with pytest.raises(UnknownVersion) as caught:
        my.Package.load(text, store=yard.store)
    assert said in str(caught.value)


def test_a_store_that_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(NoStore):
        my.connect(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_package_of_a_stranger_is_not_loaded(yard: Connection, tmp_path: Path) -> None:
    with make_store(tmp_path / "other"), pytest.raises(UntrustedKey):
        my.Package.load(yard.store.package(my.Package.load("late", yard.store).digest), store=tmp_path / "other")


def test_dicts_in_give_dicts_out_as_the_server_answers(package: my.Package) -> None:
    answers = package.predict(ROWS)
    expected = late(ROWS[0], BIASES[0])
    assert answers[0]["probabilities"]["True"] == expected
    assert answers[1] == {"prediction": True, "probabilities": answers[1]["probabilities"], "warnings": []}
    assert answers[2]["warnings"] == [{"warning": "unseen", "column": "carrier", "value": "ZZ"}]


def test_every_kind_of_table_gives_its_own_kind_and_the_same_numbers(package: my.Package) -> None:
    expected = [answer["probabilities"]["True"] for answer in package.predict(ROWS[:2])]
    frame = pl.DataFrame(ROWS[:2])
    found = package.predict(frame)
    assert found.columns == ["prediction", "score[0]", "score[1]", "warnings"]
    assert found["score[1]"].to_list() == expected
    assert found["prediction"].to_list() == [False, True]
    assert package.predict(frame.lazy()).collect().equals(found)
    pandas = package.predict(pd.DataFrame(ROWS[:2], index=[7, 9]))
    assert isinstance(pandas, pd.DataFrame)
    assert pandas.index.tolist() == [7, 9]
    assert pandas["score[1]"].tolist() == expected
    arrow = package.predict(Arrow(frame))
    assert isinstance(arrow, Arrow)
    assert pl.DataFrame(arrow).equals(found)


def test_missing_values_of_a_frame_are_nulls_and_unseen_words_are_said(package: my.Package) -> None:
    given = pd.DataFrame({"dep_delay": [2.0, 1.0], "distance": [100, 200], "carrier": ["UA", math.nan]})
    assert package.predict(given)["warnings"].isna().all()
    assert package.predict(pl.DataFrame(ROWS))["warnings"].to_list() == [None, None, "carrier: unseen 'ZZ'"]
    assert package.predict(pl.DataFrame(ROWS).drop("carrier"))["warnings"][0] == "carrier: missing"


def test_times_of_a_frame_are_read_in_the_zone_of_the_contract(package: my.Package) -> None:
    with_time = pl.DataFrame(ROWS[:1]).with_columns(at=pl.lit(datetime(2013, 1, 1, 5)))
    assert package.predict(with_time)["warnings"][0] is None
    zoned = with_time.with_columns(pl.col("at").dt.replace_time_zone("America/New_York"))
    assert package.predict(zoned)["warnings"][0] is None


def test_no_rows_give_no_answers(package: my.Package) -> None:
    assert package.predict([]) == []
    assert package.predict(pl.DataFrame(ROWS).clear()).height == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"distance": None}, "'distance' is null"),
        ({"distance": "733"}, "'distance' must be a number, not \"733\""),
        ({"dep_delay": math.inf}, "'dep_delay' is inf"),
        ({"carrier": 5}, "'carrier' must be a string, not 5"),
    ],
)
def test_a_wrong_value_names_row_and_column_in_dicts_and_frames(
    package: my.Package, change: dict[str, object], said: str
) -> None:
    (column,) = change
    for rows in ([ROW, {**ROW, **change}], pl.DataFrame([{**ROW, **change}] * 2)):
        with pytest.raises(BadRows) as caught:
            package.predict(rows)
        assert said in caught.value.found
        assert caught.value.where == f"row {1 if isinstance(rows, list) else 0}, {column}"


def test_rows_are_counted_through_all_parts(package: my.Package) -> None:
    with pytest.raises(BadRows) as caught:
        package.predict([ROW] * 12_000 + [{"distance": "x"}])
    assert caught.value.where.startswith("row 12000")


def test_times_and_numpy_numbers_in_dicts_are_taken_as_they_are_meant(package: my.Package) -> None:
    zoned = datetime(2013, 1, 1, 5, tzinfo=ZoneInfo("America/New_York"))
    expected = package.predict(ROWS[:1])
    for more in (
        {"at": zoned},
        {"at": datetime(2013, 1, 1)},
        {"distance": np.int32(733)},
        {"dep_delay": np.float64(3.5)},
    ):
        assert package.predict([{**ROWS[0], **more}]) == expected


def test_what_pandas_calls_a_column_changes_nothing(package: my.Package) -> None:
    given = pd.DataFrame(ROWS[:2])
    expected = package.predict(given)
    for other in (given.convert_dtypes(), given.astype({"carrier": "category", "distance": "int16"}),
                  given.astype({"carrier": object}), given.assign(extra=[[1], [2]])):  # fmt: skip
        assert package.predict(other).equals(expected)
    with pytest.raises(NotRows, match="has no name but a int"):
        package.predict(given.rename(columns={"extra": "x", "carrier": 3}))


@pytest.mark.parametrize("rows", [3, "abc", [1, 2], {"a": 1}, np.zeros((2, 2)), pd.Series([1.0])])
def test_what_is_no_table_is_refused(package: my.Package, rows: object) -> None:
    with pytest.raises(NotRows):
        package.predict(rows)


def test_importing_the_library_imports_nothing() -> None:
    code = "import sys, modelyard; print(sorted(m for m in sys.modules if m.startswith('modelyard') or m == 'numpy'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['modelyard']"
