"""Out-of-fold answers as rows of their own: what thresholds and watching learn from, since no model saw its row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from modelyard.rows.table import Floats, Table, Vector
from modelyard.run.data import Data
from modelyard.run.split import Fold, Rows
from modelyard.run.work import FoldScores
from modelyard.schema.contract import Contract, Field
from modelyard.schema.target import Outcome
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.engine import Scorer
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Learned
from modelyard.step.step import Learns


class Unfolded(Struct, frozen=True, eq=False):
    """`rows` (m,): positions in the table, each once. scores (m, K)."""

    rows: Rows
    scores: Floats


def unfold(folds: Sequence[Fold], scores: Sequence[FoldScores], rows: int) -> Unfolded:
    """Each row by the first fold that tested it (repeats test it again)."""
    seen = np.zeros(rows, dtype=np.bool_)
    positions, answers = [], []
    for fold, found in zip(folds, scores, strict=True):
        new = ~seen[fold.test]
        seen[fold.test] = True
        positions.append(fold.test[new])
        answers.append(found.scores[new])
    return Unfolded(np.concatenate(positions), np.concatenate(answers))


def score_columns(scores: Floats) -> dict[str, Vector]:
    """score[0], score[1] …"""
    return {f"score[{k}]": Vector("number", np.ascontiguousarray(scores[:, k])) for k in range(scores.shape[1])}


def decided(steps: Sequence[Learns], unfolded: Unfolded, data: Data, ctx: Context) -> tuple[Learned, ...]:
    """What decide.* steps learn from out-of-fold scores."""
    rows = unfolded.rows
    batch = Batch(
        X=data.table.take(rows).with_(score_columns(unfolded.scores)),
        y=data.y[rows],
        weight=None if data.weight is None else data.weight[rows],
        time=None if data.time is None else data.time[rows],
    )
    return tuple(step.learn(batch, ctx).learned for step in steps)


def decisions(scores: Floats, learned: Sequence[Learned], outcome: Outcome) -> Floats:
    """(n,) predictions from scores (n, K), by the same instructions that will serve."""
    columns = score_columns(scores)
    builder = ProgramBuilder(Contract(tuple(Field(name=name, kind="number") for name in columns)))
    builder.score(range(len(columns)))
    for one in learned:
        one.emit(builder)
    return Scorer(builder.finish(outcome)).table(Table(columns, len(scores))).prediction
