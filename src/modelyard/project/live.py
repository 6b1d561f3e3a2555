"""What hangs on the chosen model: only policies, and each names only what is there."""

from __future__ import annotations

from typing import Any

from modelyard.errors import did_you_mean
from modelyard.errors.project import BadPlan
from modelyard.project.comparison import Comparison
from modelyard.project.graph import Graph, Node
from modelyard.project.read import Document
from modelyard.step.step import Policy


def check_live(graph: Graph, document: Document) -> None:
    """Raises BadPlan."""
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
