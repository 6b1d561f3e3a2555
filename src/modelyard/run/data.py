"""The rows of a project, read once: columns as a Table, the truth as numbers, and what splitting looks at.

Why all at once: folds are positions in one table, and the digest of that table is the root of every cache key, so a
source that changed without its file changing its name is noticed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from modelyard.errors import ModelyardError
from modelyard.errors.data import BadTarget, NoRows, SchemaChanged
from modelyard.errors.project import BadPlan
from modelyard.errors.run import StepFailed
from modelyard.errors.system import refused
from modelyard.project.graph import Node
from modelyard.project.outcome import outcome
from modelyard.project.plan import Plan
from modelyard.rows.table import Floats, Table
from modelyard.run.changed import asked
from modelyard.run.feed import StepFeed, identity, pinned, still_of
from modelyard.run.kept import Kept
from modelyard.run.reading import read_again, read_on
from modelyard.schema.duration import microseconds
from modelyard.schema.pin import Pin
from modelyard.schema.quality import Finding
from modelyard.schema.target import Outcome
from modelyard.step.context import Context
from modelyard.step.incremental import Incremental
from modelyard.step.self_typed import SelfTyped
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import DataFrame, LazyFrame, Series

    from modelyard.frame.still import Still


class Data(Struct, frozen=True, kw_only=True, eq=False):
    """`table`: all columns of the plan's schema. y (n,): the class code or the number in its own unit, NaN where there
    is no label. time (n,): µs since 1970 UTC. group (n,): codes."""

    table: Table
    y: Floats
    outcome: Outcome
    time: Floats | None = None
    group: Floats | None = None
    weight: Floats | None = None
    ids: tuple[str, ...] | None = None
    warnings: tuple[str, ...] = ()
    quality: tuple[Finding, ...] = ()
    """What each rule of check.rules found."""
    sources: dict[str, Pin] = {}
    """What was read, by the id of the read step."""

    def __len__(self) -> int:
        return len(self.y)


def read_data(
    plan: Plan,
    extra: DataFrame | None = None,
    known: Outcome | None = None,
    source: bool = True,
    now: int | None = None,
    kept: Kept | None = None,
    readings: Mapping[str, str] | None = None,
) -> Data:
    """Read the plan's rows. `extra`: rows in the columns of the source, put under the source's own (instead of them
    where `source` is false) before the table steps after it; of rows with one id the extra one stays. `known`: the
    classes of before, for a model that replaces another. `now`: µs, what the freshness of rows is judged by. `kept`:
    where sources with a cursor are read on from; without it they are read whole. `readings`: step id -> digest of what
    was read of it before (`read_sources`), and is not read again.

    Raises BadTarget, NoRows, UnreadableTable, StepFailed …"""
    said: list[str] = []
    quality: list[Finding] = []
    ctx = replace(plan.context, tell=said.append, report=quality.append, now=now)
    pins: dict[str, Pin] = {}
    frame = _collected(plan, ctx, extra, source, Before(kept, readings or {}), pins)
    if not frame.height:
        raise NoRows("the table has no rows", who=plan.output)
    sources = {id_: replace(pin, asked=asked(plan.graph[id_].step)) for id_, pin in pins.items()}
    return replace(data_of(plan, frame, known), warnings=tuple(said), quality=tuple(quality), sources=sources)


def data_of(plan: Plan, frame: DataFrame, known: Outcome | None = None) -> Data:
    """Rows that went through the table steps, as learning takes them."""
    from modelyard.frame.table import in_one_form, to_table

    table = to_table(frame, plan.schema, plan.context.zone)
    target, roles = plan.project.target, plan.project.roles
    values = in_one_form(frame[target.column])
    gives = known or outcome(target, plan.project.task, _distinct(plan, values))
    return Data(
        table=table,
        y=_truth(plan, values, gives),
        outcome=gives,
        time=table[roles.time] if roles.time else None,
        group=table[roles.group] if roles.group else None,
        weight=_weights(table, roles.weight),
        ids=None if roles.id is None else tuple(map(str, frame[roles.id].to_list())),
    )


def _collected(
    plan: Plan, ctx: Context, extra: DataFrame | None, own: bool, before: Before, pins: dict[str, Pin]
) -> DataFrame:
    import polars as pl

    made: dict[str, LazyFrame] = {}
    source = source_of(plan).id if extra is not None else None
    for node in plan.tables:
        step = node.step
        if isinstance(step, TableStep):
            if node.after or (node.id == source and not own):
                made[node.id] = _run(node, step, ctx, *(made[port.id] for port in node.after))
            else:
                made[node.id], pins[node.id] = _source(plan, node, step, ctx, before)
            if node.id == source and extra is not None:
                made[node.id] = _under(made[node.id], extra.lazy(), plan.project.roles.id, own)
    try:
        with ExitStack() as reading:
            for still in before.watched:
                reading.enter_context(still.watched())
            frame = made[plan.output].collect()
        return frame if extra is None else _as_sent(plan, frame, extra)
    except pl.exceptions.PolarsError as error:
        raise StepFailed(str(error).split("\n")[0], who=plan.output) from error


class Before(Struct, frozen=True, eq=False):
    """Where rows are kept, and what was read of which source."""

    kept: Kept | None = None
    readings: Mapping[str, str] = {}
    watched: list[Still] = []
    """Files of steps that read when rows are asked for, which is later."""


def _source(plan: Plan, node: Node, step: TableStep, ctx: Context, before: Before) -> tuple[LazyFrame, Pin]:
    """A read step's rows, and what is remembered of them: read on where it has a cursor and a place to keep rows."""
    if before.kept is None or not isinstance(step, Incremental) or step.cursor is None:
        still = still_of(step, ctx)
        with still.watched():
            rows, pin = _run(node, step, ctx), pinned(step, ctx, plan.schemas[node.id])
        if isinstance(step, SelfTyped):
            before.watched.append(still)
        return rows, pin
    named = _named(node, ctx)
    with _told(node):
        feed = StepFeed(step, named, plan.schemas[node.id])
        if node.id in before.readings:
            read = read_again(feed.kind, before.readings[node.id], before.kept)
        else:
            read = read_on(feed, before.kept, named.tell)
    if read.pin.columns != feed.columns:
        found = f"the columns of {node.id!r} are others now than when it was read for this run"
        raise SchemaChanged(found, who=node.who, way_out="Retrain again: a new run reads it anew")
    return read.rows, read.pin


