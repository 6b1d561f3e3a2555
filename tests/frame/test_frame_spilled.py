"""A table larger than memory has room for: on disk, the same rows, and gone when nobody reads it any more."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from pathlib import Path

import msgspec
import polars as pl

from flights import flights
from modelyard.errors.data import RuleBroken
from modelyard.frame import spilled
from modelyard.frame.spilled import Gathering, in_parts, parts
from modelyard.step.context import Context
from modelyard.steps.check.rules import Rules
from modelyard.steps.table.sample import Sample
from small_memory import CHILD

FRAME = pl.DataFrame({"n": range(1000), "word": [f"word {n % 7}" for n in range(1000)]})


def spread(folder: Path, frame: pl.DataFrame = FRAME, most: int = 0) -> pl.LazyFrame:
    table = Gathering(folder, most)
    for part in frame.iter_slices(100):
        table.add(part)
    return table.lazy()


def test_what_is_on_disk_is_what_was_given_as_often_as_it_is_read(tmp_path: Path) -> None:
    table = spread(tmp_path)
    assert in_parts(table)
    assert table.collect().equals(FRAME)
    assert table.filter(pl.col("n") % 3 == 0).select("word").collect().equals(FRAME[::3].select("word"))
    assert table.head(250).collect().equals(FRAME[:250])
    assert table.join(table, on="n", maintain_order="left").collect().height == 1000
    assert pl.concat(list(parts(table))).equals(FRAME)
    assert not in_parts(spread(tmp_path, most=2**20))


def test_the_files_go_with_the_last_reader_and_those_of_a_dead_process_with_the_next(tmp_path: Path) -> None:
    place = tmp_path / spilled.PLACE
    (place / "999999999-dead").mkdir(parents=True)
    table = spread(tmp_path).filter(pl.col("n") > 1)
    assert len(list(place.iterdir())) == 1
    del table
    gc.collect()
    assert list(place.iterdir()) == []


def test_rules_and_samples_say_of_parts_what_they_say_of_the_whole(tmp_path: Path) -> None:
    said: list[str] = []
    asked = {"use": "check.rules", "columns": {"n": {"max": 899, "else": "quarantine"}}}
    rules = msgspec.convert({**asked, "table": [{"rule": "key", "columns": ["n"]}]}, Rules)
    sample = Sample(share=0.5)
    ctx = Context(folder=tmp_path, tell=said.append)
    drawn = [sample.run(ctx, rules.run(ctx, table)).collect() for table in (FRAME.lazy(), spread(tmp_path))]
    assert drawn[0].equals(drawn[1])
    assert 400 < drawn[0].height < 500
    assert said[0] == said[1] == "100 rows, first: n is 900.0: above 899.0 (quarantine)"
    stop = msgspec.convert({"use": "check.rules", "columns": {"n": {"max": 499}}}, Rules)
    told = []
    for table in (FRAME.lazy(), spread(tmp_path)):
        try:
            stop.run(ctx, table)
        except RuleBroken as error:
            told.append(str(error))
    assert len(told) == 2
    assert told[0] == told[1]
    assert "row 501" in told[0]


def test_a_file_of_which_memory_holds_a_part_is_read_filtered_checked_and_sampled(tmp_path: Path) -> None:
    flights_ = flights()
    with open(tmp_path / "flights.csv", "wb") as file:
        for time in range(9):
            flights_.write_csv(file, null_value="NA", include_header=not time)
    cap = 512 * 2**20
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), str(cap)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout)
    far = flights_.filter(pl.col("distance") > 100)
    late = far.filter(pl.col("dep_delay") > 600).height
    assert said["checked"] == 9 * far.height
    assert said["out"] == 9 * late
    assert 0.015 < said["rows"] / (9 * (far.height - late)) < 0.025
    assert said["peak"] < cap
