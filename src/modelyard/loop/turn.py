"""One turn of the loop: ship → look → retrain if there is a reason → watch what was promoted.

Driven by event time: what is due is due at the watermark, so that a year can be replayed in minutes. A turn that was
killed is finished by the next: every part of it is done once, whatever was done before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from modelyard.errors import ModelyardError
from modelyard.errors.loop import RetrainFailed
from modelyard.errors.store import StoreInUse
from modelyard.loop.durable import Durable
from modelyard.loop.forget import keep
from modelyard.loop.policy import DAY, Policy
from modelyard.loop.promote import Promotion
from modelyard.loop.retrain import WORKFLOW, Outcome, Retraining
from modelyard.loop.ship import Shipped
from modelyard.loop.triggers import Fired, Now, fire
from modelyard.loop.verdict import Verdict
from modelyard.loop.watch import Watcher, standing
from modelyard.loop.watching import watch
from modelyard.loop.watermark import wall_clock, watermark
from modelyard.run.referred import collect as collect_rows
from modelyard.run.referred import pinned, under_way
from modelyard.store.metadata import set_setting, setting
from modelyard.store.packages import collect
from modelyard.store.records import end_run, read_runs, read_triggers, record, start_run
from modelyard.store.versions import Version, champion, listed

Clock = Callable[[], int]
"""What the time is on the wall, microseconds: only to leave out events of the future."""
LEFT = 86_400
"""Seconds after which a package that nobody registered is left over, and not about to be registered."""


class Turned(Struct, frozen=True, kw_only=True):
    """What one turn did. `at`: the watermark, microseconds of event time; None before the first row."""

    at: int | None
    shipped: Shipped
    verdicts: tuple[Verdict, ...] = ()
    fired: Fired | None = None
    outcomes: tuple[Outcome, ...] = ()
    """Of the retrainings that ended in this turn."""
    rolled_back: Promotion | None = None


class Loop:
    """One model's loop. `durable` is open and knows `retraining.workflow` under WORKFLOW; without a retraining the loop
    ships and looks. `keep`: how long rows are kept, microseconds."""

    def __init__(self, watcher: Watcher, retraining: Retraining | None = None, durable: Durable | None = None, *,
                 keep: int | None = None, clock: Clock = wall_clock) -> None:  # fmt: skip
        self.watcher, self.retraining, self.durable = watcher, retraining, durable
        self.store, self.metadata, self.model = watcher.store, watcher.metadata, watcher.watch.model
        self.clock, self._keep = clock, keep
        self._begun: set[str] = set()

    def turn(self, wait: bool = True) -> Turned:
        """`wait`: until a retraining that was started has ended; else a later turn tells how it ended."""
        shipped = self.watcher.ship()
        verdicts = tuple(self.watcher.look(self.clock()))
        outcomes = self._unfinished(wait)
        fired, at = None, self._watermark()
        if self.retraining is not None and not self._running():
            fired = self._fire(self.retraining.policy)
        if fired is not None:
            outcomes += self._unfinished(wait)
        back = self._watch()
        self._retain(at)
        return Turned(at=at, shipped=shipped, verdicts=verdicts, fired=fired, outcomes=outcomes, rolled_back=back)

    def now(self, sql: Connection, policy: Policy) -> Now | None:
        """What is decided on; None before the first promotion or the first row."""
        served = champion(sql, self.model)
        at = watermark(sql, self.model, self.clock())
        if served is None or at is None:
            return None
        stands = standing(sql, self.watcher.watch, served[0].digest)
        return Now(store=self.store, policy=policy, champion=served[0], revision=served[1], at=at, standing=stands)

    def _watermark(self) -> int | None:
        with self.metadata.begin() as sql:
            return watermark(sql, self.model, self.clock())

    def _fire(self, policy: Policy) -> Fired | None:
        with self.metadata.begin() as sql:
            now = self.now(sql, policy)
            return None if now is None else fire(sql, now)

    def _running(self) -> list[str]:
        """Runs that a trigger started and that have not ended, oldest first."""
        with self.metadata.begin() as sql:
            ended = {run.id for run in read_runs(sql) if run.ended is not None}
            return [one.run for one in read_triggers(sql, self.model) if one.run not in ended]

    def _unfinished(self, wait: bool) -> tuple[Outcome, ...]:
        """Begin, or go on with, what has not ended; the outcomes of what has ended now."""
        if self.durable is None:
            return ()
        open_, ended = self._running(), []
        for run in open_:
            self.durable.start(WORKFLOW, run)
        self._begun.update(open_)
        for run in sorted(self._begun):
            if wait or self.durable.status(run) in ("done", "failed"):
                ended.append(self._ended(self.durable, run))
                self._begun.discard(run)
        return tuple(ended)

    def _ended(self, durable: Durable, run: str) -> Outcome:
        """How it ended; one that could not even say so has failed."""
        try:
            return msgspec.convert(durable.wait(run), Outcome)
        except RetrainFailed as error:
            found = Outcome(run=run, status="failed", reason=error.found)
            with self.metadata.begin() as sql:
                at = next((one.at for one in read_triggers(sql, self.model) if one.run == run), 0)
                document = {"model": self.model, **msgspec.to_builtins(found)}
                start_run(sql, run, at, document)
                end_run(sql, run, at, "failed", document)
            return found

    def _watch(self) -> Promotion | None:
        if self.retraining is None:
            return None
        with self.metadata.begin() as sql:
            now = self.now(sql, self.retraining.policy)
        return None if now is None else watch(self.metadata, now, self.retraining.tell)

    def _retain(self, at: int | None) -> None:
        """Once an event day: rows past their time go, and packages and rows of sources that nothing refers to."""
        if at is None:
            return
        name, day = f"kept/{self.model}", str(at // DAY)
        with self.metadata.begin() as sql:
            if setting(sql, name) == day:
                return
            registered = listed(sql)
        if self._keep is not None:
            keep(self.store, self.metadata, at - self._keep)
        # Files are dated by the clock of this machine, whatever time the rows are of.
        if not self._running():
            collect(self.store, {version.digest for version in registered}, time.time() - LEFT)
            self._collect_rows(registered, at, day)
        with self.metadata.begin() as sql:
            set_setting(sql, name, day)

    def _collect_rows(self, registered: Sequence[Version], at: int, day: str) -> None:
        """What nobody refers to of the rows kept; where it cannot be told, all stays, which stands in the history."""
        try:
            with self.metadata.begin() as sql:
                going = under_way(sql)
            collect_rows(self.store, pinned(self.store, registered) | going)
        except StoreInUse:
            return
        except ModelyardError as error:
            with self.metadata.begin() as sql:
                said = {"summary": f"no rows kept were deleted: {error.found}"}
                record(sql, "kept", self.model, at, said, key=day)
