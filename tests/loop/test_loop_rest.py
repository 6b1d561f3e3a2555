"""A batch whose rows come from a web service, page by page, into the same log; one that fails leaves no answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from churn import COMPARED, HEAD, NOW, rows

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

STEPS = """connections:
  - {{name: crm, kind: rest, url: "{url}", reach: local, auth: {{kind: bearer, token: "${{CRM_TOKEN}}"}}}}
steps:
  - {{use: read.rest, connection: crm, path: /customers, records: data, paging: {{kind: offset, size: 100}}}}
  - {compared}
live:
  - {{use: deploy.service}}
  - {{use: deploy.batch, id: nightly, every: 1d, write: {{path: out.parquet}},
     read: {{connection: crm, path: /now, records: data, paging: {{kind: offset, size: 10}}}}}}
"""


def documents(n: int, seed: int) -> list[dict[str, Any]]:
    found = rows(n, seed).iter_rows(named=True)
    return [{**row, "seen": row["seen"].isoformat(), "more": {"x": None}} for row in found]


class Crm:
    def __init__(self) -> None:
        self.tables = {"/customers": documents(300, 1), "/now": documents(25, 2)}
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
        (tmp_path / "modelyard.yaml").write_text(HEAD + STEPS.format(url=service.url, compared=COMPARED))
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
