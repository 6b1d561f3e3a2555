"""What stands and what does not: verdicts of what serves, until a later window is quiet."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from msgspec import Struct

from modelyard.api.connection import Connection
from modelyard.api.registry import promote_version
from modelyard.api.status import status
from modelyard.errors.store import UnknownVersion
from modelyard.loop import drift, quality
from modelyard.loop.ship import ship
from modelyard.loop.verdict import Kind, Verdict, write
from modelyard.loop.watched import Watched
from modelyard.measure.drift import State
from modelyard.store.packages import open_package
from modelyard.store.versions import champion

sys.path.insert(0, str(Path(__file__).parent.parent / "store"))

from logged_rows import HOUR, prediction, segment

DAY = 24 * HOUR


def watched(yard: Connection) -> Watched:
    with yard.metadata.begin() as sql:
        serving = champion(sql, "late")
    assert serving is not None
    model = open_package(yard.store, serving[0].digest)
    return Watched(store=yard.store, metadata=yard.metadata, model=model, version=serving[0])


def say(yard: Connection, kind: Kind, day: int, source: str = "inputs") -> Verdict:
    verdict = watched(yard).verdict(kind, "drift", source, "carrier has drifted", {}, since=day * DAY,
                                    start=day * DAY, end=(day + 1) * DAY)  # fmt: skip
    with yard.metadata.begin() as sql:
        write(sql, verdict)
    return verdict


def keep(yard: Connection, progress: Struct) -> None:
    """What the monitor has come to."""
    one = watched(yard)
    with yard.metadata.begin() as sql:
        one.keep(sql, "drift", progress)


def test_nothing_said_is_green(yard: Connection) -> None:
    found = status(yard)
    assert (found.red, found.backlog, found.models[0].version, found.models[0].since) == (False, 0, 1, 10_000_000)
    with pytest.raises(UnknownVersion):
        status(yard, "lat")


def test_a_verdict_stands_until_its_monitor_finds_a_window_quiet(yard: Connection) -> None:
    say(yard, "drifted", 2)
    verdict = say(yard, "drifted", 3)
    assert status(yard).models[0].verdicts == (verdict,)
    keep(yard, drift.Progress(next=4, state=State(open=True)))
    assert status(yard).models[0].verdicts == (verdict,)
    keep(yard, drift.Progress(next=5, state=State(open=False)))
    assert not status(yard).red


def test_each_source_of_worse_stands_for_itself(yard: Connection) -> None:
    say(yard, "worse", 3, "realised roc_auc")
    last = say(yard, "worse", 3, "losses")
    keep(yard, quality.Progress(realised=4, estimated=4, losses=4, open=("losses",)))
    assert status(yard).models[0].verdicts == (last,)


def test_a_verdict_on_a_version_that_no_longer_serves_does_not_stand(yard: Connection) -> None:
    say(yard, "worse", 3)
    assert status(yard).red
    promote_version(yard, "late@2")
    assert not status(yard).red


def test_the_backlog_is_what_the_shipper_has_not_taken(yard: Connection) -> None:
    path = segment(yard.store.segments, 1, prediction("a"), prediction("b"))
    assert status(yard).backlog == path.stat().st_size
    ship(yard.store, yard.metadata)
    assert status(yard).backlog == 0
