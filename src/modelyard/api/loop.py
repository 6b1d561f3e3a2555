"""A project's loop, put together as its file asks: shipping, monitors, retraining, notices, retention."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import Struct

from modelyard.api.connection import Connection
from modelyard.api.deployed import SERVICE, deploy
from modelyard.api.held import as_served, held, known
from modelyard.api.project import Project
from modelyard.errors.data import NoRows
from modelyard.errors.loop import NoProposal, NotLeader
from modelyard.loop.batch import BatchRun, run_batches
from modelyard.loop.durable import Durable
from modelyard.loop.leader import leader
from modelyard.loop.notify import Message, Notifier
from modelyard.loop.policy import Policy, read_policy
from modelyard.loop.retrain import WORKFLOW, Job, Outcome, Retraining
from modelyard.loop.training import project_reader, project_trainer, source_columns
from modelyard.loop.triggers import Fired, by_hand
from modelyard.loop.turn import Loop, Turned
from modelyard.loop.watch import Watch, Watcher
from modelyard.project.plan import Plan
from modelyard.run.data import start_over
from modelyard.run.kept import Kept
from modelyard.schema.duration import microseconds


class Looped:
    """The loop of one project. `turned` is to be called after each turn: it tells who is to be told, and runs the
    batches that are due."""

    def __init__(self, plan: Plan, yard: Connection, loop: Loop, notifier: Notifier) -> None:
        self.plan, self.yard, self.loop, self._notifier = plan, yard, loop, notifier

    def turned(self, done: Turned) -> list[BatchRun]:
        """The batches that ran. They are due by the clock: a project that only predicts in batches has no traffic that
        would move event time."""
        for verdict in done.verdicts:
            self._notifier.tell(Message.of(verdict))
        return run_batches(self.plan, self.yard.store, self.yard.metadata, time.time_ns() // 1000)


@contextmanager
def looped(project: Project, yard: Connection, cores: int | None = None) -> Iterator[Looped]:
    """Ready to take turns; what nobody was told of yet is told first."""
    plan = as_served(project, yard)
    deploy(plan, yard.store)
    store, metadata = yard.store, yard.metadata
    watcher, policy = Watcher(store, metadata, Watch.of(plan)), read_policy(plan)
    with Notifier(metadata, plan.project.notify) as notifier:
        notifier.catch_up(plan.project.name)
        if policy is None:
            yield Looped(plan, yard, Loop(watcher, keep=_keep(plan)), notifier)
            return

        def planned(job: Job) -> Plan:
            return held(project, known(project, yard, job.champion))

        work = Retraining(
            store=store,
            metadata=metadata,
            policy=policy,
            trainer=project_trainer(planned, store, cores or os.cpu_count() or 1),
            reader=project_reader(planned, store),
            columns=None if policy.rows == "source" else source_columns(plan),
            zone=plan.context.zone,
            tell=notifier.notice,
        )
        with Durable(store.workflows, {WORKFLOW: work.workflow}) as durable:
            yield Looped(plan, yard, Loop(watcher, work, durable, keep=_keep(plan)), notifier)


def _keep(plan: Plan) -> int:
    """How long rows are kept: `deploy.service: {log: {keep}}`, else its default."""
    node = next((node for node in plan.live if node.kind == SERVICE), None)
    asked: dict[str, Any] = msgspec.to_builtins(node.step) if node is not None else {}
    return microseconds(str(asked.get("log", {}).get("keep", "180d")))


class Retrained(Struct, frozen=True, kw_only=True):
    """`outcome`: None where a loop that already runs does the work, or nothing was to be changed."""

    run: str
    reason: str
    outcome: Outcome | None = None
    waiting: bool = False


def retrain(
    project: Project, yard: Connection, reason: str, cores: int | None = None, *, reread: bool = False
) -> Retrained:
    """Train a challenger now, whatever the limits of `retrain.when` say, and gate it as any other. Where the loop runs
    already, it does the work at its next turn. `reread`: sources with a cursor from the start. Raises NoProposal
    without a `retrain.when`, NoRows before the first request was shipped."""
    plan = as_served(project, yard)
    policy = read_policy(plan)
    if policy is None:
        way_out = "Write a `retrain.when` under `live:`; it says what a challenger must beat"
        raise NoProposal("the file does not say how to retrain", who="retrain", way_out=way_out)
    watcher = Watcher(yard.store, yard.metadata, Watch.of(plan))
    if reread:
        start_over(plan, Kept(yard.store))
    try:
        with leader(yard.store):
            watcher.ship()
            fired = _fired(watcher, policy, reason)
            with looped(project, yard, cores) as ready:
                done = ready.loop.turn()
                ready.turned(done)
    except NotLeader:
        return Retrained(run=_fired(watcher, policy, reason).run, reason=reason, waiting=True)
    ended = next((one for one in done.outcomes if one.run == fired.run), None)
    return Retrained(run=fired.run, reason=reason, outcome=ended)


def _fired(watcher: Watcher, policy: Policy, reason: str) -> Fired:
    with watcher.metadata.begin() as sql:
        now = Loop(watcher).now(sql, policy)
        if now is None:
            way_out = "Run the project and serve it first; to learn from the file's rows alone: modelyard run"
            raise NoRows(f"no request to {watcher.watch.model} is on record", who="retrain", way_out=way_out)
        return by_hand(sql, now, reason)
