"""What an engine and its workers say to each other: length-prefixed blobs of plain data, no pickle.

A worker is told once what all pieces share, then one piece at a time; it answers with the error, if any. Scores travel
by the cache, where they have to be anyway.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec
from msgspec import Struct

from modelyard.package.codec import from_blob, to_blob
from modelyard.run.learn import Link, Recipe
from modelyard.run.split import Fold
from modelyard.run.work import Piece, Setting
from modelyard.schema.roles import Roles
from modelyard.schema.rules import ColumnRule
from modelyard.schema.target import Outcome, Transform
from modelyard.step.context import Context
from modelyard.step.registry import Registry
from modelyard.step.step import Learns

T = TypeVar("T")


class Shared(Struct, frozen=True, kw_only=True):
    """The setting, as told. `rows`: the folder of the rows; `cache`: that of results."""

    rows: str
    cache: str
    data: str
    folder: str
    seed: int
    cores: int
    roles: Roles
    target: str | None
    outcome: Outcome | None
    zone: str
    transform: Transform | None


class _Told(Struct, frozen=True, kw_only=True):
    id: str
    kind: str
    step: dict[str, Any]
    prepared: bool


class Task(Struct, frozen=True, kw_only=True, eq=False):
    """A piece, as told."""

    name: str
    links: tuple[_Told, ...]
    drops: tuple[str, ...]
    inputs: tuple[str, ...]
    rules: tuple[ColumnRule, ...]
    fold: int
    rows: Fold
    key: str
    root: str


class Done(Struct, frozen=True, kw_only=True):
    key: str
    error: str = ""


def shared(setting: Setting, rows: Path, cache: Path, cores: int) -> Shared:
    ctx = setting.context
    return Shared(
        rows=str(rows),
        cache=str(cache),
        data=setting.data,
        folder=str(ctx.folder),
        seed=ctx.seed,
        cores=cores,
        roles=ctx.roles,
        target=ctx.target,
        outcome=ctx.outcome,
        zone=ctx.zone,
        transform=setting.transform,
    )


def setting_of(told: Shared) -> Setting:
    context = Context(
        folder=Path(told.folder),
        seed=told.seed,
        cores=told.cores,
        roles=told.roles,
        target=told.target,
        outcome=told.outcome,
        zone=told.zone,
    )
    return Setting(data=told.data, context=context, transform=told.transform)


def task(piece: Piece) -> Task:
    recipe = piece.recipe
    links = tuple(
        _Told(id=one.id, kind=one.kind, step=msgspec.to_builtins(one.step), prepared=one.prepared)
        for one in recipe.links
    )
    return Task(
        name=recipe.name,
        links=links,
        drops=recipe.drops,
        inputs=recipe.inputs,
        rules=recipe.rules,
        fold=piece.fold,
        rows=piece.rows,
        key=piece.key,
        root=piece.root,
    )


def piece_of(told: Task, registry: Registry) -> Piece:
    links = tuple(_link(one, registry) for one in told.links)
    recipe = Recipe(name=told.name, links=links, drops=told.drops, inputs=told.inputs, rules=told.rules)
    return Piece(recipe=recipe, fold=told.fold, rows=told.rows, key=told.key, root=told.root)


def _link(told: _Told, registry: Registry) -> Link:
    kind = registry[told.kind]
    if not issubclass(kind, Learns):
        raise TypeError(f"{told.kind} does not learn")
    return Link(id=told.id, kind=told.kind, step=msgspec.convert(told.step, kind), prepared=told.prepared)


def send(pipe: IO[bytes], message: object) -> None:
    blob = to_blob(message)
    pipe.write(len(blob).to_bytes(8, "little") + blob)
    pipe.flush()


def receive(pipe: IO[bytes], kind: type[T]) -> T | None:
    """The next message, or None where the other side is gone."""
    length = pipe.read(8)
    if len(length) < 8:
        return None
    blob = pipe.read(int.from_bytes(length, "little"))
    return from_blob(blob, kind) if len(blob) == int.from_bytes(length, "little") else None
