"""A plan's candidate as it is learned: its links, without the file that they came from."""

from __future__ import annotations

from modelyard.errors.project import BadPlan
from modelyard.project.graph import Node
from modelyard.project.plan import Candidate, Plan
from modelyard.run.learn import Link, Recipe
from modelyard.step.step import Learns


def recipe(plan: Plan, candidate: Candidate) -> Recipe:
    roles = plan.project.roles
    return Recipe(
        name=candidate.name,
        links=tuple(_link(node) for node in candidate.chain),
        drops=candidate.drops,
        inputs=plan.inputs,
        rules=plan.rules,
        id=roles.id,
        time=roles.time,
    )


def _link(node: Node) -> Link:
    if not isinstance(node.step, Learns):
        raise BadPlan(f"{node.kind} does not learn", who=node.id)
    return Link(id=node.id, kind=node.kind, step=node.step, prepared=node.prepared)
