"""The whole demo as a person gives it, on fewer rows and candidates: killed again and again, it ends the same."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import polars as pl
import pytest
from sqlalchemy import func, select

from modelyard.demo.ending import lines
from modelyard.demo.flights import departures
from modelyard.demo.project import FILE
from modelyard.demo.traffic import days
from modelyard.errors.loop import NotLeader
from modelyard.loop.leader import leader
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.tables import rows_seen

COMMAND = [sys.executable, "-c", "import typer; from modelyard.cli.demo import command; typer.run(command)"]
DAYS = 24
RETRAINED = (9, 16, 23)
"""The days after whose traffic the calendar asks for a retraining; the third is the first with live rows to learn."""


def small(folder: Path) -> Path:
    """One candidate, two folds, a thirtieth of the rows, and their delays at departure are those of other flights: a
    first version that any honest challenger beats. What the file says is a person's own."""
    folder.mkdir()
    start, end = FILE.index("      - {use: model.random_forest"), FILE.index("    split:")
    text = (FILE[:start] + FILE[end:]).replace("folds: 5", "folds: 2")
    causes = "{drift: drifted, quality: worse, every: 30d}"
    assert causes in text
    (folder / "modelyard.yaml").write_text(text.replace(causes, "{every: 7d}"))
    rows = departures(1, 3).gather_every(30)
    rows = rows.with_columns(
        pl.col("dep_delay").drop_nulls().shuffle(1).sample(len(rows), with_replacement=True, seed=1)
    )
    rows.write_csv(folder / "flights.csv", datetime_format="%Y-%m-%dT%H:%M:%SZ")
    return folder


