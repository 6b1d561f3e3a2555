"""Learning one chain on one set of rows: each step learns from what the program made of the steps before it.

A step's key says everything that its learning depends on: the rows, the steps before it, its parameters, seed and
library versions. What has a key in the memory or in the cache is not learned again, so candidates that share a chain
share its beginning.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import msgspec
from msgspec import Struct

from modelyard.errors import ModelyardError
from modelyard.errors.run import StepFailed
from modelyard.rows.table import Table
from modelyard.run.cache import Cache, step_key
from modelyard.schema.contract import Contract
from modelyard.schema.rules import ColumnRule
from modelyard.schema.selector import choose
from modelyard.scoring.program import Program
from modelyard.step.chain import compile_chain, replay
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.intake import learn_fields, take_in
from modelyard.step.selection import Dropped
from modelyard.step.step import Learns

LEARNERS = ("modelyard", "numpy", "scikit-learn", "lightgbm", "scipy")


class Link(Struct, frozen=True, kw_only=True):
    """One learned step of a chain, as it travels to a worker: no node, no file, no secret. `prepared`: not of the
    file, but put there by `prepare: auto`."""

    id: str
    kind: str
    step: Learns
    prepared: bool = False


class Recipe(Struct, frozen=True, kw_only=True):
    """A candidate as it is learned. `drops`: columns gone just before the model."""

    name: str
    links: tuple[Link, ...]
    drops: tuple[str, ...]
    inputs: tuple[str, ...]
    rules: tuple[ColumnRule, ...] = ()
    id: str | None = None
    time: str | None = None


class Chain(Struct, frozen=True, kw_only=True, eq=False):
    """What a recipe taught. `fitted`: one per link, with oracles where it was learned here and now."""

    takes: Contract
    fitted: tuple[Fitted, ...]

    def program(self, ctx: Context, *more: Learned) -> Program:
        """`more`: learned from scores, after the model."""
        if ctx.outcome is None:
            raise StepFailed("a program is of a known target")
        return compile_chain(self.takes, [*(one.learned for one in self.fitted), *more], ctx.outcome)


class Memory:
    """What was learned on one set of rows: by key, the learned step and the table after it."""

    def __init__(self, cache: Cache | None) -> None:
        self.cache = cache
        self.after: dict[str, tuple[Learned, Batch]] = {}
        self.learned = 0


def learn(recipe: Recipe, batch: Batch, root: str, ctx: Context, memory: Memory, afresh: bool = False) -> Chain:
    """`root`: the key of these rows. `afresh`: learn every step, for its oracle. Raises StepFailed, LearningFailed …"""
    fields = learn_fields(batch.X, recipe.inputs, ctx.zone)
    takes = Contract(fields, rules=recipe.rules, id=recipe.id, time=recipe.time, zone=ctx.zone)
    now = msgspec.structs.replace(batch, X=take_in(batch.X, takes))
    fitted: list[Fitted] = []
    for link, key in zip(recipe.links, keys(recipe, root, ctx), strict=True):
        last = len(fitted) == len(recipe.links) - 1
        if last:
            now = msgspec.structs.replace(now, X=now.X.without(recipe.drops))
        one, now = _step(link, key, now, ctx, memory, afresh or last, last)
        fitted.append(one)
    return Chain(takes=takes, fitted=tuple(fitted))


def keys(recipe: Recipe, root: str, ctx: Context) -> list[str]:
    """One key per link; the last one is that of the whole recipe on these rows."""
    made, key, versions = [], root, libraries()
    for link in recipe.links:
        key = step_key(link.step, key, seed=ctx.seed, libraries=versions)
        made.append(key)
    return made


def _step(
    link: Link, key: str, now: Batch, ctx: Context, memory: Memory, afresh: bool, model: bool
) -> tuple[Fitted, Batch]:
    if not afresh and key in memory.after:
        learned, after = memory.after[key]
        return Fitted(learned), after
    kind = None if afresh else kind_of(link)
    known = None if kind is None or memory.cache is None else memory.cache.get(key, kind)
    if known is not None:
        fitted = Fitted(known)
    else:
        fitted = _learned(link, now, ctx)
        memory.learned += 1
    if model:
        return fitted, now
    after = fitted.train or msgspec.structs.replace(now, X=replay(fitted.learned, now.X))
    memory.after[key] = fitted.learned, after
    if known is None and memory.cache is not None and fitted.train is None and isinstance(fitted.learned, kind or ()):
        memory.cache.put(key, fitted.learned)
    return fitted, after


def _learned(link: Link, batch: Batch, ctx: Context) -> Fitted:
    step = _left(link.step, batch.X, ctx) if link.prepared else link.step
    if step is None:
        return Fitted(Dropped(drops=()))
    try:
        return step.learn(batch, ctx)
    except ModelyardError:
        raise
    except Exception as error:
        raise StepFailed(f"{type(error).__name__}: {error}", who=f"{link.kind} {link.id!r}") from error


def _left(step: Learns, table: Table, ctx: Context) -> Learns | None:
    """A prepared step on what the selections before it left of its columns, which are known only now; None where that
    is nothing. A step of the file names its columns itself, and a missing one is told."""
    columns = getattr(step, "columns", None)
    if columns is None:
        return step
    named = _members(columns, table) if isinstance(columns, tuple) else columns
    there = choose(named, table.schema, ctx.hidden)
    return msgspec.structs.replace(step, columns=there) if there else None


def _members(columns: Sequence[str], table: Table) -> tuple[str, ...]:
    """Of the columns named those that are there, of an open group (`pca=*`) every one that it became."""
    open_groups = tuple(name[:-1] for name in columns if name.endswith("=*"))
    asked = set(columns)
    return tuple(name for name in table.names if name in asked or name.startswith(open_groups))


def kind_of(link: Link) -> type[Learned] | None:
    """The Learned that a kind makes: the one in its module with its tag. Without one, nothing of it is cached."""
    module = sys.modules[type(link.step).__module__]
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Learned) and value.__struct_config__.tag == link.kind:
            return value
    return None


def root_key(data: str, rows: str, recipe_inputs: Sequence[str], ctx: Context) -> str:
    """The key of a set of rows, as learning sees it: the data's digest, which rows, which columns, target, zone."""
    parts = [data, rows, list(recipe_inputs), msgspec.to_builtins(ctx.outcome), ctx.zone, ctx.target]
    return hashlib.sha256(msgspec.json.encode([*parts, msgspec.to_builtins(ctx.roles)])).hexdigest()


def libraries(names: Sequence[str] = LEARNERS) -> dict[str, str]:
    found: Mapping[str, str | None] = {name: _version(name) for name in names}
    return {name: text for name, text in found.items() if text is not None}


@cache  # asked for every piece of a comparison, and read from the disk
def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
