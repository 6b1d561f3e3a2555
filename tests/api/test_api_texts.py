"""A table with texts, from the first file to the server: seen, learned, packaged, answered."""

from __future__ import annotations

import json
import random

import polars as pl
import pytest

from modelyard.api.init import init
from modelyard.api.package import Package
from modelyard.api.project import Project
from modelyard.errors.serving import BadRows, TooLarge
from modelyard.package.model import Model
from modelyard.rows.json import MAX_STRING
from modelyard.scoring.engine import Scorer
from modelyard.serve.answer import Answerer, Reply
from modelyard.serve.served import Served


def complaints(rows: int = 240) -> pl.DataFrame:
    draw = random.Random(3)
    bad, fine = ["broken on arrival", "never came", "wrong size"], ["just as shown", "came early", "fits very well"]
    left = [draw.random() < 0.4 for _ in range(rows)]
    said = [f"{draw.choice(bad if one else fine)}, order {n} from Köln" for n, one in enumerate(left)]
    return pl.DataFrame(
        {
            "remark": [text if n % 9 else None for n, text in enumerate(said)],
            "spent": [round(draw.random() * 90, 2) for _ in range(rows)],
            "left": ["yes" if one else "no" for one in left],
        }
    )


@pytest.fixture(scope="module", params=["csv", "parquet"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Learned from the first file that `init` writes, with one candidate and two folds."""
    folder = tmp_path_factory.mktemp("texts")
    table, file = folder / f"complaints.{request.param}", folder / "shop" / "modelyard.yaml"
    (pl.DataFrame.write_csv if request.param == "csv" else pl.DataFrame.write_parquet)(complaints(), table)
    init(folder / "shop", table, "left")
    text = file.read_text(encoding="utf-8")
    assert "types: {remark: text}" in text
    short = text.replace("model.logistic_regression, model.random_forest, model.lightgbm", "model.logistic_regression")
    file.write_text(short.replace("folds: 5", "folds: 2"), encoding="utf-8")
    Project.load(folder / "shop").run(cores=1)
    return Package.load("shop", folder / "shop" / ".modelyard").model


SAID = ("never came", "came early", "", None, "İß \u0000 😀", "NEVER  came; order 7")
ROWS = [{"remark": said, "spent": 5.0} for said in SAID]


def answerer(model: Model) -> Answerer:
    served = Served(name="shop", digest="d", revision=1, contract=model.program.takes, outcome=model.outcome)
    return Answerer(served, Scorer(model.program))


def predictions(reply: Reply) -> list[dict[str, object]]:
    (answers,) = [value for value in json.loads(reply.body).values() if isinstance(value, list)]
    return [{key: value for key, value in answer.items() if key != "id"} for answer in answers]


def test_texts_are_answered_alone_as_in_a_batch_and_logged_as_they_came(model: Model) -> None:
    assert {field.name: field.kind for field in model.program.takes.fields} == {"remark": "text", "spent": "number"}
    batch, one = answerer(model).answer(json.dumps(ROWS).encode()), answerer(model)
    alone = [one.answer(json.dumps([row]).encode()) for row in ROWS]
    assert [predictions(reply)[0] for reply in alone] == predictions(batch)
    assert len({str(answer) for answer in predictions(batch)}) >= 3
    assert [json.loads(line)["row"] for line in batch.records] == ROWS
    assert answerer(model).answer(json.dumps([{"spent": 5.0}]).encode()).warnings == 1


def test_what_is_no_text_or_too_long_is_refused(model: Model) -> None:
    with pytest.raises(BadRows, match="'remark' must be a string"):
        answerer(model).answer(b'[{"remark": 7, "spent": 5}]')
    with pytest.raises(TooLarge, match="a string"):
        answerer(model).answer(json.dumps([{"remark": "a" * (MAX_STRING + 1), "spent": 5}]).encode())


def test_a_frame_with_texts_is_answered_like_requests(model: Model) -> None:
    frame = pl.DataFrame(ROWS)
    expected = [answer["probabilities"]["yes"] for answer in Package(model, "d").predict(ROWS)]
    assert Package(model, "d").predict(frame)["score[1]"].to_list() == expected
