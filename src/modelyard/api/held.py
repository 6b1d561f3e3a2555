"""A project over its sources, held to what the champion learned from.

To learn needs sources as they were (run/changed.py). To watch and to serve needs none of them: where a source is
another now, the loop stands on what the champion knew, and the retraining that it would start is what stops.
"""

from __future__ import annotations

from collections.abc import Sequence

from modelyard.api.connection import Connection, opened
from modelyard.api.place import Place
from modelyard.api.project import Project
from modelyard.errors import ModelyardError
from modelyard.errors.data import SchemaChanged
from modelyard.project.plan import Plan
from modelyard.run.changed import Past, Seen, hold, past_of
from modelyard.schema.column import Column
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.step import TableStep


def held(project: Project, past: Sequence[Past]) -> Plan:
    """The plan. Raises SchemaChanged where a source is another than `past` knew, also where the file's own words do not
    fit it any more; else what planning raises."""
    peeked: dict[str, Schema] = {}

    def peek(step: TableStep, ctx: Context) -> Schema:
        found = step.peek(ctx)
        peeked.update((node.id, found) for node in project.graph.steps if node.step is step)
        return found

    try:
        plan = project.plan(peek)
    except ModelyardError:
        hold(past, Seen(graph=project.graph, document=project.document, peeked=peeked))
        raise
    hold(past, Seen(graph=project.graph, document=project.document, peeked=peeked, plan=plan))
    return plan


def as_served(project: Project, yard: Connection) -> Plan:
    """The plan over the sources as they are or, where they changed, as the champion knew them."""
    past = known(project, yard)
    try:
        return held(project, past)
    except SchemaChanged:
        columns = {id_: pin.columns for id_, pin in past[0].input.sources.items()}
        steps = {id(node.step): columns[node.id] for node in project.graph.steps if node.id in columns}

        def peek(step: TableStep, ctx: Context) -> Schema:
            told = steps.get(id(step))
            return step.peek(ctx) if told is None else Schema(tuple(Column(name=n, kind=k) for n, k in told.items()))

        return project.plan(peek)


def known(project: Project, where: Connection | Place, champion: str | None = None) -> list[Past]:
    """What the champion of that store (or that digest) learned from, and what came after it; nothing without one."""
    if isinstance(where, Place):
        if not where.exists:
            return []
        with opened(where) as yard:
            return known(project, yard, champion)
    with where.metadata.begin() as sql:
        return past_of(sql, project.head.name, champion)
