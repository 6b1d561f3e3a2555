"""The libraries' own answer for whole rows: every step by its own library, none of it by our program."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modelyard.errors.run import StepFailed
from modelyard.rows.table import Floats, Table, Vector
from modelyard.run.learn import Chain
from modelyard.run.unfold import score_columns
from modelyard.step.chain import replay
from modelyard.step.fitted import Fitted


def library_scores(chain: Chain, drops: Sequence[str], after: Sequence[Fitted], table: Table) -> Floats:
    """(n, K). `table`: rows as the chain takes them; `after`: what follows the model, learned from no rows (the way
    back from a transformed target). A step without an oracle is replayed."""
    for fitted in chain.fitted[:-1]:
        table = _applied(fitted, table)
    scores = _asked(chain.fitted[-1], table.without(drops))
    for fitted in after:
        scores = _asked(fitted, Table(score_columns(scores), len(scores)))
    return scores


def _applied(fitted: Fitted, table: Table) -> Table:
    if fitted.oracle is None:
        return replay(fitted.learned, table)
    values = fitted.oracle(table).reshape(len(table), -1)
    made = {
        field.name: Vector(field.kind, np.ascontiguousarray(values[:, place]), field.categories)
        for place, field in enumerate(fitted.learned.writes)
    }
    return table.with_(made).without(fitted.learned.removes)


def _asked(fitted: Fitted, table: Table) -> Floats:
    if fitted.oracle is None:
        raise StepFailed("a model without an oracle cannot be proved", who=type(fitted.learned).__name__)
    return fitted.oracle(table).reshape(len(table), -1)