def read_sources(plan: Plan, kept: Kept, own: bool = True) -> dict[str, str]:
    """Read on in every source with a cursor, without learning: step id -> digest of the reading. `own`: also in the one
    that rows of the log stand beside. Raises what reading raises."""
    found: dict[str, str] = {}
    for node in _cursors(plan):
        if isinstance(node.step, TableStep) and (own or node.id != source_of(plan).id):
            _, pin = _source(plan, node, node.step, plan.context, Before(kept))
            found[node.id] = pin.version
    return found


def _cursors(plan: Plan) -> list[Node]:
    return [node for node in plan.tables if isinstance(node.step, Incremental) and node.step.cursor is not None]


def start_over(plan: Plan, kept: Kept) -> tuple[str, ...]:
    """Let the next reading of each source with a cursor begin at the start; the ids of those sources."""
    found = _cursors(plan)
    for node in found:
        kept.forget(identity(node.step, plan.context))
    return tuple(node.id for node in found)


def _named(node: Node, ctx: Context) -> Context:
    return replace(
        ctx,
        tell=lambda word: ctx.tell(f"{node.id}: {word}"),
        report=lambda finding: ctx.report(replace(finding, step=node.id)),
    )


def _run(node: Node, step: TableStep, ctx: Context, *tables: LazyFrame) -> LazyFrame:
    with _told(node):
        return step.run(_named(node, ctx), *tables)


@contextmanager
def _told(node: Node) -> Iterator[None]:
    try:
        yield
    except ModelyardError:
        raise
    except OSError as error:
        raise refused(error, node.who) from error
    except Exception as error:
        raise StepFailed(f"{type(error).__name__}: {error}", who=node.who) from error


def source_of(plan: Plan) -> Node:
    """The read step that rows of the log can stand beside: the one that the first table of every step comes from (of a
    join the left one). BadPlan where tables stand under one another: a row of the log is of none of them."""
    node = plan.graph[plan.output]
    while node.after:
        if isinstance(node.step, TableStep) and node.step.inputs is None and len(node.after) > 1:
            found = f"rows of the log cannot be put under {len(node.after)} tables"
            raise BadPlan(found, who=node.who, way_out="Write `rows: {from: source}`")
        node = plan.graph[node.after[0].id]
    return node


def _as_sent(plan: Plan, frame: DataFrame, extra: DataFrame) -> DataFrame:
    """Of a logged row, what `at_serving: from_request` makes is what the request carried: that is what the model saw,
    and the keys that it could be made of again need not have been sent."""
    import polars as pl

    by = plan.project.roles.id
    names = [name for name in plan.from_request if name in extra.columns and name in frame.columns]
    if by is None or not names:
        return frame
    sent = extra.select(
        pl.col(by).cast(frame.schema[by]),
        *(pl.col(name).cast(frame.schema[name]).alias(f"__sent_{name}") for name in names),
        __logged=pl.lit(True),
    )
    both = frame.join(sent.unique(by, keep="last", maintain_order=True), on=by, how="left", maintain_order="left")
    logged = pl.col("__logged").is_not_null()
    made = {name: pl.when(logged).then(pl.col(f"__sent_{name}")).otherwise(pl.col(name)) for name in names}
    return both.with_columns(**made).select(frame.columns)


def _under(frame: LazyFrame, extra: LazyFrame, by: str | None, own: bool) -> LazyFrame:
    import polars as pl

    schema = frame.collect_schema()
    columns = extra.collect_schema()
    same = extra.select(
        (pl.col(name) if name in columns else pl.lit(None)).cast(dtype).alias(name) for name, dtype in schema.items()
    )
    if not own:
        return same
    kept = frame if by is None else frame.join(same.select(by), on=by, how="anti")
    return pl.concat([kept, same])


def _distinct(plan: Plan, values: Series) -> list[Any]:
    return [] if plan.project.task == "regression" else values.unique().to_list()


def _truth(plan: Plan, values: Series, gives: Outcome) -> Floats:
    """(n,) class codes or numbers."""
    import polars as pl

    name = plan.project.target.column
    if gives.task == "regression":
        if not (values.dtype.is_numeric() or values.dtype == pl.Boolean):
            raise BadTarget(f"{name!r} holds no numbers, so there is no regression of it", who="target")
        numbers = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        if np.isinf(numbers).any():
            raise BadTarget(f"{name!r} holds an infinite value", who="target")
        return np.ascontiguousarray(numbers, dtype=np.float64)
    code = {label: float(place) for place, label in enumerate(gives.labels)}
    return np.array([code.get(value, np.nan) for value in values.to_list()], dtype=np.float64)


def _weights(table: Table, name: str | None) -> Floats | None:
    if name is None:
        return None
    weight: Floats = table[name]
    if np.isnan(weight).any() or (weight < 0).any():
        raise BadTarget(f"the weight {name!r} is null or negative in some row", who="roles.weight")
    return weight


def known_after(plan: Plan) -> int:
    """µs that a label needs to be known; 0 where the file does not say."""
    text = plan.project.target.known_after
    return microseconds(text) if text else 0
