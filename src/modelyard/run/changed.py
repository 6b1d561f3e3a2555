"""Whether the sources are as they were when the champion learned from them: asked before a row is read.

A column that was renamed, lost or filled with something else makes a model of other things under the same name, and
nothing downstream would say so. The file may be changed at will: compared are the sources, and of what the file says of
a source (`columns:`, `types:`, how it is read) nothing counts as a change of the source.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from modelyard.errors.data import SchemaChanged
from modelyard.project.graph import Graph, Node
from modelyard.project.plan import BASELINE, Plan
from modelyard.project.read import Document
from modelyard.schema.changes import Change, changes, other_name, same_kind
from modelyard.schema.pin import Input
from modelyard.schema.schema import Schema
from modelyard.step.step import Step
from modelyard.store.versions import Version, champion, find, listed

WHERE = frozenset({
    "path", "connection", "table", "sheet", "parameters", "paging", "where", "order", "since", "since_as", "at_most",
    "cursor", "cursor_key", "quarantine", "columns", "types",
})  # fmt: skip
"""Parameters of read steps that say where the rows lie and which of them; `columns:` and `types:` are looked at column
by column. All others say how to read, and whoever changes one of them changes what is seen."""

_WORD = re.compile(r"[^\W\d]\w*|(?<=`)[^`]+(?=`)")
SHOWN = 8
"""Changes that an error names."""


class Past(Struct, frozen=True):
    """A version, as people name it, and what it learned from."""

    version: str
    input: Input


def asked(step: Step) -> str:
    """16 hex digits: the same for steps that read the same rows as the same columns, wherever these lie."""
    told: dict[str, Any] = msgspec.to_builtins(step)
    how = {name: value for name, value in told.items() if name not in WHERE}
    return hashlib.sha256(msgspec.json.encode(how, order="sorted")).hexdigest()[:16]


class Seen(Struct, frozen=True, kw_only=True, eq=False):
    """A file over its sources as they are now. `peeked`: by the id of the read step; `plan`: None where the file does
    not fit them."""

    graph: Graph
    document: Document
    peeked: Mapping[str, Schema]
    plan: Plan | None = None


def past_of(sql: Connection, model: str, digest: str | None = None) -> list[Past]:
    """The champion (or the version of that digest) and the versions after it that tell what they learned from; nothing
    where the champion does not tell."""
    served = champion(sql, model) if digest is None else None
    first = served[0] if served is not None else find(sql, model, digest=digest) if digest is not None else None
    if first is None or _input(first) is None:
        return []
    later = [first, *(one for one in listed(sql, model) if one.version > first.version)]
    return [Past(f"{model}@{one.version}", read) for one in later if (read := _input(one)) is not None]


def _input(version: Version) -> Input | None:
    told: dict[str, Any] = msgspec.json.decode(version.document)
    read = told.get("input")
    return None if read is None else msgspec.convert(read, Input)


def hold(past: Sequence[Past], seen: Seen) -> None:
    """`past`: the champion first, then the versions made after it. A source that is as it was for one of those was
    accepted by a person.

    Raises SchemaChanged, naming what the champion's sources had and have."""
    found = [list(_changed(one, seen)) for one in past]
    if found and all(found):
        raise _error(past[0], found[0], seen.document)


def _changed(past: Past, seen: Seen) -> Iterator[tuple[Node, list[Change]]]:
    """Each read step whose source is another, and how."""
    learned = _learned(seen.plan).difference(_named(seen))
    for node in seen.graph.steps:
        pin = past.input.sources.get(node.id)
        if pin is not None and node.id in seen.peeked and pin.asked in ("", asked(node.step)):
            now = {column.name: column.kind for column in seen.peeked[node.id]}
            found = [one for one in changes(pin.columns, now) if not _said(one, node.step)]
            stops = [one for one in found if _matters(one, past.input, seen.plan, learned)]
            if stops:
                yield node, [one for one in found if one in stops or (one.was is None and _gone(stops))]


def _gone(found: Sequence[Change]) -> bool:
    return any(one.now is None for one in found)


def _said(one: Change, step: Step) -> bool:
    """Whether the file itself says so: it lists the columns, or tells this one's kind."""
    columns, types = getattr(step, "columns", None), getattr(step, "types", None) or {}
    if one.now is None:
        return columns is not None and one.column not in columns
    return one.column in types or (one.was is None and columns is not None)


def _matters(one: Change, read: Input, plan: Plan | None, learned: frozenset[str]) -> bool:
    """A column that was learned from and is not what it was; or a new one that would be learned from."""
    if one.was is None:
        return one.column in learned
    was = read.columns.get(one.column)
    if was is None:
        return False
    if plan is None or one.column not in plan.schema.places:
        return True
    return not same_kind(was, plan.schema[one.column].kind)


def _learned(plan: Plan | None) -> frozenset[str]:
    """The columns that a model would see, or what a step makes of them."""
    if plan is None:
        return frozenset()
    wanted = [one for one in plan.candidates if one.model.kind != BASELINE] or plan.candidates
    kept = (name for one in wanted for name in frozenset(plan.inputs).difference(one.drops))
    return frozenset(kept).union(_made_of(feature, plan) for one in wanted for feature in one.features)


def _named(seen: Seen) -> frozenset[str]:
    """Words of the file's steps, alone or in expressions: a new column that a person wrote there is wanted."""
    found: set[str] = set()
    for text in _texts([node.written for node in seen.graph.steps if node.after]):
        found.update((text, *_WORD.findall(text)))
    return frozenset(found)


def _texts(told: object) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict):
        yield from _texts([*told, *told.values()])
    elif isinstance(told, list | tuple):
        for one in told:
            yield from _texts(one)


def _made_of(feature: str, plan: Plan) -> str:
    """The column that it is called after (`seen_hour`, `town=*`)."""
    ends = range(len(feature), 0, -1)
    return next((feature[:end] for end in ends if feature[:end] in plan.schema.places), "")


def _error(past: Past, found: Sequence[tuple[Node, list[Change]]], document: Document) -> SchemaChanged:
    node, some = found[0]
    told = [str(one) for _, each in found for one in each]
    more = f"; and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return SchemaChanged(
        f"the source is not what {past.version} learned from: {'; '.join(told[:SHOWN])}{more}",
        who=node.who,
        where=document.where(node.path),
        way_out=" ".join(_ways(some)),
    )


def _ways(found: Sequence[Change]) -> Iterator[str]:
    for one in [one for one in found if one.now is None][:2]:
        name = other_name(one, found)
        if name is not None:
            rename = f"rename: {{{name}: {one.column}}}"
            yield f"If {name!r} is {one.column!r}: {{use: table.select, {rename}, at_serving: from_request}}."
    if not _gone(found) and any(one.was is None for one in found):
        yield "Leave what is new out by `roles: {ignore: [...]}` or `columns:` of the read step."
    yield "Mend the source, or tell the file what it is now (`types:`, `columns:`)."
    yield "To learn from it as it is: modelyard run --accept-schema"
