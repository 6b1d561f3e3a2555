"""The metadata store keeps its promises on SQLite and on a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from modelyard.errors.store import AuditBroken, Conflict, NewerStore, UnknownVersion
from modelyard.store.audit import Head, note, verify
from modelyard.store.metadata import Metadata, set_setting, setting
from modelyard.store.place import Store
from modelyard.store.pointer import Pointer, read_pointer, set_pointer
from modelyard.store.records import end_run, read_records, read_runs, record, start_run, trigger
from modelyard.store.tables import audit
from modelyard.store.versions import champion, find, listed, point, promote, register, swap

DIGESTS = [f"{n:064x}" for n in range(10)]


def fill(metadata: Metadata, count: int) -> None:
    with metadata.begin() as sql:
        for place in range(count):
            register(sql, "late", DIGESTS[place], created=place)


def test_versions_are_numbered_and_the_same_package_is_one_version(metadata: Metadata) -> None:
    fill(metadata, 3)
    with metadata.begin() as sql:
        assert [v.version for v in listed(sql, "late")] == [1, 2, 3]
        assert register(sql, "late", DIGESTS[1], created=99).version == 2
        assert register(sql, "other", DIGESTS[1], created=1).version == 1
        assert find(sql, "late", version=7) is None


def test_of_eight_promotions_that_saw_the_same_revision_exactly_one_wins(metadata: Metadata, tmp_path: Path) -> None:
    fill(metadata, 8)
    store = Store(tmp_path / "yard").make()

    def go(version: int, seen: int) -> bool:
        try:
            promote(metadata, store, "late", version, seen, at=version, actor=f"trainer {version}")
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        for seen in range(10):
            won = list(pool.map(lambda version, seen=seen: go(version, seen), range(1, 9)))
            assert won.count(True) == 1, won
            with metadata.begin() as sql:
                found = champion(sql, "late")
                assert found is not None
                assert found[0].version == won.index(True) + 1
                assert found[1] == seen + 1
                assert verify(sql).seq == seen + 1
            assert read_pointer(store.pointer)["late"] == Pointer(seen + 1, found[0].digest, found[0].version)


def test_a_promotion_that_fails_leaves_neither_champion_nor_audit_row(metadata: Metadata) -> None:
    fill(metadata, 1)
    with pytest.raises(UnknownVersion), metadata.begin() as sql:
        swap(sql, "late", 5, 0, at=1, actor="a")
    with metadata.engine.connect() as sql:
        sql.begin()
        swap(sql, "late", 1, 0, at=1, actor="a")
    with metadata.begin() as sql:
        assert champion(sql, "late") is None
        assert verify(sql) == Head(0, "")


def test_a_pointer_that_a_crash_left_behind_is_made_right(metadata: Metadata, tmp_path: Path) -> None:
    fill(metadata, 2)
    store = Store(tmp_path / "yard").make()
    with metadata.begin() as sql:
        swap(sql, "late", 1, 0, at=1, actor="a")
    assert read_pointer(store.pointer) == {}
    point(metadata, store, "late")
    assert read_pointer(store.pointer) == {"late": Pointer(1, DIGESTS[0], 1)}
    set_pointer(store.pointer, "late", Pointer(5, DIGESTS[1]))
    point(metadata, store, "late")
    assert read_pointer(store.pointer)["late"].revision == 5


def test_the_audit_log_shows_edits_removals_and_cut_tails(metadata: Metadata) -> None:
    with metadata.begin() as sql:
        heads = [note(sql, at, "a person", "promote", {"to": at}) for at in range(5)]
        assert verify(sql, heads[2]) == heads[-1]
    changes = [
        update(audit).where(audit.c.seq == 3).values(actor="nobody"),
        delete(audit).where(audit.c.seq == 3),
        delete(audit).where(audit.c.seq == 5),
    ]
    for change in changes:
        with metadata.engine.connect() as sql:
            sql.begin()
            sql.execute(change)
            with pytest.raises(AuditBroken):
                verify(sql)
    with metadata.begin() as sql, pytest.raises(AuditBroken):
        verify(sql, Head(3, "0" * 64))


def test_two_that_see_the_same_reason_start_one_run(metadata: Metadata) -> None:
    def go(name: str) -> tuple[str, bool]:
        with metadata.begin() as sql:
            return trigger(sql, "drift 2013-05-01", "late", 1, name, {})

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(go, "abcd"))
    assert len({run for run, _ in answers}) == 1
    assert sum(new for _, new in answers) == 1


def test_a_record_with_a_key_is_made_once_and_others_as_often_as_they_happen(metadata: Metadata) -> None:
    with metadata.begin() as sql:
        first, new = record(sql, "decision", "late", 10, {"do": "retrain"}, key="w1")
        again, repeated = record(sql, "decision", "late", 11, {"do": "nothing"}, key="w1")
        assert (new, repeated, again) == (True, False, first)
        record(sql, "decision", "late", 12, {})
        record(sql, "decision", "late", 13, {})
        assert [one.at for one in read_records(sql, "decision", "late")] == [10, 12, 13]
        assert [one.at for one in read_records(sql, "decision", "late", since=12)] == [12, 13]


def test_runs_start_once_and_end(metadata: Metadata) -> None:
    with metadata.begin() as sql:
        start_run(sql, "r1", 1, {"why": "drift"})
        assert start_run(sql, "r1", 2, {}).started == 1
        end_run(sql, "r1", 3, "done", {"winner": "m"})
        assert [(run.status, run.ended) for run in read_runs(sql)] == [("done", 3)]


def test_a_store_of_a_newer_version_is_refused_and_an_old_one_opens_again(metadata_url: str) -> None:
    with Metadata(metadata_url) as first, first.begin() as sql:
        set_setting(sql, "kept", "yes")
    with Metadata(metadata_url) as again, again.begin() as sql:
        assert setting(sql, "kept") == "yes"
        set_setting(sql, "version", "999")
    with pytest.raises(NewerStore):
        Metadata(metadata_url)
