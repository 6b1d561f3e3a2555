"""The trainer that a retraining is handed: the project's own chain, learned again from the rows of the job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from modelyard.loop.retrain import Job, Reader, Trained, Trainer
from modelyard.project.plan import Plan
from modelyard.run.challenger import Order, challenger
from modelyard.run.data import read_sources, source_of
from modelyard.run.kept import Kept
from modelyard.schema.schema import Schema
from modelyard.store.in_use import in_use
from modelyard.store.packages import open_package
from modelyard.store.place import Store


def project_trainer(planned: Callable[[Job], Plan], store: Store, cores: int = 1) -> Trainer:
    """Learns the champion's candidate from the source's rows, the job's rows of the log, or both. `planned`: over the
    sources as they are when it learns; raises SchemaChanged where they are not what the job's champion knew."""

    def train(job: Job) -> Trained:
        import polars as pl

        plan = planned(job)
        extra = None if job.rows is None else pl.read_parquet(Path(job.rows))
        order = Order(
            run=job.run,
            created=job.at,
            parent=job.champion,
            until=job.until,
            since=job.since,
            source=job.origin != "log",
            readings=job.sources or {},
        )
        champion = open_package(store, job.champion, job.model)
        with in_use(store):
            digest, _ = challenger(plan, champion, store, order, extra, cores=cores)
        return Trained(digest=digest)

    return train


def project_reader(planned: Callable[[Job], Plan], store: Store) -> Reader:
    """Reads on in the sources with a cursor that the job learns from. `planned`: as of `project_trainer`."""

    def read(job: Job) -> dict[str, str]:
        plan = planned(job)
        with in_use(store):
            return read_sources(plan, Kept(store), own=job.origin != "log")

    return read


def source_columns(plan: Plan) -> Schema:
    """The columns of the one source that rows of the log can stand beside, and those that the caller makes."""
    own = plan.schemas[source_of(plan).id]
    return own.with_(*(plan.schema[name] for name in plan.from_request if name not in own and name in plan.schema))
