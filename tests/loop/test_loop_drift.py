"""Streams through the real log, shipper and books: alarms at the promised rate, the right word for what happened."""

import contextlib
from typing import Any

import pytest
from msgspec.structs import replace
from watched_store import DAY, PER_DAY, START, Rows, send, serve, watched_model

from modelyard.loop import drift
from modelyard.loop.drift import late, watch_drift
from modelyard.loop.verdict import Verdict, verdicts
from modelyard.loop.watched import WINDOW, Watched
from modelyard.package.model import Model
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.records import read_records
from modelyard.store.versions import champion


@pytest.fixture(scope="module")
def model() -> Model:
    return watched_model()


def watched(store: Store, metadata: Metadata, model: Model) -> Watched:
    with metadata.begin() as sql:
        found = champion(sql, model.name)
    assert found is not None
    return Watched(store=store, metadata=metadata, model=model, version=found[0])


def kinds(found: list[Verdict]) -> list[str]:
    return [one.kind for one in found]


def test_a_null_stream_of_ninety_days_raises_about_one_alarm_per_ninety(
    store: Store, metadata: Metadata, model: Model
) -> None:
    alarms = 0
    for seed in range(2):
        again = replace(model, created=seed + 2)
        digest = serve(store, metadata, again)
        start = START + seed * 100 * DAY
        send(store, metadata, Rows(90, start, 100 + seed), again, digest, f"n{seed}", labels=False)
        found = watch_drift(watched(store, metadata, again), "drift", start + 90 * DAY)
        assert set(kinds(found)) <= {"drifted"}
        alarms += len(found)
    assert alarms <= 4, "180 windows at one per 90: more than four has a chance of 5 %"
    with metadata.begin() as sql:
        windows = read_records(sql, WINDOW, "late")
    assert len(windows) == 180
    assert all(one.document["rows"] == PER_DAY for one in windows)


def test_a_shifted_column_is_drifted_with_its_effect_and_a_null_flood_is_broken(
    store: Store, metadata: Metadata, model: Model
) -> None:
    digest = serve(store, metadata, model)
    send(store, metadata, Rows(10, START, 1), model, digest, "a", labels=False)
    send(store, metadata, Rows(2, START + 10 * DAY, 2, nulls=0.6), model, digest, "b", labels=False)
    send(store, metadata, Rows(4, START + 12 * DAY, 3, shift=0.7), model, digest, "c", labels=False)
    watching = watched(store, metadata, model)
    found = watch_drift(watching, "drift", START + 16 * DAY)
    assert kinds(found) == ["broken", "drifted"]
    flood, shift = found
    assert (flood.start, flood.since, flood.package, flood.version) == (START + 10 * DAY, START + 10 * DAY, digest, 1)
    assert flood.evidence["columns"][0]["reason"] == "nulls"
    assert "delay (null in 58%" in flood.summary
    assert shift.start == START + 12 * DAY
    column = shift.evidence["columns"][0]
    assert (column["column"], column["check"]) == ("delay", "location")
    assert 0.5 < column["effect"]["shift"] < 0.9
    assert 0.1 < shift.evidence["smallest_shift"]["delay"] < 0.5
    assert (shift.look, shift.act) == ("modelyard status late", "modelyard retrain")
    with metadata.begin() as sql:
        assert verdicts(sql, "late") == found
    assert watch_drift(watching, "drift", START + 16 * DAY) == []


def test_a_column_that_no_row_has_is_missing_and_the_end_of_the_flood_closes_it(
    store: Store, metadata: Metadata, model: Model
) -> None:
    digest = serve(store, metadata, model)
    for k, nulls in enumerate((0.0, 0.6, 0.6, 0.0, 0.6)):
        send(store, metadata, Rows(1, START + k * DAY, 10 + k, nulls=nulls), model, digest, str(k), labels=False)
    found = watch_drift(watched(store, metadata, model), "drift", START + 5 * DAY)
    assert [(one.kind, (one.start - START) // DAY) for one in found] == [("broken", 1), ("broken", 4)]


def test_only_complete_windows_are_looked_at_and_each_once(store: Store, metadata: Metadata, model: Model) -> None:
    digest = serve(store, metadata, model)
    send(store, metadata, Rows(3, START, 1), model, digest, "a", labels=False)
    watching = watched(store, metadata, model)
    watch_drift(watching, "drift", START + 3 * DAY - 1)
    with metadata.begin() as sql:
        assert [one.at for one in read_records(sql, WINDOW, "late")] == [START + DAY, START + 2 * DAY]
        assert late(sql, watching, "drift") == 0
    send(store, metadata, Rows(1, START + DAY, 2), model, digest, "b", labels=False)
    watch_drift(watching, "drift", START + 3 * DAY)
    with metadata.begin() as sql:
        assert [one.at for one in read_records(sql, WINDOW, "late")][2:] == [START + 3 * DAY]
        assert late(sql, watching, "drift") == PER_DAY


def test_the_parts_of_a_day_before_and_after_a_promotion_are_not_compared(
    store: Store, metadata: Metadata, model: Model
) -> None:
    digest, rows = serve(store, metadata, model), Rows(3, START - DAY // 2, 1)
    send(store, metadata, rows, model, digest, "a", labels=False)
    again = replace(model, created=5)
    later = serve(store, metadata, again)
    send(store, metadata, Rows(2, START + 5 * DAY // 2, 2), again, later, "b", labels=False)
    watch_drift(watched(store, metadata, again), "drift", START + 4 * DAY)
    old = Watched(store=store, metadata=metadata, model=model,
                  version=replace(watched(store, metadata, again).version, version=1, digest=digest))  # fmt: skip
    watch_drift(old, "drift", START + 4 * DAY)
    with metadata.begin() as sql:
        whole = {(r.document["version"], (r.at - START) // DAY): r.document["whole"] for r in
                 read_records(sql, WINDOW, "late")}  # fmt: skip
    assert whole == {(1, 0): False, (1, 1): True, (1, 2): True, (1, 3): False, (2, 3): False, (2, 4): True}


def test_a_look_killed_in_the_middle_goes_on_to_the_same_verdicts(
    store: Store, metadata: Metadata, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = serve(store, metadata, model)
    send(store, metadata, Rows(4, START, 1), model, digest, "a", labels=False)
    send(store, metadata, Rows(3, START + 4 * DAY, 3, shift=0.7), model, digest, "b", labels=False)
    watching, tries, calls = watched(store, metadata, model), 0, 0
    original = Watched.keep

    def dies_every_third_time(*arguments: Any) -> None:
        nonlocal calls
        original(*arguments)
        calls += 1
        if calls % 3 == 0:
            raise KeyboardInterrupt

    monkeypatch.setattr(Watched, "keep", dies_every_third_time)
    done = False
    while not done:
        tries += 1
        with contextlib.suppress(KeyboardInterrupt):
            watch_drift(watching, "drift", START + 7 * DAY)
            done = True
    assert tries == 4
    with metadata.begin() as sql:
        found = verdicts(sql, "late")
        assert [(one.kind, one.start) for one in found] == [("drifted", START + 4 * DAY)]
        assert len(read_records(sql, WINDOW, "late")) == 7
    assert drift.SHOWN >= len(found[0].evidence["columns"]) >= 1
