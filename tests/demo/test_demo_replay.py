"""The replay against a real server process on a real store: counts, resume, swaps and kills."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from demo_store import flights_of, logged, promote
from msgspec import json as msgjson

from modelyard.demo.client import Answer, Ask, Client
from modelyard.demo.progress import Progress, Serving, load, merge, save
from modelyard.demo.replay import replay
from modelyard.demo.traffic import LATE, Day, Flight, Hour, days
from modelyard.errors.serving import ServerGone
from modelyard.serve.child import Server
from modelyard.store.place import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / ".modelyard").make()


@pytest.fixture(scope="module")
def april() -> list[Day]:
    return days(5)


def test_each_departed_flight_is_asked_about_once_and_its_truth_comes_three_days_later(april):
    asked = {f.id: (h.starts, f) for d in april for h in d.hours for f in h.flights}
    told = {f.id: h.starts for d in april for h in d.hours for f in h.truths}
    assert len(april) == 5
    assert len(asked) == len(flights_of(*april)) == 4891
    assert sum(day.cancelled for day in april) == 20
    assert all(starts <= f.departs < starts + timedelta(hours=1) for starts, f in asked.values())
    assert all(told[name] == asked[name][0] + LATE for name in told)
    last = april[-1].hours[-1].starts - LATE
    assert set(told) == {name for name, (starts, f) in asked.items() if starts <= last and f.delay is not None}
    assert all(b"arr_delay" not in f.body for _, f in asked.values())


def test_days_are_days_in_new_york(april):
    assert [day.day.day for day in april] == [1, 2, 3, 4, 5]
    assert april[0].end.isoformat() == "2013-04-02T04:00:00+00:00"


def test_every_flight_is_acknowledged_and_logged_once(store, april):
    digest = promote(store, 0.1, 1)
    progress, kept = Progress(), []
    with Server(store, port=0) as server, Client(server.host, server.port) as client:
        for day in april[:4]:
            progress.hours = 0
            replay(client, "late", day, progress, lambda: kept.append(1))
    flown = flights_of(*april[:4])
    tally = progress.tally
    assert (tally.sent, tally.failed, tally.acknowledged) == (len(flown), 0, len(flown))
    assert logged(store, "prediction") == Counter(flight.id for flight in flown)
    arrived = [f for d in april[:4] for h in d.hours for f in h.truths]
    assert tally.labels == len(arrived) == logged(store, "label").total() > 800
    assert len(kept) == sum(len(day.hours) for day in april[:4])
    assert tally.serving[digest].rows == len(flown)
    assert 0 < tally.p99 < 1000


def test_an_hour_cut_short_is_sent_again_and_the_log_knows_the_flights_by_their_ids(store, april, tmp_path):
    promote(store, 0.1, 1)
    place, progress = tmp_path / "progress.json", Progress()

    def stop_at_six() -> None:
        save(place, progress)
        if progress.hours == 6:
            raise KeyboardInterrupt

    with Server(store, port=0) as server, Client(server.host, server.port) as client:
        with pytest.raises(KeyboardInterrupt):
            replay(client, "late", april[0], progress, stop_at_six)
        half = april[0].hours[6].flights[:20]
        client.send([Ask("/v1/models/late/predict", flight.body) for flight in half], lambda ask, answer: None)
    again = load(place)
    assert again.hours == 6
    with Server(store, port=0) as server, Client(server.host, server.port) as client:
        replay(client, "late", april[0], again, lambda: save(place, again))
    assert again.tally.acknowledged == len(flights_of(april[0]))
    assert set(logged(store, "prediction")) == {flight.id for flight in flights_of(april[0])}


def test_a_swap_under_traffic_fails_no_request(store, april):
    first = promote(store, 0.1, 1)
    progress, promoted = Progress(), []

    def swap() -> None:
        if progress.hours == 3:
            promoted.append(promote(store, -0.1, 2))

    with Server(store, port=0) as server, Client(server.host, server.port) as client:
        for day in april[:3]:
            progress.hours = 0
            replay(client, "late", day, progress, swap if day is april[0] else lambda: None)
            time.sleep(0.2)
    assert progress.tally.failed == 0
    assert set(progress.tally.serving) == {first, *promoted}
    assert progress.tally.serving[first].first < progress.tally.serving[promoted[0]].first


def test_a_server_that_is_gone_is_said_so_not_waited_for(store):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    heard: list[Answer] = []
    with Client("127.0.0.1", port, tries=2) as client, pytest.raises(ServerGone):
        client.send([Ask("/v1/models/late/predict", b"{}")], lambda ask, answer: heard.append(answer))
    assert [answer.status for answer in heard] == [0, 0]


def test_a_row_that_the_server_refuses_is_counted_and_not_tried_again(store, april):
    promote(store, 0.1, 1)
    wrong = Flight(id="x", departs=april[0].hours[0].starts, body=b'{"id":"x"}', delay=None)
    day, progress = Day(april[0].day, (Hour(april[0].hours[0].starts, (wrong,)),), 0), Progress()
    with Server(store, port=0) as server, Client(server.host, server.port) as client:
        replay(client, "late", day, progress, lambda: None)
    assert (progress.tally.sent, progress.tally.failed, progress.tally.acknowledged) == (1, 1, 0)


def test_the_server_that_is_killed_is_found_by_the_next_attempts(store, april):
    promote(store, 0.1, 1)
    progress = Progress()
    with Server(store, port=0) as server, Client(server.host, server.port, tries=3) as client:
        replay(client, "late", Day(april[0].day, april[0].hours[:2], 0), progress, lambda: None)
        os.kill(server.pid, signal.SIGKILL)
        with pytest.raises(ServerGone):
            replay(client, "late", april[0], progress, lambda: None)
    assert progress.hours == 2


def test_a_server_ends_with_the_demo_that_started_it_even_when_that_is_killed(store):
    promote(store, 0.1, 1)
    code = (
        "import sys, time; from pathlib import Path; from modelyard.serve.child import Server;"
        "from modelyard.store.place import Store\n"
        "with Server(Store(Path(sys.argv[1])), port=0) as s: print(s.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(store.root)], stdout=subprocess.PIPE, text=True)
    with parent:
        server = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 15
    while _runs(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(server)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_a_server_that_cannot_start_says_why(store):
    promote(store, 0.1, 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServerGone, match=f"port {port} on 127.0.0.1 is in use"), Server(store, port=port):
            pass


def test_progress_that_cannot_be_read_is_a_new_beginning(tmp_path):
    place = tmp_path / "progress.json"
    assert load(place) == Progress()
    place.write_bytes(b'{"finished": [')
    assert load(place) == Progress()
    save(place, Progress(hours=3))
    assert load(place).hours == 3
    assert msgjson.decode(place.read_bytes())["hours"] == 3


def test_versions_that_answered_are_counted_over_days():
    known: dict[str, Serving] = {}
    merge(known, "a", Serving(1, "a", 1, 5, "2013-04-02", "2013-04-03"))
    merge(known, "a", Serving(1, "a", 1, 2, "2013-04-01", "2013-04-02"))
    assert known["a"] == Serving(1, "a", 1, 7, "2013-04-01", "2013-04-03")
