"""What hangs on the chosen model: only policies, and each names only what is there."""

from __future__ import annotations

from typing import Any

from modelyard.errors import did_you_mean
from modelyard.errors.data import WrongType
from modelyard.errors.project import BadPlan
from modelyard.project.comparison import Comparison
from modelyard.project.graph import Graph, Node
from modelyard.project.read import Document
from modelyard.schema.rules import TableRule, columns_of, refuse_undated
from modelyard.schema.schema import Schema
from modelyard.step.step import Policy


def check_live(graph: Graph, document: Document, schema: Schema) -> None:
    """Raises BadPlan, and WrongType for a rule of the feed. `schema`: what is learned from, label columns marked."""
    by_id = {node.id: node for node in graph.live}
    for node in graph.live:
        if not isinstance(node.step, Policy) or isinstance(node.step, Comparison):
            way_out = "Move it under `steps:`"
            raise BadPlan(
                "does not belong under `live:`", who=node.who, where=document.where(node.path), way_out=way_out
            )
        monitors: Any = getattr(node.step, "monitors", {})
        for name, verdict in monitors.items():
            _monitor(node, name, verdict, by_id, document)
        _feed(node, graph, document, schema)


def rules_of(node: Node) -> tuple[TableRule, ...]:
    """The table rules of a monitor.rules entry; of any other none."""
    rules: tuple[TableRule, ...] = getattr(node.step, "table", ()) if node.kind == "monitor.rules" else ()
    return rules


def _feed(node: Node, graph: Graph, document: Document, schema: Schema) -> None:
    """A rule about what the log never holds would always be broken, or never."""
    logs: list[Any] = [getattr(other.step, "log", None) for other in graph.live]
    unlogged = {name for log in logs if log is not None for name in log.without}
    for place, rule in enumerate(rules_of(node)):
        where = document.where(f"{node.path}.table[{place}]")
        for name in columns_of(rule):
            if schema[name].origin == "label":
                found = f"no request carries {name!r}, which tells the target"
                raise BadPlan(found, who=node.who, where=where, way_out="Watch columns that a request carries")
            if name in unlogged:
                found = f"nothing is known of {name!r}: `log: {{without: […]}}` keeps it out"
                raise BadPlan(found, who=node.who, where=where, way_out="Take it out of one of them")
        try:
            refuse_undated((rule,), schema, node.who)
        except WrongType as error:
            error.where = where
            raise


def _monitor(node: Node, name: str, verdict: str, by_id: dict[str, Node], document: Document) -> None:
    where = document.where(f"{node.path}.any.{name}")
    watching: dict[str, tuple[str, ...]] = {
        id_: getattr(type(other.step), "verdicts", ()) for id_, other in by_id.items() if other.id != node.id
    }
    names = [id_ for id_, verdicts in watching.items() if verdicts]
    if name not in names:
        way_out = did_you_mean(name, [*names, "every", "new_labels"])
        raise BadPlan(f"there is no monitor {name!r}", who=node.who, where=where, way_out=way_out)
    if verdict not in watching[name]:
        way_out = did_you_mean(verdict, watching[name])
        raise BadPlan(f"{name!r} never says {verdict!r}", who=node.who, where=where, way_out=way_out)
