"""A batch whose rows come from a web service, page by page, into the same log; one that fails leaves no answers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from modelyard.api.project import Project
from modelyard.errors import ModelyardError
from modelyard.frame.rest import waiting
from modelyard.loop.batch import run_batches
from modelyard.loop.ship import ship
from modelyard.project.plan import Plan
from modelyard.run.engine import run
from modelyard.steps.deploy.batch import Batch
from modelyard.store.lake import Lake
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from web_service import Reply, Request, serving

DAY = 86_400_000_000
NOW = 19_700 * DAY + 5
FILE = """modelyard: 1
name: churn
task: classification
target: {{column: left, positive: true}}
roles: {{id: key, time: seen}}
connections:
  - {{name: crm, kind: rest, url: "{url}", reach: local, auth: {{kind: bearer, token: "${{CRM_TOKEN}}"}}}}
steps:
  - {{use: read.rest, connection: crm, path: /customers, records: data, paging: {{kind: offset, size: 100}}}}
  - {{use: evaluate.compare, candidates: [model.logistic_regression], split: {{kind: kfold, folds: 3}}}}
live:
  - {{use: deploy.service}}
  - {{use: deploy.batch, id: nightly, every: 1d, write: {{path: out.parquet}},
     read: {{connection: crm, path: /now, records: data, paging: {{kind: offset, size: 10}}}}}}
"""


def rows(n: int, seed: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    seen = [datetime(2013, 1, 1 + k % 20, 6, tzinfo=UTC).isoformat() for k in range(n)]
    return [
        {"key": f"k{seed}-{i:03}", "a": float(a[i]), "seen": seen[i], "left": bool(a[i] > 0), "more": {"x": None}}
        for i in range(n)
    ]


class Crm:
    def __init__(self) -> None:
        self.tables = {"/customers": rows(300, 1), "/now": rows(25, 2)}
        self.failing_from: int | None = None

    def answer(self, request: Request) -> Reply:
        assert request.headers["authorization"] == "Bearer word-83751062"
        at, size = int(request.query["offset"]), int(request.query["limit"])
        if self.failing_from is not None and at >= self.failing_from:
            return Reply(status=500)
        return Reply({"data": self.tables[request.path][at : at + size]})


def test_rows_of_a_service_are_scored_as_requests_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_TOKEN", "word-83751062")
    monkeypatch.setattr(waiting, "FIRST", 0.01)
    crm = Crm()
    with serving(crm.answer) as service:
        (tmp_path / "modelyard.yaml").write_text(FILE.format(url=service.url))
        store = Store(tmp_path / ".modelyard").make()
        plan: Plan = Project.load(tmp_path).plan()
        with Metadata(f"sqlite:///{store.root / 'meta.db'}") as metadata:
            run(plan, store, metadata, now=1, cores=1)
            crm.failing_from = 10
            with pytest.raises(ModelyardError, match="status 500"):
                run_batches(plan, store, metadata, NOW)
            assert not (tmp_path / "out.parquet").exists()
            crm.failing_from = None
            run_batches(plan, store, metadata, NOW)
            answers = pl.read_parquet(tmp_path / "out.parquet")
            assert sorted(answers["id"]) == [f"k2-{i:03}" for i in range(25)]
            truth = {row["key"]: row["left"] for row in crm.tables["/now"]}
            right = [truth[key] == said for key, said in answers.select("id", "prediction").iter_rows()]
            assert sum(right) >= 23
            ship(store, metadata)
    logged = Lake(store.lake).scan("predictions").collect()
    assert sorted(logged["id"]) == sorted(answers["id"])
    held = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in held if b"83751062" in path.read_bytes()]


def test_what_is_told_of_a_service_needs_one() -> None:
    told = {"every": "1d", "write": {"path": "out.csv"}}
    for wrong in ({"path": "in.csv", "records": "data"}, {"connection": "c", "table": "t", "parameters": {"a": 1}}):
        with pytest.raises(ModelyardError, match="of a web service"):
            msgspec.convert({**told, "read": wrong}, Batch)
