"""An entry of `candidates:` as a node: a kind, or a kind with an id and parameters."""

from __future__ import annotations

from typing import Any

from modelyard.errors import did_you_mean
from modelyard.errors.project import BadPlan, UnknownStep
from modelyard.project.decode import decode, field_names, known_keys
from modelyard.project.environment import Environment
from modelyard.project.graph import Node
from modelyard.project.read import Document
from modelyard.step.registry import Registry


def candidate_node(entry: str | dict[str, Any], raw: Any, path: str, registry: Registry, document: Document) -> Node:
    """`model.ridge` or `{use: model.ridge, id: strong, alpha: 10.0}`. Its name is its id, else the kind's last word.

    `raw` is the entry as written, variables unexpanded: it goes to cache keys and lineage."""
    data = {"use": entry} if isinstance(entry, str) else entry
    kind = data.get("use")
    where = document.where(path)
    if not isinstance(kind, str) or kind not in registry:
        raise UnknownStep(f"no step kind {kind!r}", where=where, way_out=did_you_mean(str(kind), registry))
    if not kind.startswith("model."):
        raise BadPlan(f"{kind} is no model", where=where, way_out="Name kinds that begin with model.")
    cls = registry[kind]
    known_keys(data, ("use", "id", *field_names(cls)), path, document, kind)
    values = {key: value for key, value in data.items() if key not in ("use", "id")}
    written = {key: raw[key] for key in values} if isinstance(raw, dict) else values
    step = decode(values, cls, path, document, Environment({}), kind)
    id_ = str(data.get("id", kind.rpartition(".")[2]))
    return Node(id=id_, kind=kind, step=step, path=path, line=document.line(path), written=written)
