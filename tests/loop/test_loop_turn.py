"""Whole turns in event time: what is shipped is looked at, retrained from, gated, promoted and watched."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from small_trainer import COLUMNS, dull, trainer
from watched_store import DAY, START, Rows, send, serve, watched_model, yard

from modelyard.errors.loop import NotLeader
from modelyard.loop.durable import Durable
from modelyard.loop.leader import leader
from modelyard.loop.notice import Notice
from modelyard.loop.policy import Policy
from modelyard.loop.promote import promotions
from modelyard.loop.retrain import WORKFLOW, Job, Retraining, Trained
from modelyard.loop.run import run
from modelyard.loop.turn import Loop, Turned
from modelyard.loop.watch import Watch, Watcher
from modelyard.package.model import Model
from modelyard.schema.duration import Rate
from modelyard.store.metadata import Metadata
from modelyard.store.records import read_records
from modelyard.store.versions import champion


def day_by_day(
    folder: Path, model: Model, policy: Policy, watch: Watch, rows: list[Rows]
) -> tuple[list[Turned], list[Notice]]:
    store, told, turns = yard(folder), list[Notice](), []
    with Metadata(store.metadata_url) as metadata:
        digest = serve(store, metadata, model)
        work = Retraining(store=store, metadata=metadata, policy=policy, trainer=trainer(store), columns=COLUMNS,
                          tell=told.append)  # fmt: skip
        with Durable(store.root / "workflows.db", {WORKFLOW: work.workflow}) as durable:
            loop = Loop(Watcher(store, metadata, watch), work, durable, keep=60 * DAY)
            for number, part in enumerate(rows):
                send(store, metadata, part, model, digest, f"{number:03d}")
                turns.append(loop.turn())
        with metadata.begin() as sql:
            made, served = promotions(sql, "late"), champion(sql, "late")
        assert served is not None
        assert len(made) == served[1] - 1
    return turns, told


def test_a_bad_champion_is_replaced_once_and_the_better_one_stays(tmp_path: Path) -> None:
    policy = Policy(every=10 * DAY, window=6 * DAY, by_gate=True, rows="log", at_most=Rate(1, 7 * DAY))
    days = [Rows(2, START + 2 * k * DAY, seed=k) for k in range(13)]
    turns, told = day_by_day(tmp_path, dull(), policy, Watch(model="late"), days)
    outcomes = [one for turn in turns for one in turn.outcomes]
    assert [one.status for one in outcomes] == ["promoted", "refused"]
    assert [one.occasion for one in told] == ["promoted", "not_promoted"]
    assert [turn.at for turn in turns] == sorted(turn.at or 0 for turn in turns)
    assert all(turn.rolled_back is None for turn in turns)


def test_drift_retrains_and_a_challenger_that_is_no_better_is_refused(tmp_path: Path) -> None:
    model = watched_model(created=3)
    policy = Policy(verdicts={"drift": "drifted"}, window=6 * DAY, by_gate=True, rows="log", enough=1500)
    days = [Rows(3, START + 3 * k * DAY, seed=k, shift=0.0 if k < 2 else 0.7) for k in range(6)]
    turns, _ = day_by_day(tmp_path, model, policy, Watch(model="late", drift=("drift",)), days)
    assert {one.kind for turn in turns for one in turn.verdicts} == {"drifted"}
    fired = [turn.fired for turn in turns if turn.fired is not None]
    assert {one.cause.name for one in fired} == {"drift"}
    assert {one.status for turn in turns for one in turn.outcomes} == {"refused"}
    with Metadata(f"sqlite:///{tmp_path}/yard/meta.db") as metadata, metadata.begin() as sql:
        decisions = [one.document for one in read_records(sql, "decision", "late")]
        gates = [one.document["tried"] for one in read_records(sql, "gate", "late")]
    assert any(not one["retrain"] and "are needed" in one["reason"] for one in decisions)
    assert gates == list(range(1, len(fired) + 1))


def test_a_turn_need_not_wait_for_a_training(tmp_path: Path) -> None:
    store = yard(tmp_path)
    go = threading.Event()
    policy = Policy(every=10 * DAY, window=6 * DAY, by_gate=True, rows="log")
    with Metadata(store.metadata_url) as metadata:
        model = dull()
        digest = serve(store, metadata, model)

        def slow(job: Job) -> Trained:
            go.wait(20)
            return trainer(store)(job)

        work = Retraining(store=store, metadata=metadata, policy=policy, trainer=slow, columns=COLUMNS)
        with Durable(store.root / "workflows.db", {WORKFLOW: work.workflow}) as durable:
            loop = Loop(Watcher(store, metadata, Watch(model="late")), work, durable)
            send(store, metadata, Rows(14, START, seed=1), model, digest, "a")
            first = loop.turn(wait=False)
            assert (first.fired is not None, first.outcomes) == (True, ())
            assert loop.turn(wait=False).fired is None
            go.set()
            assert [one.status for one in loop.turn().outcomes] == ["promoted"]


def test_one_loop_per_store_and_turns_until_told_to_stop(tmp_path: Path) -> None:
    store, stop, seen = yard(tmp_path), threading.Event(), list[Turned]()
    with Metadata(store.metadata_url) as metadata:
        model = dull()
        serve(store, metadata, model)
        loop = Loop(Watcher(store, metadata, Watch(model="late")))

        def turned(turn: Turned) -> None:
            seen.append(turn)
            if len(seen) == 3:
                stop.set()

        with leader(store), pytest.raises(NotLeader, match=f"process {os.getpid()} runs"):
            run(loop, stop)
        assert run(loop, stop, pause=0.01, turned=turned) == 3
    assert seen[0].at is None


STAYING = """
import sys
from pathlib import Path
from modelyard.loop.run import run, stopped_by_signals
from modelyard.loop.turn import Loop
from modelyard.loop.watch import Watch, Watcher
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
store = Store(Path(sys.argv[1]))
with Metadata(store.metadata_url) as metadata, stopped_by_signals() as stop:
    loop = Loop(Watcher(store, metadata, Watch(model="late")))
    run(loop, stop, pause=60, turned=lambda turned: print("turned", flush=True))
print("stopped")
"""


def test_sigterm_ends_the_loop_between_turns(tmp_path: Path) -> None:
    store = yard(tmp_path)
    process = subprocess.Popen([sys.executable, "-c", STAYING, str(store.root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "turned\n"
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=20)[0] == "stopped\n"
    assert process.returncode == 0
