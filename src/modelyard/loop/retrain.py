"""A retraining, durable: rows → train → register → gate → promote or propose or not → tell.

Each step's answer is kept (durable.py), and each step done again changes nothing: rows are gathered to the same file,
the same package is the same version, gate and promotion are records with the run as their key. The training itself is
handed in. What goes wrong ends the run with a sentence, and the model that served goes on serving.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from modelyard.errors import ModelyardError
from modelyard.errors.data import SchemaChanged
from modelyard.errors.loop import RetrainFailed
from modelyard.errors.store import Conflict
from modelyard.loop.durable import Plain, step
from modelyard.loop.gate import Gate, Side, gate
from modelyard.loop.judging import live_rows
from modelyard.loop.notice import Notice, Occasion, Tell, say, silent
from modelyard.loop.policy import Origin, Policy
from modelyard.loop.promote import promote, propose
from modelyard.loop.rows import gathered
from modelyard.loop.triggers import Started
from modelyard.run.referred import GATHERED
from modelyard.schema.schema import Schema
from modelyard.store.metadata import Metadata
from modelyard.store.packages import open_package
from modelyard.store.place import Store
from modelyard.store.records import end_run, find_record, find_trigger, read_records, record, start_run
from modelyard.store.versions import register

WORKFLOW = "modelyard.retrain"


class Job(Struct, frozen=True, kw_only=True):
    """What to train. Times in microseconds of event time; the same run is the same job, however often it is begun."""

    run: str
    model: str
    champion: str
    """Digest of the package that served when the run was triggered: the challenger is of its kind."""
    at: int
    """When it was triggered."""
    until: int
    """No row whose event is at or after this may be learned from."""
    start: int
    end: int
    """Rows in [start, end) will judge."""
    origin: Origin = "both"
    since: int | None = None
    """`keep_last`: no row older than this."""
    rows: str | None = None
    """Parquet file of labelled rows of the log in the columns of the source; None where the source alone teaches."""
    sources: dict[str, str] | None = None
    """Of each source with a cursor the reading that teaches, however long the training takes to begin; None in runs
    that were begun before that was kept."""


class Trained(Struct, frozen=True, kw_only=True):
    """`digest`: of the package, which is in the store's blobs already (`store.packages.add_package`)."""

    digest: str


class Outcome(Struct, frozen=True, kw_only=True):
    run: str
    status: Literal["promoted", "proposed", "refused", "failed"]
    reason: str
    version: int | None = None


Trainer = Callable[[Job], Trained]
Reader = Callable[[Job], dict[str, str]]
"""Reads on in each source with a cursor: the id of its step -> digest of the reading."""


