"""The rows after a table step of a plan, and what they look like: for people who want to see what a step did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from modelyard.api.facts import facts
from modelyard.errors import did_you_mean
from modelyard.errors.data import UnreadableTable
from modelyard.errors.project import BadPlan
from modelyard.errors.run import StepFailed
from modelyard.project.graph import Node
from modelyard.project.init import ColumnFacts
from modelyard.project.plan import Plan
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import DataFrame, LazyFrame


class Look(Struct, frozen=True, kw_only=True):
    """`rows`: how many there are; `sample`: the first few; `columns`: kind, origin and facts of each column."""

    step: str
    kind: str
    rows: int
    columns: dict[str, Seen]
    sample: list[dict[str, Any]]


class Seen(Struct, frozen=True, kw_only=True):
    kind: str
    origin: str
    facts: ColumnFacts


def look(plan: Plan, step: str | None = None, rows: int = 10) -> Look:
    """At the rows after that table step; without one, at those that are learned from. Raises BadPlan for a step that
    makes no rows, StepFailed, UnreadableTable."""
    node = _node(plan, step or plan.output)
    frame = collected(plan, node)
    schema = plan.schema if node.id == plan.output else plan.schemas[node.id]
    found = facts(frame, schema).columns
    return Look(
        step=node.id,
        kind=node.kind,
        rows=frame.height,
        columns={c.name: Seen(kind=c.kind, origin=c.origin, facts=found[c.name]) for c in schema},
        sample=frame.head(rows).to_dicts(),
    )


def collected(plan: Plan, node: Node) -> DataFrame:
    """The rows after that step."""
    import polars as pl

    from modelyard.frame.source import first_line

    try:
        return _run(plan, node, {}).collect()
    except pl.exceptions.PolarsError as error:
        raise StepFailed(first_line(error), who=node.who) from None
    except OSError as error:
        raise UnreadableTable(str(error), who=node.who) from error


def _run(plan: Plan, node: Node, made: dict[str, LazyFrame]) -> LazyFrame:
    step = node.step
    if node.id not in made and isinstance(step, TableStep):
        given = [_run(plan, plan.graph[port.id], made) for port in node.after]
        made[node.id] = step.run(plan.context, *given)
    return made[node.id]


def _node(plan: Plan, id_: str) -> Node:
    tables = {node.id: node for node in plan.tables}
    if id_ in tables:
        return tables[id_]
    known = {node.id for node in plan.graph.steps}
    found = f"{id_!r} learns from rows and makes none" if id_ in known else f"no step {id_!r}"
    way_out = f"Name a table step: {', '.join(tables)}" if id_ in known else did_you_mean(id_, tables)
    raise BadPlan(found, who="show", way_out=way_out)


def request(plan: Plan, names: tuple[str, ...]) -> dict[str, Any]:
    """The first row that is learned from, as a client would send those columns of it."""
    from modelyard.frame.records import to_records

    frame = collected(plan, plan.graph[plan.output]).head(1)
    return {name: value for row in to_records(frame, names) for name, value in row.items()}