def demo(folder: Path, *more: str) -> subprocess.Popen[str]:
    given = [*COMMAND, "--folder", str(folder), "--once", "--days", str(DAYS), "--port", "0", "--json", *more]
    return subprocess.Popen(given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def flights(count: int) -> int:
    return sum(day.flights for day in days(count))


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> tuple[Path, dict, str]:
    """A demo that was stopped by Ctrl-C once and killed four times before it could end: in the run, in an hour, and
    while it retrained."""
    folder = small(tmp_path_factory.mktemp("story") / "flights-demo")
    place, errors = folder / ".modelyard" / "demo.json", ""
    retraining = [(flights(RETRAINED[0]), 0.3), (flights(RETRAINED[2]), 0.5), (flights(RETRAINED[2]), 1.5)]
    for wanted, more in [(-1, 2.0), (1_200, 0.0), *retraining]:
        process = demo(folder)
        deadline = time.monotonic() + 120
        while process.poll() is None and _sent(place) < wanted and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(more)
        by = signal.SIGINT if wanted == 1_200 else signal.SIGKILL
        process.send_signal(by)
        errors += process.communicate(timeout=60)[1]
        assert process.returncode == (130 if by == signal.SIGINT else -by), errors
    process = demo(folder)
    said, talk = process.communicate(timeout=120)
    assert process.returncode == 0, talk
    return folder, json.loads(said), talk


def _sent(place: Path) -> int:
    try:
        found = json.loads(place.read_bytes())
    except (OSError, ValueError):
        return -1
    return sum(entry["requests"] for entry in found["finished"]) + found["tally"]["sent"]


def test_however_often_it_was_killed_each_flight_is_acknowledged_and_in_the_lake_once(told):
    folder, found, _ = told
    assert found["sent"] - found["failed"] == found["acknowledged"] == found["logged"] == flights(DAYS)
    assert found["failed"] == 0
    assert found["labels_joined"] == found["labels_sent"] > 15_000
    assert [entry["day"] for entry in found["days"]] == [f"2013-04-{day:02d}" for day in range(1, DAYS + 1)]
    with Metadata(Store(folder / ".modelyard").metadata_url) as metadata, metadata.begin() as sql:
        assert sql.execute(select(func.sum(rows_seen.c.retries))).scalar_one() > 0, "some were sent twice"


def test_one_retraining_per_trigger_one_version_each_and_one_promotion_by_the_gate(told):
    _, found, _ = told
    fired = [one for one in found["decisions"] if one["retrain"]]
    assert [one["at"][:10] for one in fired] == [f"2013-04-{day + 1:02d}" for day in RETRAINED]
    assert [one["outcome"]["status"] for one in fired] == ["refused", "refused", "promoted"]
    assert all(one["reason"] for one in found["decisions"])
    assert len(found["gates"]) == 3
    (made,) = found["promotions"]
    assert (made["version"], made["instead_of"], made["gates_tried"]) == (4, 1, 3)
    assert made["before"] < made["after"]
    assert 0 < made["bound"] < made["gain"]
    assert made["rows"] > 10_000


def test_the_new_version_serves_from_the_next_day_on_without_a_failed_request(told):
    _, found, _ = told
    assert [one["version"] for one in found["versions"]] == [1, 4]
    assert sum(one["answers"] for one in found["versions"]) == flights(DAYS)
    last = found["days"][-1]
    assert (last["failures"], last["version"]) in ((0, "1>4"), (0, "4"))
    assert found["days"][-2]["version"] == "1"


def test_the_document_of_the_run_is_whole(told):
    _, found, _ = told
    assert found["package"]["version"] == 1
    assert found["parity"]["labels_different"] == 0
    assert {one["name"] for one in found["candidates"]} == {"baseline", "logistic_regression"}
    assert all(len(one["folds"]) == 2 for one in found["candidates"])


def test_a_day_shows_what_is_known_by_then(told):
    _, found, _ = told
    first, last = found["days"][0], found["days"][-1]
    assert first["realised_roc_auc"] is None
    assert 0.4 < last["realised_roc_auc"] < 0.8
    assert last["realised_day"] == "2013-04-21"
    assert 0.7 < last["estimated_roc_auc"] < 1
    assert 0 < last["p99_ms"] < 1000
    assert found["days"][22]["notes"]


def test_it_says_that_it_goes_on_and_ends_with_commands_that_work(told):
    folder, found, talk = told
    assert "Going on after 2013-04-2" in talk
    shown = [line.strip().split("  ")[0] for line in lines(found, folder) if line.strip().startswith("modelyard ")]
    assert len(shown) == 5
    for command in shown:
        if command.split()[1] == "check":
            continue
        main = [sys.executable, "-c", "from modelyard.cli import main; main()", *command.split()[1:]]
        ran = subprocess.run(main, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, (command, ran.stderr)
        assert ran.stdout


def test_the_same_command_after_the_end_sends_nothing_more(told):
    folder, found, _ = told
    said, _ = demo(folder).communicate(timeout=120)
    again = json.loads(said)
    assert again["days"] == found["days"]
    assert again["logged"] == found["logged"]


def test_two_demos_in_one_folder_are_refused(told):
    folder, _, _ = told
    with leader(Store(folder / ".modelyard")):
        refused = demo(folder)
        _, talk = refused.communicate(timeout=60)
    assert refused.returncode != 0
    assert NotLeader.__name__ in talk


def test_the_rows_of_the_replay_are_none_of_those_that_were_learned_from():
    learned, replayed = (
        departures(1, 3),
        {flight.id for day in days(2) for hour in day.hours for flight in hour.flights},
    )
    assert learned.filter(pl.col("id").is_in(replayed)).is_empty()


def test_without_once_it_stays_up_and_says_where_until_ctrl_c(told):
    folder, _, _ = told
    given = [*COMMAND, "--folder", str(folder), "--days", str(DAYS), "--port", "0"]
    process = subprocess.Popen(given, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    with process:
        line = next(line for line in process.stderr if line.startswith("Still serving: "))
        with httpx.Client(trust_env=False) as client:
            assert client.get(line.split()[2].rstrip(".")).json()["version"] == 4
        process.send_signal(signal.SIGINT)
        assert "Stopped." in process.stderr.read()
    assert process.returncode == 130
