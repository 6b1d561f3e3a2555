"""`prepare: auto`: the impute, scale and encode steps that a model needs and its chain does not have.

By kind names through the registry, so that this room knows no step. Impute comes first, scaling before encoding, so
that 0/1 columns stay 0/1. No model reads text, so every one gets its commonest words, and not too many.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Any

import msgspec

from modelyard.project.graph import Node
from modelyard.schema.column import NUMERIC, Kind
from modelyard.schema.schema import Schema
from modelyard.step.registry import Registry
from modelyard.step.step import Learns

NUMBERS: tuple[Kind, ...] = (*NUMERIC, "boolean")
MOST_WORDS = 200
"""Columns of a text that nobody asked for: enough for a topic, few enough for a request of a hundredth of a ms more."""


def missing_steps(
    model: type[Learns], features: Schema, texts: Sequence[str] = (), done: Container[str] = ()
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(id, kind, parameters) of what is missing; `features`: what the model would read without; `texts`:
    columns of text that are left; `done`: columns that the chain scales, or says that it does not."""
    kinds = {column.kind for column in features}
    if "no_nulls" in model.needs:
        if _gaps(features, NUMERIC):
            yield "auto_impute", "clean.impute", {"columns": _named(features, NUMERIC, nullable=True)}
        if _gaps(features, ("boolean",)):
            named = _named(features, ("boolean",), nullable=True)
            yield "auto_impute_boolean", "clean.impute", {"columns": named, "strategy": "most_frequent"}
    if "scaled" in model.needs and (apart := [name for name in _unscaled(features) if name not in done]):
        yield "auto_scale", "clean.scale", {"columns": apart}
    if "numbers" in model.needs and "category" in kinds:
        yield "auto_one_hot", "encode.one_hot", {"columns": "category"}
    if texts:
        yield "auto_text", "encode.text_tfidf", {"columns": list(texts), "max_features": MOST_WORDS}


def prepared(id_: str, kind: str, parameters: dict[str, Any], registry: Registry) -> Node:
    """A node that is not in the file. Its id says so."""
    step = msgspec.convert(parameters, registry[kind])
    return Node(id=id_, kind=kind, step=step, written=parameters, prepared=True)


def _gaps(features: Schema, kinds: tuple[Kind, ...]) -> bool:
    return bool(_named(features, kinds, nullable=True))


def _unscaled(features: Schema) -> list[str]:
    """Names rather than `numeric`, so that 0/1 columns made before (flags, slots) stay as they are; of a group whose
    width is learned, all members."""
    return [column.name for column in features if column.kind in NUMERIC and not column.zero_one]


def _named(features: Schema, kinds: tuple[Kind, ...], nullable: bool = False) -> list[str]:
    return [
        column.name
        for column in features
        if column.kind in kinds and not column.open and (column.nullable or not nullable)
    ]
