"""The same word in two Unicode normal forms is one word: in training, requests and batches, as a label, in a rule."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from unicodedata import normalize

import httpx
import numpy as np
import polars as pl
import pytest

from modelyard.api.connection import connect
from modelyard.api.package import Package
from modelyard.api.project import Project
from modelyard.loop.batch import run_batches
from modelyard.loop.counting import counter, rebuilt
from modelyard.loop.ship import ship
from modelyard.loop.truths import labels
from modelyard.run.result import Result
from modelyard.serve.child import Server
from modelyard.store.lake import Lake
from modelyard.store.packages import open_package

COMPOSED, APART = normalize("NFC", "Zoë"), normalize("NFD", "Zoë")
YES, YES_APART = normalize("NFC", "é"), normalize("NFD", "é")
PROJECT = f"""modelyard: 1
name: shop
task: classification
target: {{column: good, positive: "{YES_APART}"}}
roles: {{id: key}}
steps:
  - {{use: read.csv, path: t.csv, types: {{note: text}}}}
  - {{use: check.rules, columns: {{town: {{categories: [{APART}, oslo, rome], else: warn}}}}}}
  - {{use: derive.expression, columns: {{there: 'town == "{APART}"'}}}}
  - {{use: evaluate.compare, candidates: [model.logistic_regression], split: {{kind: kfold, folds: 2}}}}
live:
  - {{use: deploy.batch, every: 1d, read: {{path: now.csv}}, write: {{path: out.parquet}}}}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A run over rows that have the town, and the class, in both forms."""
    folder = tmp_path_factory.mktemp("made")
    rng = np.random.default_rng(0)
    n = 300
    a, town = rng.normal(size=n).round(3), rng.choice([COMPOSED, APART, "oslo", "rome"], n)
    good = np.where(a + np.isin(town, [COMPOSED, APART]) > 0.3, rng.choice([YES, YES_APART], n), "n")
    note = [f"{word} was here" for word in town]
    table = pl.DataFrame({"key": [f"k{k}" for k in range(n)], "a": a, "town": town, "note": note, "good": good})
    table.write_csv(folder / "t.csv")
    (folder / "modelyard.yaml").write_text(PROJECT)
    return folder, Project.load(folder).run(cores=1)


def test_training_sees_one_category_and_two_classes(made: tuple[Path, Result]) -> None:
    folder, result = made
    model = Package.load(result.package.digest, folder / ".modelyard").model
    town = next(field for field in model.program.takes.fields if field.name == "town")
    assert town.categories == (COMPOSED, "oslo", "rome")
    assert model.program.takes.names == ("a", "town", "note")
    assert model.outcome.classes == ("n", YES)
    assert not [one for one in result.quality if one.broken]
    assert labels(model, [json.dumps({"good": word}) for word in (YES, YES_APART, "n", "q")]).tolist()[:3] == [1, 1, 0]


def test_a_server_gives_both_forms_one_answer_and_logs_the_raw_word_and_the_one_it_was_read_as(
    made: tuple[Path, Result],
) -> None:
    folder, result = made
    with connect(folder / ".modelyard") as yard:
        with Server(yard.store, 0) as server:
            url = f"{server.url}/v1/models/shop/predict"
            words = {"one": COMPOSED, "two": APART, "three": " OSLO", "four": ""}
            sent = [{"key": key, "a": 0.1, "town": word, "note": f"{word} was here"} for key, word in words.items()]
            together = httpx.post(url, json=sent, trust_env=False).raise_for_status().json()
            alone = httpx.post(url, json={**sent[1], "key": "five"}, trust_env=False).json()
        answers: list[dict[str, Any]] = together if isinstance(together, list) else together["predictions"]
        told = alone if "probabilities" in alone else alone["predictions"][0]
        assert answers[0]["probabilities"] == answers[1]["probabilities"] == told["probabilities"]
        assert answers[0]["warnings"] == []
        normalised = {"warning": "normalised", "column": "town", "value": APART, "read_as": COMPOSED}
        assert answers[1]["warnings"] == told["warnings"] == [normalised]
        unseen = [[w for w in one["warnings"] if w["warning"] == "unseen"] for one in answers[2:]]
        assert unseen == [
            [{"warning": "unseen", "column": "town", "value": " OSLO", "like": "oslo"}],
            [{"warning": "unseen", "column": "town", "value": ""}],
        ]
        ship(yard.store, yard.metadata, counter(yard.store))
        logged = {row["id"]: row for row in Lake(yard.store.lake).scan("predictions").collect().iter_rows(named=True)}
        assert json.loads(logged["two"]["row"])["town"] == APART
        assert json.loads(logged["two"]["warnings"]) == [normalised]
        model = open_package(yard.store, result.package.digest)
        (hour,) = rebuilt(yard.store, model, result.package.digest).values()
        assert model.profile is not None
        counted = dict(zip(model.profile.names, hour.counts.columns, strict=True))
        assert (counted["town"].unseen, counted["a"].unseen) == (2, 0)


def test_a_batch_and_a_table_give_both_forms_the_scores_that_a_request_gets(made: tuple[Path, Result]) -> None:
    folder, result = made
    now = pl.DataFrame({"key": ["p", "q"], "a": [0.1, 0.1], "town": [COMPOSED, APART]})
    now = now.with_columns(note=pl.format("{} was here", "town"))
    now.write_csv(folder / "now.csv")
    package = Package.load(result.package.digest, folder / ".modelyard")
    table = package.predict(now)
    assert table["score[1]"][0] == table["score[1]"][1]
    assert table["warnings"].to_list() == [None, f"town: normalised {APART!r}"]
    with connect(folder / ".modelyard") as yard:
        run_batches(Project.load(folder).plan(), yard.store, yard.metadata, time.time_ns() // 1000)
    out = pl.read_parquet(folder / "out.parquet").sort("id")
    assert out["score[1]"].to_list() == table["score[1]"].to_list()
