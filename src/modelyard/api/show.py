"""Look at a file, or at the rows after a table step of a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from modelyard.api.profile import Asked, TableProfile, profile
from modelyard.api.rows import collected, node_of
from modelyard.api.source import source_of
from modelyard.api.suspects import Sides, Truth
from modelyard.api.truth import truth
from modelyard.errors import ModelyardError
from modelyard.frame.vectors import vectors
from modelyard.project.plan import Plan
from modelyard.schema.schema import Schema
from modelyard.schema.target import Task

if TYPE_CHECKING:
    from polars import DataFrame


def show_file(
    path: str | Path, target: str | None = None, time: str | None = None, task: Task | None = None, rows: int = 5
) -> TableProfile:
    """A file that `read.*` reads, CONNECTION:TABLE or CONNECTION:/PATH, with the first `rows` rows. `target`: what
    is to be predicted, so that leaks can be told; `time`: when a row is of. Raises UnreadableTable, MissingColumn,
    UnknownConnection."""
    from modelyard.frame.source import collected as read_whole

    source = source_of(path)
    step, ctx = source.step(source.sniffed()), source.ctx
    schema = step.peek(ctx)
    for name in (target, time):
        if name is not None:
            schema[name]
    frame = read_whole(step.run(ctx), source.name)
    truth = told(frame, schema, target, task)
    unread = source.unread()
    asked = Asked(source=source.name, kind=source.kind, time=time, sample=rows, truth=truth, unread=unread)
    return profile(frame, schema, asked)


def show_step(plan: Plan, step: str | None = None, rows: int = 5) -> TableProfile:
    """The rows after that table step; without one, those that are learned from: then also how the split parts them.
    Raises BadPlan for a step that makes no rows, StepFailed, UnreadableTable."""
    node = node_of(plan, step or plan.output)
    frame, last = collected(plan, node), node.id == plan.output
    schema = plan.schema if last else plan.schemas[node.id]
    target, roles = plan.project.target.column, plan.project.roles
    asked = Asked(
        source=node.id,
        kind=node.kind,
        truth=told(frame, schema, target if target in schema.names else None, plan.project.task),
        time=roles.time if roles.time in schema.names else None,
        id=roles.id if roles.id in schema.names else None,
        hidden=roles.never_features,
        features=tuple(name for name in plan.inputs if name not in roles.never_features) if last else (),
        sides=_sides(plan, frame) if last else None,
        zone=plan.context.zone,
        sample=rows,
    )
    return profile(frame, schema, asked)


def told(frame: DataFrame, schema: Schema, target: str | None, task: Task | None) -> Truth | None:
    """The target of those rows, where there is one that columns can tell something of."""
    if target is None:
        return None
    one = Schema((schema[target],))
    return truth(target, vectors(frame, one)[target], task)


def _sides(plan: Plan, frame: DataFrame) -> Sides | None:
    """How a run would part these rows; None where it could not, which the run itself says best."""
    from modelyard.run.data import data_of
    from modelyard.run.engine import frame_of
    from modelyard.run.split import part

    try:
        parts = part(frame_of(plan, data_of(plan, frame)), plan.comparison.split, plan.gap, plan.project.seed)
    except ModelyardError:
        return None
    return Sides(train=parts.development, test=parts.holdout)
