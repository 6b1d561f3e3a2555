"""deploy.batch: a table scored once a period, by the program and the reader that serve, into the same log.

A run is known by its entry and its period. Its ids, its log segments and its times hang on nothing else, so a run that
was killed is simply done again: the same segments, the same rows of the lake, the same output.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from modelyard.errors.data import UnreadableTable
from modelyard.errors.serving import BadRows, NotServing
from modelyard.loop.batch_place import Place, output, scanned
from modelyard.project.graph import Node
from modelyard.project.plan import Plan
from modelyard.schema.duration import microseconds
from modelyard.serve.answer import Answerer
from modelyard.serve.recent import Recent
from modelyard.serve.swap import Swapper
from modelyard.step.context import Context
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.records import find_record, record
from modelyard.store.segments import write_segment

if TYPE_CHECKING:
    from polars import DataFrame

KIND = "batch"


class Asked(Struct, frozen=True):
    """The entry's parameters, as the file has them."""

    every: str
    read: Place
    write: Place


class Answered(Struct, frozen=True, kw_only=True):
    id: str
    prediction: Any
    probabilities: dict[str, float] = {}
    warnings: list[Any] = []


class _Replies(Struct, frozen=True):
    predictions: list[Answered]


class BatchRun(Struct, frozen=True, kw_only=True):
    """`period`: its start, µs. `warned`: rows with a warning."""

    entry: str
    period: int
    digest: str
    version: int
    rows: int
    warned: int
    output: str


def run_batches(plan: Plan, store: Store, metadata: Metadata, now: int) -> list[BatchRun]:
    """What is due at `now` (µs) and not done yet: at most one run for each deploy.batch of the file.

    Raises NotServing, UnreadableTable, BadRows; what was done before stays done."""
    name, done = plan.project.name, []
    for node in plan.live:
        if node.kind != "deploy.batch":
            continue
        asked = _asked(node)
        period = now - now % microseconds(asked.every)
        key = f"{node.id}:{period}"
        with metadata.begin() as sql:
            known = find_record(sql, KIND, name, key)
        if known is None:
            made = run_batch(name, node.id, asked, plan.context, store, period)
            with metadata.begin() as sql:
                record(sql, KIND, name, period, msgspec.to_builtins(made), key)
            done.append(made)
    return done


def run_batch(name: str, entry: str, asked: Asked, ctx: Context, store: Store, period: int) -> BatchRun:
    """One run, whole: the log first, then the output, each part of the log by one rename, the output by one rename or
    one transaction."""
    from modelyard.frame.chunks import kinds_of, parts

    serving = _serving(store, name)
    contract = serving.served.contract
    source = asked.read.shown(ctx.folder)
    kinds = kinds_of([(field.name, field.kind) for field in contract.fields], contract.id, contract.time)
    rows = warned = 0
    with output(asked.write, ctx, entry, period, serving.served.version) as out:
        with scanned(asked.read, ctx, kinds, contract) as frame:
            for start, part in parts(frame, kinds, Path(source)):
                answers = _answered(serving, part, f"batch-{entry}-{period}-{start}", store, period, source, start)
                out.add(_frame(answers, serving))
                rows, warned = rows + len(answers), warned + sum(bool(one.warnings) for one in answers)
        if not rows:
            out.add(_frame([], serving))
    return BatchRun(
        entry=entry,
        period=period,
        digest=serving.served.digest,
        version=serving.served.version,
        rows=rows,
        warned=warned,
        output=asked.write.shown(ctx.folder),
    )


def _asked(node: Node) -> Asked:
    return msgspec.convert(msgspec.to_builtins(node.step), Asked)


def _serving(store: Store, name: str) -> Answerer:
    """What the server would serve, with what the log must not hold. Raises NotServing."""
    swapper = Swapper(store, [name])
    swapper.look()
    found = swapper.models[name]
    if found is None:
        raise NotServing(f"no version of {name!r} can be served", who="deploy.batch")
    return found


def _answered(
    serving: Answerer, part: DataFrame, segment: str, store: Store, period: int, source: str, start: int
) -> list[Answered]:
    """The server's own answer to these rows; its log lines are a segment before it is used."""
    from modelyard.frame.records import to_records

    heart = Answerer(serving.served, serving.scorer, Recent(), clock=lambda: period / 1_000_000)
    body = msgspec.json.encode(to_records(part, part.columns))
    try:
        reply = heart.answer(body)
    except BadRows as error:
        raise UnreadableTable(error.found, where=f"{source}, {error.where} of the rows from {start} on") from error
    write_segment(store.segments, segment, reply.records)
    return msgspec.json.decode(reply.body, type=_Replies).predictions


def _frame(answers: list[Answered], serving: Answerer) -> DataFrame:
    """id, prediction, one column per class, warnings as JSON (null where there are none)."""
    import polars as pl

    classes = serving.served.outcome.classes
    scores = [pl.Series(f"score[{k}]", [one.probabilities[c] for one in answers], pl.Float64)
              for k, c in enumerate(classes)]  # fmt: skip
    said = [msgspec.json.encode(one.warnings).decode() if one.warnings else None for one in answers]
    kind = pl.Series(serving.served.outcome.labels).dtype if classes else pl.Float64()
    ids = pl.Series("id", [one.id for one in answers], pl.String)
    return pl.DataFrame(
        [ids, pl.Series("prediction", [one.prediction for one in answers], kind), *scores,
         pl.Series("warnings", said, dtype=pl.String)]
    )  # fmt: skip
