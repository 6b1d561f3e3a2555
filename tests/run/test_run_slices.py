"""Numbers per group are those of the group's rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from run_projects import CLASSES, planned
from sklearn.metrics import roc_auc_score

from modelyard.run.data import read_data
from modelyard.run.engine import Comparing, run
from modelyard.scoring.engine import Scorer
from modelyard.step.intake import take_in
from modelyard.store.metadata import Metadata
from modelyard.store.packages import open_package
from modelyard.store.place import Store


def test_each_slice_has_the_metric_of_its_own_rows(tmp_path: Path) -> None:
    body = CLASSES.replace("ignore: [price]", "ignore: [price], sensitive: town").replace(
        "split: {kind", "slices: [b]\n    split: {kind"
    )
    plan = planned(tmp_path, body)
    store = Store(tmp_path / "yard").make()
    with Metadata(f"sqlite:///{store.root / 'meta.db'}") as metadata:
        result = run(plan, store, metadata, now=1, cores=1)
    work = Comparing.of(plan, read_data(plan), 1, store)
    rows = work.parts.holdout
    held = work.data.table.take(rows)
    program = open_package(store, result.package.digest).program
    scores = Scorer(program).table(take_in(held, program.takes)).scores[:, 1]
    towns = [one for one in result.slices if one.column == "town"]
    assert {one.value for one in towns} == {"bonn", "oslo", "rome"}
    for one in towns:
        own = held["town"] == held.vector("town").categories.index(one.value)
        assert one.rows == own.sum()
        assert one.interval.value == pytest.approx(roc_auc_score(work.data.y[rows][own], scores[own]))
    quarters = [one.rows for one in result.slices if one.column == "b"]
    assert len(quarters) == 4
    assert sum(quarters) == len(rows)
    assert np.ptp(quarters) <= 2
