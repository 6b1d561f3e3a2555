"""What the loop does after each day of traffic, and the few words of it that the table shows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from modelyard.api.connection import Connection
from modelyard.api.project import Project
from modelyard.loop.durable import Durable
from modelyard.loop.policy import read_policy
from modelyard.loop.retrain import WORKFLOW, Retraining
from modelyard.loop.training import project_trainer, source_columns
from modelyard.loop.turn import Loop
from modelyard.loop.turn import Turned as Turn
from modelyard.loop.watch import Standing, Watch, Watcher, standing

CALM = "ok"


class Turned(Struct, frozen=True):
    """`verdict`: what the monitors say of the one that serves, news or not. `notes`: what is new."""

    verdict: str
    notes: tuple[str, ...] = ()


class Turning:
    """One loop over one project, made by `turning`."""

    def __init__(self, yard: Connection, loop: Loop) -> None:
        self._yard, self._loop = yard, loop

    def turn(self) -> Turned:
        """Ship, look, retrain where there is a reason, watch what was promoted; after a crash again to the same end."""
        done = self._loop.turn(wait=True)
        return Turned(self._standing(), tuple(notes(done)))

    def _standing(self) -> str:
        watcher = self._loop.watcher
        watched = watcher.champion()
        if watched is None:
            return ""
        with self._yard.metadata.begin() as sql:
            return words(standing(sql, watcher.watch, watched.digest))


@contextmanager
def turning(project: Project, yard: Connection, cores: int | None = None) -> Iterator[Turning]:
    """The loop as the file asks for it; without a `retrain.when` it ships and looks."""
    plan = project.plan()
    watcher, policy = Watcher(yard.store, yard.metadata, Watch.of(plan)), read_policy(plan)
    if policy is None:
        yield Turning(yard, Loop(watcher))
        return
    work = Retraining(
        store=yard.store,
        metadata=yard.metadata,
        policy=policy,
        trainer=project_trainer(plan, yard.store, cores or os.cpu_count() or 1),
        columns=source_columns(plan),
        zone=plan.context.zone,
    )
    with Durable(yard.store.root / "workflows.db", {WORKFLOW: work.workflow}) as durable:
        yield Turning(yard, Loop(watcher, work, durable))


def notes(done: Turn) -> Iterator[str]:
    """News in words: verdicts, why something was learned anew and how that ended, what came back."""
    for verdict in done.verdicts:
        yield f"{verdict.kind}: {verdict.summary}"
    if done.fired is not None:
        yield f"retrained because {done.fired.cause.name} says so: {done.fired.cause.reason}"
    for outcome in done.outcomes:
        version = "" if outcome.version is None else f" version {outcome.version}"
        yield f"{outcome.status}{version}: {outcome.reason}"
    if done.rolled_back is not None:
        yield f"rolled back to version {done.rolled_back.version}: {done.rolled_back.reason}"


def words(now: Standing) -> str:
    """
    >>> words(Standing()), words(Standing(drifted=("drift",), worse={"quality": ("losses",)}))
    ('ok', 'drifted, worse')
    """
    said = [word for word in ("broken", "drifted", "worse") if getattr(now, word)]
    return ", ".join(said) or CALM
