"""A retraining is one version and at most one promotion, whatever is killed when."""

import importlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from dbos import DBOS
from small_trainer import COLUMNS, dull, trainer
from sqlalchemy import Connection, Engine, Pool, event
from watched_store import DAY, START, Rows, program_model, send, serve, yard

from modelyard.errors.loop import NoProposal, NothingToRollBack, NotLeader, RetrainFailed
from modelyard.errors.store import Conflict
from modelyard.loop.answers import blank_answers
from modelyard.loop.durable import Durable, step
from modelyard.loop.forget import forget
from modelyard.loop.notice import Notice
from modelyard.loop.policy import Policy
from modelyard.loop.promote import accept, promote, promotions
from modelyard.loop.retrain import WORKFLOW, Job, Outcome, Retraining, Trained
from modelyard.loop.rollback import previous, rollback
from modelyard.loop.triggers import Now, by_hand
from modelyard.loop.watching import watch
from modelyard.package.keys import PrivateKey
from modelyard.package.model import Model
from modelyard.store.audit import verify
from modelyard.store.metadata import Metadata
from modelyard.store.packages import add_package
from modelyard.store.place import Store
from modelyard.store.pointer import read_pointer
from modelyard.store.records import read_records, read_runs
from modelyard.store.versions import champion, listed, register

POLICY = Policy(window=7 * DAY, known_after=3 * DAY, by_gate=True, rows="log", metric="roc_auc")


def filled(folder: Path, model: Model, days: int = 24, url: str = "") -> Store:
    """A store whose champion is that model, with labelled live rows; its metadata there, else in the store."""
    store = yard(folder)
    with Metadata(url or store.metadata_url) as metadata:
        send(store, metadata, Rows(days, START, seed=3), model, serve(store, metadata, model), "a")
    return store


def now(store: Store, metadata: Metadata, day: int, policy: Policy = POLICY) -> Now:
    with metadata.begin() as sql:
        found = champion(sql, "late")
    assert found is not None
    return Now(store=store, policy=policy, champion=found[0], revision=found[1], at=START + day * DAY)


def triggered(store: Store, metadata: Metadata, day: int = 24, policy: Policy = POLICY) -> str:
    at = now(store, metadata, day, policy)
    with metadata.begin() as sql:
        return by_hand(sql, at, "a test").run


def retrained(store: Store, metadata: Metadata, train: Callable[[Job], Trained] | None = None,
              policy: Policy = POLICY, told: list[Notice] | None = None) -> Outcome:  # fmt: skip
    run = triggered(store, metadata, policy=policy)
    work = Retraining(store=store, metadata=metadata, policy=policy, trainer=train or trainer(store), columns=COLUMNS,
                      tell=(told if told is not None else []).append)  # fmt: skip
    with Durable(store.root / "workflows.db", {WORKFLOW: work.workflow}) as durable:
        durable.start(WORKFLOW, run)
        durable.start(WORKFLOW, run)
        found = durable.wait(run)
        assert durable.status(run) == "done"
        assert durable.status("another") == "unknown"
    return Outcome(**found)


def test_a_better_challenger_is_registered_gated_promoted_and_told(tmp_path: Path, metadata_url: str) -> None:
    store, told = filled(tmp_path, dull(), url=metadata_url), list[Notice]()
    with Metadata(metadata_url) as metadata:
        found = retrained(store, metadata, told=told)
        assert (found.status, found.version) == ("promoted", 2)
        assert "better than the champion" in found.reason
        with metadata.begin() as sql:
            (made,) = promotions(sql, "late")
            served = champion(sql, "late")
            (run,) = read_runs(sql)
            assert verify(sql).seq == 2
        assert served is not None
        assert (served[0].version, served[1]) == (2, 2)
        assert made.gate["before"] < made.gate["after"]
        assert (made.gate["tried"], made.gate["days"]) == (1, 7)
        assert (made.replaced, made.actor, made.run) == (1, "gate", run.id)
        assert run.status == "promoted"
        assert read_pointer(store.pointer)["late"].digest == served[0].digest
        assert [one.occasion for one in told] == ["promoted"]
    with sqlite3.connect(store.root / "workflows.db") as kept:
        tables = ("workflow_status", "operation_outputs")
        formats = {row[0] for table in tables for row in kept.execute(f"SELECT serialization FROM {table}")}
    assert formats == {"modelyard_json"}
    assert list(store.training.iterdir()) == []


