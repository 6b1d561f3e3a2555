"""The table side of a plan: schemas from the sources down, and where each column comes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from modelyard.errors.project import BadGraph, BadPlan
from modelyard.project.graph import Graph, Node, source
from modelyard.project.place import placed
from modelyard.project.read import Document
from modelyard.schema.column import Column
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.incremental import Incremental
from modelyard.step.step import TableStep

Peek = Callable[[TableStep, Context], Schema]


def peek(step: TableStep, ctx: Context) -> Schema:
    return step.peek(ctx)


def table_nodes(graph: Graph, document: Document) -> tuple[Node, ...]:
    """Raises BadPlan where one comes after a learned step: its rows could not be told apart from the model's."""
    for node in graph.steps:
        if isinstance(node.step, TableStep):
            learned = next((b for b in graph.before(node.id) if not isinstance(b.step, TableStep)), None)
            if learned is not None:
                way_out = f"Put it before {learned.id!r} (line {learned.line}), or use a derive.* or clean.* step"
                where = document.where(node.path)
                found = f"a table step after the learned step {learned.id!r}"
                raise BadPlan(found, who=node.who, where=where, way_out=way_out)
    return tuple(node for node in graph.steps if isinstance(node.step, TableStep))


def schemas(
    nodes: Sequence[Node], ctx: Context, document: Document, peek: Peek
) -> tuple[dict[str, Schema], dict[str, tuple[str, ...]]]:
    """The schema after each table step, and the columns that each of them makes, by id."""
    found: dict[str, Schema] = {}
    made: dict[str, tuple[str, ...]] = {}
    for node in nodes:
        with placed(node, document):
            given = [_given(node, found, port.id, port.output) for port in node.after]
            after = _after(node, given, ctx, peek)
            made[node.id] = () if not given else tuple(c.name for c in after if _made(c, given))
            found[node.id] = Schema(tuple(_origin(column, made[node.id], node) for column in after))
    return found, made


def _given(node: Node, found: dict[str, Schema], id_: str, output: str | None) -> Schema:
    if output is not None:
        raise BadGraph(f"{id_!r} has no output {output!r}", way_out=f"Write after: {id_}")
    return found[id_]


def _after(node: Node, given: list[Schema], ctx: Context, peek: Peek) -> Schema:
    step = node.step
    if not isinstance(step, TableStep):
        raise BadPlan("no table step")
    if source(type(step)):
        if given:
            raise BadGraph("a source follows nothing", way_out="Remove its `after:`")
        seen = peek(step, ctx)
        if isinstance(step, Incremental):
            step.checked(seen)
        return seen
    if not given:
        raise BadGraph("there is no table before it", way_out="Put a read step above it, or name one by `after:`")
    return step.schema(*given, ctx=ctx)


def _made(column: Column, given: list[Schema]) -> bool:
    """Made here: a new name, or one that the step says it made (a column of the table joined, a recomputed one)."""
    before = [schema[column.name] for schema in given if column.name in schema.names]
    return not before or (column.origin == "table" and not any(one.origin == "table" for one in before))


def _origin(column: Column, made: Sequence[str], node: Node) -> Column:
    """A request carries it, or a table step made it: then only if that step says that the caller sends it."""
    if column.name in made and column.origin != "label":
        return replace(column, origin="input" if node.at_serving else "table")
    return column


def from_request(nodes: Sequence[Node], made: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Columns that a table step makes in training and the caller must send: `at_serving: from_request`."""
    return tuple(dict.fromkeys(name for node in nodes if node.at_serving for name in made[node.id]))
