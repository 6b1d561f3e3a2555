"""Each record of the log is in the lake exactly once, whatever is killed when."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "store"))

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence

import pytest
from logged_rows import HOUR, PACKAGE, label, prediction, segment

from modelyard.loop.forget import forget, keep
from modelyard.loop.logged import Prediction
from modelyard.loop.ship import Shipped, ship
from modelyard.store import shipping as books
from modelyard.store.lake import Lake
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.segments import read_segment, recover
from modelyard.store.versions import register


@pytest.fixture
def metadata(metadata_url: str) -> Iterator[Metadata]:
    with Metadata(metadata_url) as opened:
        yield opened


@pytest.fixture(autouse=True)
def registered(metadata: Metadata) -> None:
    with metadata.begin() as sql:
        register(sql, "late", PACKAGE, created=1)


def ids(store: Store, name: str = "predictions") -> list[str]:
    found: list[str] = Lake(store.lake).scan(name).collect()["id"].to_list()
    return sorted(found)


def count_rows(package: str, hour: int, rows: Sequence[Prediction], before: bytes | None) -> bytes:
    return b"%d" % (len(rows) + int(before or b"0"))


def test_the_first_record_of_an_id_wins_retries_are_counted_and_others_kept(store: Store, metadata: Metadata) -> None:
    segment(store.segments, 1, prediction("a", 1.0), prediction("b", 2.0), prediction("a", 1.0))
    segment(store.segments, 2, prediction("a", 1.0), prediction("b", 3.0))
    assert ship(store, metadata) == Shipped(predictions=2, retries=2, conflicts=1, batches=1)
    rows = Lake(store.lake).scan("predictions").sort("id").collect()
    assert rows["row"].to_list() == ['{"x":1.0}', '{"x":2.0}']
    assert rows["model"].to_list() == ["late", "late"]
    with metadata.begin() as sql:
        (kept,) = books.troubles(sql, books.OTHER_ROW)
        assert (kept.id, kept.document) == ("b", '{"x":3.0}')
        assert books.seen(sql, ["a"])["late", "a"].retries == 2
    assert ship(store, metadata) == Shipped()


def test_labels_are_joined_repeated_corrected_and_wait_for_their_predictions(store: Store, metadata: Metadata) -> None:
    segment(store.segments, 1, prediction("a"), label("a", 20.0), label("later", 5.0), label("a", 20.0))
    assert ship(store, metadata) == Shipped(predictions=1, labels=1, retries=1, unknown=1, batches=1)
    segment(store.segments, 2, label("a", 10.0, received=10 * HOUR), prediction("later", event=2 * HOUR))
    assert ship(store, metadata) == Shipped(predictions=1, labels=2, batches=1)
    assert ids(store, "labels") == ["a", "a", "later"]
    joined = Lake(store.lake).labelled().sort("id").collect()
    assert joined["values"].to_list() == ['{"delay":10.0}', '{"delay":5.0}']
    with metadata.begin() as sql:
        assert books.troubles(sql) == []


def test_hours_are_counted_once_and_in_event_time(store: Store, metadata: Metadata) -> None:
    segment(store.segments, 1, prediction("a", event=HOUR + 1), prediction("b", event=3 * HOUR), prediction("a"))
    ship(store, metadata, count_rows)
    segment(store.segments, 2, prediction("c", event=2 * HOUR - 1))
    ship(store, metadata, count_rows)
    with metadata.begin() as sql:
        assert books.hour_counts(sql, PACKAGE) == {HOUR: b"2", 3 * HOUR: b"1"}
        assert books.latest_event(sql, "late") == 3 * HOUR


def test_a_crash_between_lake_and_books_ships_the_same_batch_again_and_once(store: Store, metadata: Metadata) -> None:
    segment(store.segments, 1, prediction("a"), label("a", 1.0), prediction("b"))

    def crash(*_: object) -> bytes:
        raise RuntimeError("killed after the lake, before the books")

    with pytest.raises(RuntimeError):
        ship(store, metadata, crash)
    assert ids(store) == ["a", "b"]
    segment(store.segments, 2, prediction("c"))
    assert ship(store, metadata, count_rows) == Shipped(predictions=3, labels=1, batches=2)
    assert ids(store) == ["a", "b", "c"]
    assert ids(store, "labels") == ["a"]
    with metadata.begin() as sql:
        assert books.hour_counts(sql, PACKAGE) == {HOUR: b"3"}


SHIPPER = """
import sys
from pathlib import Path
from modelyard.loop.ship import ship
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
store = Store(Path(sys.argv[1]))
with Metadata(sys.argv[2]) as metadata:
    ship(store, metadata, lambda p, h, rows, before: b"%d" % (len(rows) + int(before or b"0")))
"""


def test_a_shipper_killed_at_any_moment_loses_and_doubles_nothing(
    store: Store, metadata: Metadata, metadata_url: str
) -> None:
    sent = 0
    for round_ in range(8):
        segment(store.segments, round_, *(prediction(f"r{sent + n}", event=HOUR) for n in range(200)))
        sent += 200
        process = subprocess.Popen([sys.executable, "-c", SHIPPER, str(store.root), metadata_url])
        deadline = time.monotonic() + 0.35 + 0.08 * round_
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
    ship(store, metadata, count_rows)
    assert ids(store) == sorted(f"r{n}" for n in range(sent))
    with metadata.begin() as sql:
        assert books.hour_counts(sql, PACKAGE) == {HOUR: b"%d" % sent}


def test_damaged_and_torn_lines_cost_only_themselves(store: Store, metadata: Metadata) -> None:
    path = segment(store.segments, 1, *(prediction(name) for name in "abc"))
    raw = bytearray(path.read_bytes())
    middle = [line.start for line in read_segment(path)][1]
    raw[middle + 30] ^= 1
    path.write_bytes(bytes(raw) + prediction("torn")[:40])
    found = recover(store.segments)
    assert (found.torn, found.bytes_cut, found.damaged) == (1, 40, ((path.name, middle),))
    assert ship(store, metadata) == Shipped(predictions=2, damaged=1, batches=1)
    assert ids(store) == ["a", "c"]


def test_forgetting_an_id_leaves_no_trace_of_it_on_the_disk(store: Store, metadata: Metadata) -> None:
    secret = "someone@example.org"
    segment(store.segments, 1, prediction("a"), prediction(secret), label(secret, 3.0))
    ship(store, metadata)
    path = segment(store.segments, 2, prediction(secret, 9.0))
    size = path.stat().st_size
    assert forget(store, metadata, [secret]) == 3
    assert path.stat().st_size == size
    assert ids(store) == ["a"]
    ship(store, metadata)
    assert ids(store) == ["a"]
    found = [p for p in store.root.rglob("*") if p.is_file() and secret.encode() in p.read_bytes()]
    assert found == []
    assert len(list((store.lake / "predictions").glob("*.parquet"))) == 1


def test_old_rows_and_shipped_segments_go_and_others_stay(store: Store, metadata: Metadata) -> None:
    segment(store.segments, 1, prediction("old", event=HOUR), prediction("new", event=9 * HOUR))
    ship(store, metadata)
    unshipped = segment(store.segments, 2, prediction("next", event=10 * HOUR))
    assert keep(store, metadata, since=5 * HOUR) == 1
    assert list(store.segments.glob("*.log")) == [unshipped]
    assert ids(store) == ["new"]
    ship(store, metadata)
    assert ids(store) == ["new", "next"]
