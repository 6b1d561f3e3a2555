"""What happened is found again: changes, verdicts, who served when, what became of a request."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from modelyard.api.connection import Connection
from modelyard.api.history import history, requests, served_at
from modelyard.api.registry import promote_version
from modelyard.errors.store import AuditBroken, UnknownVersion
from modelyard.loop.ship import ship
from modelyard.store.records import record
from modelyard.store.versions import listed

sys.path.insert(0, str(Path(__file__).parent.parent / "store"))

from logged_rows import HOUR, label, prediction, segment


def test_changes_and_records_stand_together_in_time(yard: Connection) -> None:
    with yard.metadata.begin() as sql:
        record(sql, "verdict", "late", 5_000_000, {"verdict": "drifted", "monitor": "drift"})
        record(sql, "verdict", "other", 6_000_000, {"verdict": "ok"})
    assert [(e.what, e.model, e.actor) for e in history(yard, "late")] == [
        ("verdict", "late", "loop"),
        ("promote", "late", "tester"),
    ]
    assert len(history(yard)) == 3


def test_who_served_when_is_read_from_the_audit_log(yard: Connection) -> None:
    change = promote_version(yard, "late@2")
    assert served_at(yard, 9_999_999) == []
    assert [s.version for s in served_at(yard, 10_000_000)] == [1]
    (now,) = served_at(yard, 2**60)
    assert (now.version, now.digest) == (2, change.digest)


def test_an_audit_log_that_was_edited_is_not_shown_as_history(yard: Connection) -> None:
    with yard.metadata.begin() as sql:
        sql.exec_driver_sql("UPDATE audit SET actor = 'nobody'")
    with pytest.raises(AuditBroken):
        history(yard)


def test_a_request_is_found_before_and_after_it_was_shipped(yard: Connection) -> None:
    with yard.metadata.begin() as sql:
        package = listed(sql, "late")[0].digest
    segment(yard.store.segments, 1, prediction("a", 3.0, package=package), prediction("b"), label("a", 20.0))
    for shipped in (False, True):
        (found,) = requests(yard, "a")
        assert (found.model, found.version, found.shipped) == ("late", 1, shipped)
        assert (found.row, found.prediction, found.event) == ({"x": 3.0}, True, HOUR)
        assert found.label == {"delay": 20.0}
        ship(yard.store, yard.metadata)
    with pytest.raises(UnknownVersion, match="no request 'zz'"):
        requests(yard, "zz")
