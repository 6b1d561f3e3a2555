"""Promotions and rollbacks by hand: on the record, proven first, undone one by one."""

from __future__ import annotations

import pytest
from stored_models import model

from modelyard.api.connection import Connection
from modelyard.api.registry import models, promote_version, roll_back
from modelyard.errors.loop import NoProposal, NothingToRollBack
from modelyard.errors.package import BadPackage
from modelyard.errors.store import UnknownVersion
from modelyard.loop.promote import promotions, propose
from modelyard.store.audit import entries
from modelyard.store.packages import add_package
from modelyard.store.pointer import read_pointer
from modelyard.store.versions import register


def test_the_list_says_which_one_serves(yard: Connection) -> None:
    assert [(v.name, v.version, v.champion) for v in models(yard)] == [("late", 1, True), ("late", 2, False)]
    with pytest.raises(UnknownVersion, match="no model 'lat'"):
        models(yard, "lat")


def test_a_promotion_reaches_the_pointer_and_the_audit_log_with_its_reason(yard: Connection) -> None:
    change = promote_version(yard, "late@2", "better on Mondays")
    assert (change.before, change.after, change.done) == (1, 2, True)
    assert read_pointer(yard.store.pointer)["late"].digest == change.digest
    with yard.metadata.begin() as sql:
        assert entries(sql)[-1].document["reason"] == "better on Mondays"


def test_a_dry_run_changes_nothing_and_the_champion_again_is_no_change(yard: Connection) -> None:
    assert promote_version(yard, "late@2", dry_run=True).done is False
    assert promote_version(yard, "late@1").done is False
    with yard.metadata.begin() as sql:
        assert len(entries(sql)) == 1


def test_a_name_alone_accepts_the_challenger_that_waits_and_nothing_else(yard: Connection) -> None:
    with pytest.raises(NoProposal) as caught:
        promote_version(yard, "late")
    assert "late@2 is the newest" in str(caught.value)
    with yard.metadata.begin() as sql:
        propose(sql, "late", 2, at=20_000_000, run="r1", revision=1, gate={"bound": 0.01}, reason="better")
    assert promote_version(yard, "late", dry_run=True).after == 2
    assert promote_version(yard, "late", "as proposed").after == 2
    with yard.metadata.begin() as sql:
        assert [made.version for made in promotions(sql, "late")] == [2]
    with pytest.raises(NoProposal):
        promote_version(yard, "late")


def test_what_cannot_be_served_is_not_promoted(yard: Connection) -> None:
    digest = models(yard)[1].digest
    (yard.store.package(digest) / "arrays.bin").write_bytes(b"damaged")
    with pytest.raises(BadPackage):
        promote_version(yard, "late@2")
    assert models(yard)[0].champion


def test_rolling_back_goes_one_further_each_time(yard: Connection) -> None:
    digest = add_package(yard.store, model(0.9, 3), yard.key())
    with yard.metadata.begin() as sql:
        register(sql, "late", digest, created=3)
    promote_version(yard, "late@2")
    promote_version(yard, "late@3")
    assert roll_back(yard, "late", dry_run=True).after == 2
    assert [roll_back(yard, "late", "too slow").after, roll_back(yard, "late").after] == [2, 1]
    with pytest.raises(NothingToRollBack, match="served before"):
        roll_back(yard, "late")
    assert promote_version(yard, "late@3").before == 1
    assert roll_back(yard, "late").after == 1


def test_a_pointer_that_cannot_be_read_is_written_anew_by_a_promotion(yard: Connection) -> None:
    yard.store.pointer.write_text("torn {")
    change = promote_version(yard, "late@2")
    assert read_pointer(yard.store.pointer)["late"].digest == change.digest
