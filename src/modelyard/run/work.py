"""One piece of a comparison: a candidate learned on a fold's training rows, and what it answers on its test rows.

The same function runs here and in worker processes; its result is small and is what the cache keeps.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from modelyard.errors import ModelyardError
from modelyard.rows.table import Floats
from modelyard.run.cache import Cache, array_key
from modelyard.run.data import Data
from modelyard.run.learn import Memory, Recipe, keys, learn, root_key
from modelyard.run.split import Fold, Rows
from modelyard.run.target import transformed, undone
from modelyard.schema.target import Transform
from modelyard.scoring.cost import cost
from modelyard.scoring.engine import Scorer
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.step.intake import take_in


class FoldScores(Struct, frozen=True, kw_only=True, eq=False):
    """Answers on the test rows of one fold. scores (m, K), prediction (m,). `error`: why there are none."""

    scores: Floats
    prediction: Floats
    cost: float
    seconds: float
    error: str = ""


class Setting(Struct, frozen=True, kw_only=True):
    """What all pieces of one comparison have in common. `data`: the digest of the rows."""

    data: str
    context: Context
    transform: Transform | None = None


class Piece(Struct, frozen=True, kw_only=True, eq=False):
    """`key` names its result."""

    recipe: Recipe
    fold: int
    rows: Fold
    key: str
    root: str


def pieces(recipes: Sequence[Recipe], folds: Sequence[Fold], setting: Setting) -> tuple[Piece, ...]:
    """Every recipe on every fold, fold by fold. A fold's rows are hashed once, not once a recipe."""
    hashed = [(array_key(rows.train), array_key(rows.test)) for rows in folds]
    return tuple(
        _piece(recipe, fold, rows, train, test, setting)
        for fold, (rows, (train, test)) in enumerate(zip(folds, hashed, strict=True))
        for recipe in recipes
    )


def _piece(recipe: Recipe, fold: int, rows: Fold, train: str, test: str, setting: Setting) -> Piece:
    """The piece, and the key that says whether it was done before. `train`, `test`: the digests of its rows."""
    root = root_key(setting.data, train, recipe.inputs, setting.context)
    last = keys(recipe, root, setting.context)[-1]
    parts = [last, test, setting.transform or "", *recipe.drops]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return Piece(recipe=recipe, fold=fold, rows=rows, key=key, root=root)


def refused(error: str) -> FoldScores:
    """No answers, and why."""
    return FoldScores(scores=np.empty((0, 0)), prediction=np.empty(0), cost=0.0, seconds=0.0, error=error)


def perform(todo: Piece, data: Data, setting: Setting, memory: Memory) -> FoldScores:
    """Learn and answer. What a library or the rows refuse is the candidate's failure, told in `error`, and not cached;
    a success is."""
    began = time.perf_counter()
    try:
        scores = _scores(todo, data, setting, memory)
    except ModelyardError as error:
        return refused(str(error))
    done = replace(scores, seconds=time.perf_counter() - began)
    if memory.cache is not None:
        memory.cache.put(todo.key, done)
    return done


def _scores(todo: Piece, data: Data, setting: Setting, memory: Memory) -> FoldScores:
    ctx = setting.context
    chain = learn(todo.recipe, batch(data, todo.rows.train, todo.recipe, setting), todo.root, ctx, memory)
    more = () if setting.transform is None else (undone(setting.transform).learned,)
    program = chain.program(ctx, *more)
    test = take_in(data.table.take(todo.rows.test), program.takes)
    answers = Scorer(program).table(test)
    return FoldScores(scores=answers.scores, prediction=answers.prediction, cost=cost(program), seconds=0.0)


def batch(data: Data, rows: Rows, recipe: Recipe, setting: Setting) -> Batch:
    """Rows to learn from, the target transformed."""
    return Batch(
        X=data.table.select(recipe.inputs).take(rows),
        y=transformed(data.y[rows], setting.transform),
        weight=_taken(data.weight, rows),
        group=_taken(data.group, rows),
        time=_taken(data.time, rows),
    )


def _taken(values: Floats | None, rows: Rows) -> Floats | None:
    return None if values is None else values[rows]


def finished(todo: Piece, cache: Cache) -> FoldScores | None:
    return cache.get(todo.key, FoldScores)
