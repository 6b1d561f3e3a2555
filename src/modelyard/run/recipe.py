"""A plan's candidate as it is learned: its links, without the file that they came from."""

from __future__ import annotations

from modelyard.errors.project import BadPlan
from modelyard.project.plan import Candidate, Plan
from modelyard.run.learn import Link, Recipe
from modelyard.step.step import Learns


def recipe(plan: Plan, candidate: Candidate) -> Recipe:
    roles = plan.project.roles
    return Recipe(
        name=candidate.name,
        links=tuple(_link(node.id, node.kind, node.step) for node in candidate.chain),
        drops=candidate.drops,
        inputs=plan.inputs,
        rules=plan.rules,
        id=roles.id,
        time=roles.time,
    )


def _link(id_: str, kind: str, step: object) -> Link:
    if not isinstance(step, Learns):
        raise BadPlan(f"{kind} does not learn", who=id_)
    return Link(id=id_, kind=kind, step=step)