def test_an_equal_challenger_is_refused_and_a_trainer_that_fails_changes_nothing(tmp_path: Path) -> None:
    store, told = filled(tmp_path, program_model()), list[Notice]()

    def same(job: Job) -> Trained:
        return Trained(digest=add_package(store, program_model(created=job.at), PrivateKey.ensure(store.keys)))

    def broken(job: Job) -> Trained:
        raise MemoryError("no room for the trees")

    with Metadata(store.metadata_url) as metadata:
        found = retrained(store, metadata, same, told=told)
        assert found.status == "refused"
        assert "not significantly better" in found.reason
        found = retrained(store, metadata, broken, told=told)
        assert (found.status, found.reason) == ("failed", "train: no room for the trees")
        with metadata.begin() as sql:
            assert promotions(sql, "late") == []
            assert sorted(run.status for run in read_runs(sql)) == ["failed", "refused"]
    assert [one.occasion for one in told] == ["not_promoted", "retrain_failed"]


def test_a_run_that_cannot_even_say_how_it_ended_fails_with_a_sentence(tmp_path: Path) -> None:
    def workflow(run: str) -> object:
        raise OSError(f"the disk of {run} is gone")

    with Durable(tmp_path / "workflows.db", {"w": workflow}) as durable:
        durable.start("w", "r1")
        with pytest.raises(NotLeader), Durable(tmp_path / "workflows.db", {}):
            pass
        with pytest.raises(RetrainFailed, match="the disk of r1 is gone"):
            durable.wait("r1")
        assert durable.status("r1") == "failed"


def test_what_a_step_answered_names_nobody_who_was_forgotten(tmp_path: Path) -> None:
    """Also while the loop has the file open."""
    database = tmp_path / "workflows.db"

    def workflow(run: str) -> object:
        step("train", lambda: {"failed": "train: 3 rows, first: id is 'someone': not written like c.*"})
        return {"reason": "first: id is 'someone': not written like c.*", "run": run}

    with Durable(database, {"w": workflow}) as durable:
        durable.start("w", "r1")
        durable.wait("r1")
        assert b"someone" in b"".join(path.read_bytes() for path in tmp_path.glob("workflows.db*"))
        assert blank_answers(database, ["someone"]) >= 2
        assert durable.wait("r1") == {"reason": "first: id is '(forgotten)': not written like c.*", "run": "r1"}
        durable.start("w", "r2")
        assert durable.wait("r2")["run"] == "r2", "it goes on"
        blank_answers(database, ["someone"])
        assert b"someone" not in b"".join(path.read_bytes() for path in tmp_path.glob("workflows.db*"))
    assert blank_answers(tmp_path / "none.db", ["someone"]) == 0


def test_rows_gathered_for_a_training_are_forgotten_too(tmp_path: Path) -> None:
    store = filled(tmp_path, program_model(), days=8)
    with Metadata(store.metadata_url) as metadata:
        run = triggered(store, metadata, day=8, policy=Policy(rows="log", window=2 * DAY))
        work = Retraining(store=store, metadata=metadata, policy=POLICY, trainer=trainer(store), columns=COLUMNS)
        job = work.gather(run)
        assert work.gather(run) == job
        assert pl.read_parquet(str(job.rows)).height == 6 * 300
        forget(store, metadata, ["3-0"])
        assert list(store.training.iterdir()) == []
        work.gather(run)
        assert pl.read_parquet(str(job.rows)).height == 6 * 300 - 1


def test_a_person_accepts_a_proposal_rolls_it_back_and_cannot_accept_a_stale_one(tmp_path: Path) -> None:
    store = filled(tmp_path, dull())
    with Metadata(store.metadata_url) as metadata:
        with pytest.raises(NoProposal):
            accept(metadata, store, "late", at=START, actor="ann")
        found = retrained(store, metadata, policy=Policy(window=7 * DAY, rows="log"))
        assert found.status == "proposed"
        assert read_pointer(store.pointer)["late"].revision == 1
        made = accept(metadata, store, "late", at=START + 25 * DAY, actor="ann")
        assert (made.version, made.replaced, made.actor, made.revision) == (2, 1, "ann", 2)
        with pytest.raises(NoProposal):
            accept(metadata, store, "late", at=START, actor="ann")
        back = rollback(metadata, store, "late", at=START + 26 * DAY, actor="ann", reason="complaints")
        assert (back.version, back.revision) == (1, 3)
        with pytest.raises(Conflict):
            accept(metadata, store, "late", at=START, actor="ann")
        with metadata.begin() as sql:
            assert previous(sql, "late") is None
        with pytest.raises(NothingToRollBack):
            rollback(metadata, store, "late", at=START, actor="ann", reason="again")


