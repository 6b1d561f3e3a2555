"""The rows after a table step of a plan: for people who want to see what a step did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelyard.errors import did_you_mean
from modelyard.errors.data import UnreadableTable
from modelyard.errors.project import BadPlan
from modelyard.errors.run import StepFailed
from modelyard.project.graph import Node
from modelyard.project.plan import Plan
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import DataFrame, LazyFrame


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


def node_of(plan: Plan, id_: str) -> Node:
    """The table step of that id. Raises BadPlan, which names those there are."""
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
