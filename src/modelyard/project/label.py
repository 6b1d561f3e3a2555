"""Where the target comes from: what it is derived of is label too, and never a feature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from modelyard.errors.project import BadPlan
from modelyard.project.graph import Node
from modelyard.schema.expression import parse
from modelyard.schema.schema import Schema
from modelyard.schema.target import LabelRule
from modelyard.step.step import TableStep


class Label(Struct, frozen=True):
    """`rule` turns late truths into the label; `columns`: everything that knows the label, target included."""

    rule: LabelRule
    columns: frozenset[str]


def label(target: str, tables: Sequence[Node], schemas: Mapping[str, Schema], known_after: int = 0) -> Label:
    """From the table steps in order; a label is known `known_after` µs late.

    Raises BadPlan where the target is derived of derived columns.

    `late: arr_delay > 15` makes `arr_delay` a label column, and so whatever else is derived from it."""
    derived = {name: (parse(text).names, text, node) for node in tables for name, text in derives(node).items()}
    if target not in derived:
        return Label(LabelRule(parents=(target,)), _knowing({target}, made_of(tables, schemas, known_after)))
    parents, text, node = derived[target]
    late = next((name for name in parents if name in derived), None)
    if late is not None:
        raise BadPlan(
            f"the target {target!r} is derived from {late!r}, which is derived itself",
            who=node.who,
            where=node.path,
            way_out=f"Write {target!r} in one expression of columns that were read",
        )
    knowing = _knowing({target, *parents}, made_of(tables, schemas, known_after))
    return Label(LabelRule(parents=parents, expression=text), knowing)


def derives(node: Node) -> dict[str, str]:
    """The expressions of a table.derive step; of any other step none."""
    columns = getattr(node.step, "columns", None)
    return dict(columns) if node.kind == "table.derive" and isinstance(columns, dict) else {}


def made_of(tables: Sequence[Node], schemas: Mapping[str, Schema], known_after: int) -> dict[str, tuple[str, ...]]:
    """Every column that a table step makes of others (`TableStep.knows`) -> those."""
    found: dict[str, tuple[str, ...]] = {}
    for node in tables:
        if isinstance(node.step, TableStep) and node.after:
            given = (schemas[port.id] for port in node.after)
            for name, parents in node.step.knows(known_after, *given).items():
                found[name] = (*found.get(name, ()), *parents)
    return found


def _knowing(known: set[str], derived: dict[str, tuple[str, ...]]) -> frozenset[str]:
    """`known`, and every column derived from one of them, however indirectly."""
    for _ in derived:
        known |= {name for name, parents in derived.items() if known & set(parents)}
    return frozenset(known)
