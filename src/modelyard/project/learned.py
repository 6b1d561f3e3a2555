"""The learned side of a plan: chains, the columns along them, and what a chain must not touch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from modelyard.errors.data import BadSelector
from modelyard.errors.project import BadPlan
from modelyard.project.graph import Graph, Node
from modelyard.project.place import placed
from modelyard.project.read import Document
from modelyard.schema.expression import parse
from modelyard.schema.schema import Schema
from modelyard.schema.selector import choose, said
from modelyard.step.context import Context
from modelyard.step.step import Learns, Step, TableStep

NOT_FOR_MODELS = ("datetime", "text")


def chain_to(graph: Graph, id_: str, document: Document) -> tuple[str, tuple[Node, ...]]:
    """(id of the table step it starts from, its learned steps in order, `id_` last if it is one)."""
    chain: list[Node] = []
    node = graph[id_]
    while not isinstance(node.step, TableStep):
        if not isinstance(node.step, Learns) or len(node.after) != 1:
            where = document.where(node.path)
            found = "a learned step follows one step that gives rows" if node.after else "there is no table before it"
            raise BadPlan(found, who=node.who, where=where, way_out="Name a table step or a learned one by `after:`")
        chain.append(node)
        node = graph[node.after[0].id]
    return node.id, tuple(reversed(chain))


def columns_after(chain: Sequence[Node], given: Schema, secret: Iterable[str], ctx: Context, doc: Document) -> Schema:
    """The columns after each step but models, from the table on. `secret`: the target and all that knows it.

    Roles stay: an expression may read the time; only selectors and models may not."""
    secrets = frozenset(secret)
    now = given.without(secrets)
    for node in chain:
        step = node.step
        if isinstance(step, Learns):
            with placed(node, doc):
                _no_secrets(step, given, secrets, ctx)
                now = _after(node, step, now, ctx)
    return now


def scaled_by(chain: Sequence[Node], given: Schema, secret: Iterable[str], ctx: Context, doc: Document) -> set[str]:
    """Columns that a `clean.scale` of the chain brings to scale, or names as those that it does not (`{not: …}`), and
    those made after the first one: of what has a scale."""
    scales = [at for at, node in enumerate(chain) if node.kind == "clean.scale"]
    done: set[str] = set()
    for at in scales:
        columns = _selector(chain[at].step)
        now = columns_after(chain[:at], given, secret, ctx, doc)
        done |= set(now.names) if isinstance(columns, dict) else set(choose(columns, now, ctx.hidden))
    if scales:
        before = columns_after(chain[: scales[0]], given, secret, ctx, doc)
        done |= set(columns_after(chain, given, secret, ctx, doc).names) - set(before.names)
    return done


def visible(schema: Schema, ctx: Context) -> Schema:
    """What a model would see of these columns."""
    hidden = set(ctx.hidden)
    return Schema(tuple(c for c in schema if c.name not in hidden and c.kind not in NOT_FOR_MODELS))


def texts_left(schema: Schema, ctx: Context) -> tuple[str, ...]:
    """Columns of text that a request carries and that are for reading."""
    hidden = set(ctx.hidden)
    return tuple(c.name for c in schema if c.kind == "text" and c.origin == "input" and c.name not in hidden)


def _after(node: Node, step: Learns, given: Schema, ctx: Context) -> Schema:
    after = step.schema(given, ctx)
    columns = _selector(step)
    if node.kind == "clean.impute" and columns is not None:
        filled = choose(columns, given, ctx.hidden)
        after = after.with_(*(replace(after[name], nullable=False) for name in filled if name in after.names))
    return after


def _selector(step: Step) -> Any:
    """Its `columns:` where that selects, and does not define."""
    columns = getattr(step, "columns", None)
    defines = isinstance(columns, dict) and set(columns) != {"not"}
    return None if defines else columns


def _no_secrets(step: Learns, given: Schema, secrets: frozenset[str], ctx: Context) -> None:
    columns = getattr(step, "columns", None)
    named: set[str] = set()
    if isinstance(columns, dict) and _selector(step) is None:
        for text in columns.values():
            named |= set(parse(text).names) if isinstance(text, str) else set()
    elif columns is not None:
        named |= said(columns)
    known = sorted(named & secrets & set(given.names))
    if known:
        target = known[0] == ctx.target
        why = "is the target" if target else "is what the target is made of, and not known when predicting"
        raise BadSelector(f"{known[0]!r} {why}", way_out="Choose other columns")
