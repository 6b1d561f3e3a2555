"""A column that only rules ask about, such as a customer's number: looked at in requests, never learned by heart."""

from __future__ import annotations

import json
import random
from pathlib import Path

import polars as pl
import pytest

from modelyard.api.init import init
from modelyard.api.package import Package
from modelyard.api.project import Project
from modelyard.scoring.engine import Scorer
from modelyard.serve.answer import Answerer
from modelyard.serve.served import Served


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, draw = tmp_path_factory.mktemp("asked"), random.Random(5)
    ages = [draw.randrange(18, 90) for _ in range(300)]
    table = {"customer": [f"c{n:05}" for n in range(300)], "age": ages, "left": [age > 60 for age in ages]}
    pl.DataFrame(table).write_csv(folder / "customers.csv")
    init(folder / "shop", folder / "customers.csv", "left")
    file = folder / "shop" / "modelyard.yaml"
    text = file.read_text(encoding="utf-8")
    assert "roles: {id: customer}" in text
    assert 'customer: {regex: "c[0-9]{5}", else: warn}' in text
    short = text.replace("model.logistic_regression, model.random_forest, model.lightgbm", "model.logistic_regression")
    file.write_text(short.replace("folds: 5", "folds: 2"), encoding="utf-8")
    Project.load(folder / "shop").run(cores=1)
    return folder / "shop" / ".modelyard"


def test_no_name_of_a_row_is_in_the_package(folder: Path) -> None:
    model = Package.load("shop", folder).model
    taken = {field.name: field for field in model.program.takes.fields}
    assert (taken["customer"].kind, taken["customer"].categories) == ("text", ())
    files = [file for file in (folder / "blobs").rglob("*") if file.is_file()]
    packages = [file.read_bytes() for file in files if b'"customer"' in file.read_bytes()]
    assert packages
    assert not any(f"c{n:05}".encode() in content for content in packages for n in range(300))


def test_a_new_name_is_no_surprise_and_a_wrong_one_is_told_alone_and_in_a_batch(folder: Path) -> None:
    package = Package.load("shop", folder)
    model = package.model
    served = Served(name="shop", digest="d", revision=1, contract=model.program.takes, outcome=model.outcome)
    batch, single = (Answerer(served, Scorer(model.program)) for _ in range(2))
    rows = [{"customer": "c99999", "age": 41}, {"customer": "99999c", "age": 41}, {"customer": "c99998", "age": 70}]
    told = json.loads(batch.answer(json.dumps(rows).encode()).body)["predictions"]
    alone = [json.loads(single.answer(json.dumps(row).encode()).body)["predictions"][0] for row in rows]
    assert told == alone
    assert [[warning["warning"] for warning in one["warnings"]] for one in told] == [[], ["rule"], []]
    assert [one["probabilities"] for one in package.predict(rows)] == [one["probabilities"] for one in told]
    frame = package.predict(pl.DataFrame(rows))
    assert frame["prediction"].to_list() == [one["prediction"] for one in told]
