"""How many threads LightGBM learns with changes how long it takes, and no tree."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pytest

from modelyard.package.codec import to_blob
from modelyard.rows.table import Table, Vector
from modelyard.schema.target import Outcome
from modelyard.step.context import Context
from modelyard.step.fitted import Batch
from modelyard.steps.model.lightgbm import SHARE, Lightgbm


def numbers(rows: int, columns: int) -> Batch:
    random = np.random.default_rng(0)
    made = random.normal(size=(columns, rows))
    table = Table({f"x{place}": Vector("number", column) for place, column in enumerate(made)}, rows)
    return Batch(table, (made[:3].sum(axis=0) > random.normal(size=rows)).astype(float))


@pytest.mark.parametrize(("rows", "columns", "threads"), [(500, 20, 1), (SHARE // 10, 20, 2)])
def test_threads_are_as_many_as_there_is_work_for_and_the_trees_the_same(
    rows: int, columns: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, asked = numbers(rows, columns), list[int]()
    train = lightgbm.train

    def seen(parameters: dict[str, Any], *given: Any, **named: Any) -> Any:
        asked.append(parameters["num_threads"])
        return train(parameters, *given, **named)

    monkeypatch.setattr(lightgbm, "train", seen)
    outcome = Outcome(task="classification", classes=("no", "yes"), positive=1)
    one, two = (Lightgbm(trees=5).learn(batch, Context(outcome=outcome, cores=cores)).learned for cores in (1, 2))
    assert asked == [1, threads]
    assert to_blob(one) == to_blob(two)