class Retraining(Struct, frozen=True, kw_only=True):
    """All that a run needs besides its trigger. `columns`: those of the source, for the rows of the log."""

    store: Store
    metadata: Metadata
    policy: Policy
    trainer: Trainer
    reader: Reader | None = None
    columns: Schema | None = None
    zone: str = "UTC"
    tell: Tell = silent

    def workflow(self, run: str) -> Plain:
        """The Outcome as plain data. Runs under `Durable`."""
        answer = self._learn(run)
        if "failed" in answer:
            outcome = self._end(run, Outcome(run=run, status="failed", reason=answer["failed"]))
            return msgspec.to_builtins(outcome)
        outcome = self._end(run, msgspec.convert(answer, Outcome))
        return msgspec.to_builtins(outcome)

    def _learn(self, run: str) -> dict[str, Any]:
        job: Any = self._step("gather", lambda: self.gather(run))
        trained: Any = self._step("train", lambda: self.trainer(_job(job)), job)
        version: Any = self._step("register", lambda: self.register(_job(job), trained["digest"]), trained)
        judged: Any = self._step("gate", lambda: self.judge(_job(job), trained["digest"]), version)
        return self._step(
            "settle", lambda: self.settle(_job(job), version["version"], msgspec.convert(judged, Gate)), judged
        )

    def _step(self, name: str, action: Callable[[], Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
        """Its answer as plain data, or the failure of the step before, or its own."""
        if before is not None and "failed" in before:
            return before

        def guarded() -> Plain:
            try:
                return msgspec.to_builtins(action())
            except SchemaChanged as error:
                return {"failed": f"stopped at the schema: {error}"}
            except Exception as error:
                return {"failed": f"{name}: {error or type(error).__name__}"}

        found: dict[str, Any] = step(name, guarded)
        return found

    def gather(self, run: str) -> Job:
        """What the trigger says, what the sources with a cursor say, and the rows of the log beside it."""
        with self.metadata.begin() as sql:
            trigger = find_trigger(sql, run)
            if trigger is None:
                raise RetrainFailed(f"no trigger started the run {run}")
            start_run(sql, run, trigger.at, {"model": trigger.model, **trigger.document})
        told = msgspec.convert(trigger.document, Started)
        keep = self.policy.keep_last
        job = Job(
            run=run,
            model=trigger.model,
            champion=told.champion,
            at=trigger.at,
            until=told.until,
            start=told.start,
            end=told.end,
            origin=self.policy.rows,
            since=None if keep is None else told.until - keep,
        )
        rows = None if job.origin == "source" else str(self._log_rows(job))
        return msgspec.structs.replace(job, rows=rows, sources=self._read(job))

    def _read(self, job: Job) -> dict[str, str] | None:
        """Read on once per run: a run that is killed and begun again learns from what it had read."""
        if self.reader is None:
            return None
        with self.metadata.begin() as sql:
            known = find_record(sql, GATHERED, job.model, job.run)
        if known is None:
            read = self.reader(job)
            with self.metadata.begin() as sql:
                known, _ = record(sql, GATHERED, job.model, job.at, {"sources": read}, key=job.run)
        return {str(id_): str(version) for id_, version in known.document["sources"].items()}

    def _log_rows(self, job: Job) -> Path:
        if self.columns is None:
            raise RetrainFailed("the columns of the source are not known")
        frame = gathered(self.store, job.model, self.columns, job.since, job.until, self.zone)
        folder = self.store.training
        folder.mkdir(parents=True, exist_ok=True)
        path, part = folder / f"{job.run}.parquet", folder / f"{job.run}.{os.getpid()}.part"
        frame.write_parquet(part)
        part.replace(path)
        return path

    def register(self, job: Job, digest: str) -> dict[str, int]:
        """The package as the next version of its model."""
        model = open_package(self.store, digest, job.model)
        told = {"run": job.run, "until": job.until, "parent": job.champion, "input": model.evidence.lineage.input}
        document = msgspec.json.encode(told).decode()
        with self.metadata.begin() as sql:
            version = register(sql, job.model, digest, model.created, job.run, document)
        return {"version": version.version}

    def judge(self, job: Job, digest: str) -> Gate:
        """The gate of this run; it is measured once, and counted."""
        with self.metadata.begin() as sql:
            known = find_record(sql, "gate", job.model, job.run)
            tried = len(read_records(sql, "gate", job.model)) + 1
        if known is not None:
            return msgspec.convert(known.document, Gate)
        against = job.champion if self.policy.better_than == "champion" else None
        found = gate(
            self._side(digest, job.model),
            None if against is None else self._side(against, job.model),
            live_rows(self.store, job.model, job.start, job.end),
            metric=self.policy.metric,
            confidence=self.policy.confidence,
            tried=tried,
            start=job.start,
            end=job.end,
            slices=self.policy.slices,
        )
        with self.metadata.begin() as sql:
            made, _ = record(sql, "gate", job.model, job.at, found.document(), key=job.run)
        return msgspec.convert(made.document, Gate)

    def settle(self, job: Job, version: int, judged: Gate) -> Outcome:
        """Promote by the gate, propose to a person, or neither; by the revision that the trigger saw."""
        if not judged.passed:
            return Outcome(run=job.run, status="refused", reason=judged.reason, version=version)
        with self.metadata.begin() as sql:
            trigger = find_trigger(sql, job.run)
            revision = int(trigger.document["revision"]) if trigger else 0
            if not self.policy.by_gate:
                propose(sql, job.model, version, at=job.at, run=job.run, revision=revision, gate=judged.document(),
                        reason=judged.reason)  # fmt: skip
                return Outcome(run=job.run, status="proposed", reason=judged.reason, version=version)
        try:
            promote(
                self.metadata, self.store, job.model, version, at=job.at, actor="gate", reason=judged.reason,
                seen=revision, run=job.run, gate=judged.document(), key=job.run,
            )  # fmt: skip
        except Conflict as error:
            return Outcome(run=job.run, status="refused", reason=error.found, version=version)
        return Outcome(run=job.run, status="promoted", reason=judged.reason, version=version)

    def _side(self, digest: str, name: str) -> Side:
        return Side(digest, open_package(self.store, digest, name))

    def _end(self, run: str, outcome: Outcome) -> Outcome:
        answer = step("tell", lambda: self._tell(run, outcome))
        return msgspec.convert(answer, Outcome)

    def _tell(self, run: str, outcome: Outcome) -> Plain:
        with self.metadata.begin() as sql:
            trigger = find_trigger(sql, run)
        if trigger is not None:
            notice = _notice(trigger.model, trigger.at, outcome)
            try:
                say(self.metadata, self.tell, notice, run)
            except (ModelyardError, OSError) as error:
                outcome = msgspec.structs.replace(outcome, reason=f"{outcome.reason} (telling it failed: {error})")
            with self.metadata.begin() as sql:
                facts = {"model": trigger.model, **trigger.document, **msgspec.to_builtins(outcome)}
                if outcome.status == "failed":  # of a gate there is a record of its own
                    why = {"retrain": False, "run": run, "cause": trigger.document["cause"], "reason": outcome.reason}
                    record(sql, "decision", trigger.model, trigger.at, why, key=f"failed:{run}")
                end_run(sql, run, trigger.at, outcome.status, facts)
            for path in self.store.training.glob(f"{run}.*"):
                path.unlink(missing_ok=True)
        return msgspec.to_builtins(outcome)


_OCCASIONS: dict[str, Occasion] = {
    "promoted": "promoted",
    "proposed": "proposed",
    "refused": "not_promoted",
    "failed": "retrain_failed",
}


def _notice(model: str, at: int, outcome: Outcome) -> Notice:
    what = f"version {outcome.version} of {model}" if outcome.version else f"a retraining of {model}"
    return Notice(
        occasion=_OCCASIONS[outcome.status],
        model=model,
        at=at,
        summary=f"{what} {outcome.status}: {outcome.reason}",
        facts=msgspec.to_builtins(outcome),
        act={"promoted": f"modelyard rollback {model}", "proposed": f"modelyard promote {model}"}.get(
            outcome.status, ""
        ),
    )


def _job(plain: dict[str, Any]) -> Job:
    return msgspec.convert(plain, Job)