def test_a_version_that_turns_out_worse_goes_back_by_itself_and_a_better_one_stays(tmp_path: Path) -> None:
    store, told = filled(tmp_path, program_model()), list[Notice]()
    with Metadata(store.metadata_url) as metadata:
        worse = add_package(store, dull(created=5), PrivateKey.ensure(store.keys))
        with metadata.begin() as sql:
            version = register(sql, "late", worse, created=5)
        promote(metadata, store, "late", version.version, at=START, actor="ann")
        assert watch(metadata, now(store, metadata, 6), told.append) is None

        def unreachable(notice: Notice) -> None:
            raise OSError("nobody listens")

        with pytest.raises(OSError, match="nobody listens"):
            watch(metadata, now(store, metadata, 9), unreachable)
        with metadata.begin() as sql:
            back = promotions(sql, "late")[-1]
        assert watch(metadata, now(store, metadata, 9), told.append) is None
        assert (back.version, back.revision, back.actor) == (1, 3, "watch")
        assert back.gate["after"] > back.gate["before"]
        assert [one.occasion for one in told] == ["rolled_back"]
        assert watch(metadata, now(store, metadata, 10), told.append) is None
    store = filled(tmp_path / "b", dull())
    with Metadata(store.metadata_url) as metadata:
        good = add_package(store, program_model(created=5), PrivateKey.ensure(store.keys))
        with metadata.begin() as sql:
            version = register(sql, "late", good, created=5)
        promote(metadata, store, "late", version.version, at=START, actor="ann")
        for day in range(4, 20):
            assert watch(metadata, now(store, metadata, day), told.append) is None
        with metadata.begin() as sql:
            looks = read_records(sql, "watch", "late")
            assert len(looks) == 10
            assert not any(one.document["passed"] for one in looks)


def die_at_write(kill: str) -> None:
    """Kill this process when a run writes something: just `after` its first transaction is committed, or just `before`
    its second is."""
    written: dict[int, int] = {}
    writes = []

    def commit(connection: Connection) -> None:
        database = connection.connection.dbapi_connection
        assert isinstance(database, sqlite3.Connection)
        before, written[id(database)] = written.get(id(database), 0), database.total_changes
        if database.total_changes > before and DBOS.workflow_id is not None:
            writes.append(database.total_changes)
            if kill == "before" and len(writes) == 2:
                os.kill(os.getpid(), signal.SIGKILL)

    def checkin(*_: object) -> None:
        if writes and kill == "after":
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "commit", commit)
    event.listen(Pool, "checkin", checkin)


def child(store: Store, run: str, kill: str) -> None:
    """In a process of its own: go on with that run, and die."""
    die_at_write(kill)
    with Metadata(store.metadata_url) as metadata:
        work = Retraining(store=store, metadata=metadata, policy=POLICY, trainer=trainer(store), columns=COLUMNS)
        with Durable(store.root / "workflows.db", {WORKFLOW: work.workflow}) as durable:
            durable.start(WORKFLOW, run)
            durable.wait(run)


def forked(action: Callable[[], object]) -> int:
    """In a fork of this process, which has imported everything and used nothing that has threads."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            action()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def killed_at_every_write(folder: Path, kill: str) -> None:
    """One run, killed at each transaction that it writes, and begun again each time."""
    for library in ("sklearn.ensemble", "polars", "deltalake", "lightgbm"):
        importlib.import_module(library)
    store = Store(folder / "yard")
    assert forked(lambda: filled(folder, dull())) == 0
    with Metadata(store.metadata_url) as metadata:
        run = triggered(store, metadata)
    died = 0
    while (code := forked(partial(child, store, run, kill))) != 0:
        assert code == -signal.SIGKILL
        died += 1
    with Metadata(store.metadata_url) as metadata, metadata.begin() as sql:
        (made,) = promotions(sql, "late")
        assert [one.version for one in listed(sql, "late")] == [1, 2]
        assert len(read_records(sql, "gate", "late")) == 1
        assert len(read_records(sql, "notice", "late")) == 1
        assert [one.status for one in read_runs(sql)] == ["promoted"]
        assert verify(sql).seq == 2
        assert read_pointer(store.pointer)["late"].digest == made.digest
    sys.stdout.write(f"{died} killed\n")


def killed_both_ways(folder: Path) -> int:
    """Two runs side by side, each in a store of its own: most of the time passes in waiting for recovery. How many
    kills that were."""
    setting = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    both = [
        subprocess.Popen([sys.executable, __file__, str(folder / kill), kill], env=setting, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for kill in ("before", "after")
    ]  # fmt: skip
    said = [process.communicate(timeout=200) for process in both]
    assert [stderr for _, stderr in said] == ["", ""]
    assert [process.returncode for process in both] == [0, 0]
    return sum(int(stdout.split()[0]) for stdout, _ in said)


def test_a_trainer_killed_at_every_step_makes_one_version_and_one_promotion(tmp_path: Path) -> None:
    """MODELYARD_KILLS asks for more than the 20 and a few that one round makes."""
    asked, died = int(os.environ.get("MODELYARD_KILLS", "20")), killed_both_ways(tmp_path / "0")
    assert died >= 20
    while died < asked:
        died += killed_both_ways(tmp_path / f"{died}")


if __name__ == "__main__":
    killed_at_every_write(Path(sys.argv[1]), sys.argv[2])
