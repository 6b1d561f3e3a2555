"""What starts a retraining, what holds it back, and that one reason starts one run."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from watched_store import DAY, START, Rows, program_model, send, serve, yard

from modelyard.loop.policy import Policy, policy
from modelyard.loop.triggers import Fired, Now, by_hand, fire
from modelyard.schema.duration import Rate
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.records import read_records, read_triggers, record
from modelyard.store.versions import champion

DRIFT = Policy(verdicts={"drift": "drifted", "quality": "worse"}, known_after=3 * DAY, window=7 * DAY)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """30 labelled days."""
    store = yard(tmp_path_factory.mktemp("triggers"))
    with Metadata(store.metadata_url) as metadata:
        model = program_model()
        send(store, metadata, Rows(30, START, seed=3), model, serve(store, metadata, model), "a")
    return store


@pytest.fixture
def at(made: Store, tmp_path: Path) -> Callable[..., Now]:
    """The same lake under fresh metadata."""
    (tmp_path / "meta.db").write_bytes(made.metadata.read_bytes())

    def now(day: float, policy: Policy = DRIFT) -> Now:
        with Metadata(f"sqlite:///{tmp_path}/meta.db") as metadata, metadata.begin() as sql:
            found = champion(sql, "late")
        assert found is not None
        return Now(store=made, policy=policy, champion=found[0], revision=found[1], at=START + int(day * DAY))

    return now


@pytest.fixture
def metadata(tmp_path: Path, at: object) -> Metadata:
    return Metadata(f"sqlite:///{tmp_path}/meta.db")


def say(metadata: Metadata, verdict: str, monitor: str, day: float) -> None:
    with metadata.begin() as sql:
        record(sql, "verdict", "late", START + int(day * DAY), {"verdict": verdict, "monitor": monitor})


def fired(metadata: Metadata, now: Now) -> Fired | None:
    with metadata.begin() as sql:
        return fire(sql, now)


def refusals(metadata: Metadata) -> list[str]:
    with metadata.begin() as sql:
        return [one.document["reason"] for one in read_records(sql, "decision", "late") if not one.document["retrain"]]


def test_nothing_happens_without_a_reason(metadata: Metadata, at: Callable[..., Now]) -> None:
    assert fired(metadata, at(20)) is None
    assert refusals(metadata) == []


def test_drift_retrains_once_enough_new_labels_are_mature(metadata: Metadata, at: Callable[..., Now]) -> None:
    say(metadata, "drifted", "drift", 8)
    assert fired(metadata, at(13)) is None
    assert refusals(metadata) == [
        "drifted: drift says drifted; not retrained: 0 new mature labels to learn from, 1,000 are needed"
    ]
    found = fired(metadata, at(20))
    assert found is not None
    assert found.new
    assert found.cause.name == "drift"
    with metadata.begin() as sql:
        (trigger,) = read_triggers(sql, "late")
    assert trigger.document["end"] == START + 17 * DAY
    assert trigger.document["start"] == START + 10 * DAY
    assert trigger.document["until"] == START + 7 * DAY
    assert fired(metadata, at(21.5)) is None


def test_worse_retrains_at_once_but_no_oftener_than_allowed(metadata: Metadata, at: Callable[..., Now]) -> None:
    often = Policy(verdicts={"quality": "worse"}, window=7 * DAY, at_most=Rate(1, 7 * DAY))
    say(metadata, "worse", "quality", 13)
    assert fired(metadata, at(14, often)) is not None
    say(metadata, "worse", "quality", 16)
    assert fired(metadata, at(17, often)) is None
    assert "as often as `at_most` allows" in refusals(metadata)[-1]
    again = fired(metadata, at(22, often))
    assert again is not None
    assert again.new


def test_a_broken_feed_blocks_until_a_whole_window_follows(metadata: Metadata, at: Callable[..., Now]) -> None:
    say(metadata, "worse", "quality", 19)
    say(metadata, "broken", "drift", 19)
    assert fired(metadata, at(20)) is None
    assert "drift says broken" in refusals(metadata)[-1]
    with metadata.begin() as sql:
        record(sql, "watched", "late", START + 21 * DAY, {"monitor": "drift"})
    assert fired(metadata, at(21)) is not None


def test_the_calendar_and_new_labels_start_it_too(metadata: Metadata, at: Callable[..., Now]) -> None:
    monthly = Policy(every=14 * DAY, window=7 * DAY, at_most=Rate(9, DAY))
    assert fired(metadata, at(13, monthly)) is None
    found = fired(metadata, at(15, monthly))
    assert found is not None
    assert found.cause.reason == "14 days since the last training"
    many = Policy(new_labels=1500, window=7 * DAY, at_most=Rate(9, DAY))
    assert fired(metadata, at(16, many)) is None
    found = fired(metadata, at(20, many))
    assert found is not None
    assert found.cause.name == "new_labels"


def test_too_few_days_that_neither_saw_are_waited_for(metadata: Metadata, at: Callable[..., Now]) -> None:
    assert fired(metadata, at(6, Policy(every=DAY, known_after=3 * DAY))) is None
    assert refusals(metadata) == [
        "1 days since the last training; not retrained: 2 labelled days that neither model saw, 5 are needed"
    ]


def test_two_triggers_at_once_are_one_run(metadata: Metadata, at: Callable[..., Now]) -> None:
    say(metadata, "drifted", "drift", 19)
    say(metadata, "worse", "quality", 19)
    now, found, gate = at(20), [], threading.Barrier(6)

    def race() -> None:
        gate.wait()
        found.append(fired(metadata, now))

    threads = [threading.Thread(target=race) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.run for one in found if one is not None}) == 1
    assert sum(one is not None and one.new for one in found) == 1
    with metadata.begin() as sql:
        assert len(read_triggers(sql, "late")) == 1
        assert by_hand(sql, now, "a new carrier").run != found[0]


def test_the_policy_is_read_as_the_file_writes_it() -> None:
    when = {"any": {"drift": "drifted", "new_labels": 500}, "rows": {"from": "log", "keep_last": "365d"},
            "at_most": "1 per 7d", "promote": "by_gate"}  # fmt: skip
    made = policy(when, {"gate": {"better_than": "baseline", "confidence": 0.9}, "watch": "3d"}, metric="roc_auc")
    assert made == Policy(
        verdicts={"drift": "drifted"}, new_labels=500, at_most=Rate(1, 7 * DAY), rows="log", keep_last=365 * DAY,
        by_gate=True, better_than="baseline", confidence=0.9, watch=3 * DAY, metric="roc_auc",
    )  # fmt: skip


def test_a_refusal_is_written_once_for_as_long_as_it_is_the_same(metadata: Metadata, at: Callable[..., Now]) -> None:
    say(metadata, "drifted", "drift", 8)
    for day in (12, 13, 14):
        assert fired(metadata, at(day)) is None
    assert len(refusals(metadata)) == 1
    say(metadata, "broken", "drift", 14)
    say(metadata, "worse", "quality", 14)
    assert fired(metadata, at(18)) is None
    assert "drift says broken" in refusals(metadata)[1]
