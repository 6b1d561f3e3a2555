"""What `init` writes reads, plans and says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from modelyard.errors.data import BadTarget, MissingColumn
from modelyard.measure.doubts import Doubt
from modelyard.measure.metrics import METRICS
from modelyard.project.comparison import Metric
from modelyard.project.describe import describe, file_schema
from modelyard.project.graph import graph
from modelyard.project.guess import prose
from modelyard.project.init import ColumnFacts, Facts, init_file
from modelyard.project.local import with_local_kinds
from modelyard.project.plan import plan
from modelyard.project.read import read
from modelyard.project.settings import settings as head
from modelyard.schema.column import Column
from modelyard.schema.schema import Schema
from modelyard.schema.selector import choose
from modelyard.step.registry import Registry
from modelyard.step.step import Learns
from modelyard.steps.derive.date_parts import DateParts
from modelyard.steps.read.csv import Csv
from modelyard.steps.read.parquet import Parquet
from project_kinds import REGISTRY, Baseline


class Any3(Learns, frozen=True, kw_only=True, tag="model.any"):
    pass


MODELS = ("logistic_regression", "ridge", "random_forest", "lightgbm")
KINDS = Registry({"read.csv": Csv, "read.parquet": Parquet, "derive.date_parts": DateParts}).with_kinds(
    {**{kind: REGISTRY[kind] for kind in REGISTRY}, **{f"model.{name}": Any3 for name in MODELS}}
)
CHURN = Schema(
    (
        Column(name="customer_id", kind="integer"),
        Column(name="since", kind="datetime"),
        Column(name="plan", kind="category"),
        Column(name="spent", kind="number"),
        Column(name="country", kind="category"),
        Column(name="left", kind="category"),
    )
)
FACTS = Facts(
    rows=1000,
    columns={
        "customer_id": ColumnFacts(distinct=1000, low=1, high=1000),
        "since": ColumnFacts(distinct=900),
        "plan": ColumnFacts(distinct=3),
        "spent": ColumnFacts(distinct=800, nulls=10, low=0.5, high=99.5),
        "country": ColumnFacts(distinct=1),
        "left": ColumnFacts(distinct=2, counts=(("no", 950), ("yes", 50))),
    },
)


def planned(text: str, schema: Schema):
    document = read(text)
    project = head(document)
    made = graph(project, document, KINDS)
    return plan(project, made, document, KINDS, peek=lambda step, ctx: schema)


def test_a_file_is_written_that_plans_as_it_is():
    text = init_file("churn", CHURN, "left", FACTS, "data/churn.csv")
    found = planned(text, CHURN)
    assert found.project.target.positive == "yes"
    assert (found.project.roles.id, found.project.roles.time) == ("customer_id", "since")
    assert found.project.roles.ignore == ("country",)
    assert found.comparison.choose == "average_precision"
    assert found.comparison.split.kind == "time"
    assert [c.name for c in found.candidates] == ["baseline", "logistic_regression", "random_forest", "lightgbm"]
    assert [(r.column, r.min, r.max, r.otherwise) for r in found.rules] == [("spent", 0.5, 99.5, "warn")]
    assert [node.kind for node in found.candidates[1].chain[:2]] == ["derive.date_parts", "clean.impute"]
    assert "# positive: the rarer of the two" in text
    assert "# country is ignored: one value" in text


def test_numbers_make_a_regression_and_0_1_a_classification():
    schema = Schema((Column(name="x", kind="number"), Column(name="y", kind="number")))
    facts = Facts(rows=100, columns={"x": ColumnFacts(distinct=90), "y": ColumnFacts(distinct=80)})
    found = planned(init_file("p", schema, "y", facts, "a.parquet"), schema)
    assert (found.project.task, found.comparison.choose) == ("regression", "rmse")
    assert found.tables[0].kind == "read.parquet"
    schema = Schema((Column(name="x", kind="number"), Column(name="y", kind="integer")))
    counts = ((0, 60), (1, 40))
    facts = Facts(rows=100, columns={"x": ColumnFacts(distinct=90), "y": ColumnFacts(distinct=2, counts=counts)})
    assert planned(init_file("p", schema, "y", facts, "a.csv"), schema).project.task == "classification"


def test_what_was_seen_decides_roles_and_what_is_left_out():
    schema = Schema(
        tuple(
            Column(name=name, kind=kind)
            for name, kind in [("row", "integer"), ("user_id", "integer"), ("day", "datetime"), ("boat", "category"),
                               ("spent", "number"), ("left", "category")]
        )
    )  # fmt: skip
    doubt = Doubt(kind="after_the_fact", level="grave", columns=("boat",), value=1.0, evidence="it came\nlater")
    copies = Doubt(kind="duplicate_rows", level="warn", columns=(), value=0.1, evidence="100 of 1,000 rows are copies")
    facts = Facts(
        rows=1000,
        doubts=(doubt, copies),
        columns={
            "row": ColumnFacts(distinct=1000, low=1, high=1000),
            "user_id": ColumnFacts(distinct=200, low=1, high=200),
            "day": ColumnFacts(distinct=90, nulls=5, days=True),
            "boat": ColumnFacts(distinct=20, nulls=600),
            "spent": ColumnFacts(distinct=800, low=0.5, high=99.5),
            "left": ColumnFacts(distinct=2, counts=(("no", 996), ("yes", 4))),
        },
    )
    text = init_file("p", schema, "left", facts, "a.csv")
    found = planned(text, schema)
    assert (found.project.roles.id, found.project.roles.time, found.project.roles.group) == (None, None, "user_id")
    assert found.project.roles.ignore == ("boat",)
    assert "# boat is ignored: after the fact: it came later" in text
    assert (found.comparison.split.kind, found.comparison.split.folds) == ("group", 3)
    assert "because only 0.4 % of the rows are positive" in text
    assert {"day_weekday", "day_month"} <= set(found.candidates[1].features)
    assert found.candidates[1].chain[1].kind == "clean.impute"
    assert "# 100 of 1,000 rows are copies." in text


def test_words_of_a_text_become_columns_and_of_a_text_that_nobody_named_before_each_model_alone():
    schema = Schema((*CHURN.columns, Column(name="remark", kind="text")))
    facts = Facts(rows=1000, columns={**FACTS.columns, "remark": ColumnFacts(distinct=900, words=8.0)})
    text = init_file("churn", schema, "left", facts, "a.csv")
    assert "- {use: encode.text_tfidf, columns: [remark], max_features: 200}" in text
    chains = [candidate.chain for candidate in planned(text, schema).candidates]
    assert [[node.kind for node in chain].count("encode.text_tfidf") for chain in chains] == [0, 1, 1, 1]
    unsaid = "\n".join(line for line in text.splitlines() if "text_tfidf" not in line)
    for candidate in planned(unsaid, schema).candidates[1:]:
        (added,) = [node for node in candidate.chain if node.kind == "encode.text_tfidf"]
        assert (added.id, added.prepared) == ("auto_text", True)
        assert "remark" not in candidate.features
    ignored = unsaid.replace("ignore: [", "ignore: [remark, ")
    assert "encode.text_tfidf" not in str(planned(ignored, schema).candidates)


def test_words_that_somebody_wrote_are_told_from_labels():
    seen = {
        "remark": ColumnFacts(distinct=900, words=8.0),
        "label": ColumnFacts(distinct=90, words=8.0),
        "code": ColumnFacts(distinct=900, words=1.0),
        "gap": ColumnFacts(distinct=60, nulls=940, words=4.0),
    }
    schema = Schema(tuple(Column(name=name, kind="category") for name in seen))
    assert prose(schema, Facts(rows=1000, columns=seen)) == ["remark", "gap"]


def test_a_target_that_is_not_there_is_named():
    with pytest.raises(MissingColumn, match="no column 'lft'"):
        init_file("churn", CHURN, "lft", FACTS, "a.csv")


def test_a_table_with_nothing_to_learn_is_refused_with_what_was_seen():
    schema = Schema((Column(name="x", kind="number"), Column(name="y", kind="number")))
    facts = Facts(rows=50, columns={"x": ColumnFacts(distinct=9), "y": ColumnFacts(distinct=1)})
    with pytest.raises(BadTarget, match=r"'y' holds 1 value\(s\): there is nothing to learn"):
        init_file("p", schema, "y", facts, "a.csv")
    schema = Schema((Column(name="c", kind="category"), Column(name="y", kind="integer")))
    facts = Facts(rows=9, columns={"c": ColumnFacts(distinct=1), "y": ColumnFacts(distinct=2, counts=((0, 5), (1, 4)))})
    with pytest.raises(BadTarget, match="no column beside 'y' says anything: c: one value"):
        init_file("churn", schema, "y", facts, "a.csv")


names = some.text(some.characters(codec="utf-8", exclude_characters="*?[", exclude_categories=("Cs",)), min_size=1)
columns = some.dictionaries(
    names.filter(lambda name: not name.endswith("=*")),
    some.tuples(
        some.sampled_from(["number", "integer", "boolean", "category", "datetime", "text"]),
        some.integers(0, 5), some.integers(2, 100), some.floats(allow_nan=False, allow_infinity=False),
    ),
    max_size=6,
)  # fmt: skip


@given(columns)
@settings(deadline=None, max_examples=60)
def test_whatever_the_columns_are_called_the_file_plans(found):
    found = {**found, "feature": ("number", 1, 50, 1.0), "y": ("number", 0, 99, 1.0)}
    schema = Schema(tuple(Column(name=name, kind=kind) for name, (kind, *_) in found.items()))
    facts = {
        name: ColumnFacts(nulls=nulls, distinct=distinct, low=low, high=low + 1)
        for name, (_, nulls, distinct, low) in found.items()
    }
    text = init_file("p", schema, "y", Facts(rows=100, columns=facts), "dir with space/ä: #.csv")
    made = planned(text, schema)
    assert "feature" in made.candidates[1].features
    assert made.tables[0].step.path == "dir with space/ä: #.csv"


def test_every_kind_is_described_from_its_fields():
    found = describe(REGISTRY)
    assert set(found) == set(REGISTRY)
    assert found["retrain.when"]["required"] == ["any"]
    strategies = found["clean.impute"]["parameters"]["strategy"]["enum"]
    assert strategies == ["constant", "knn", "mean", "median", "model", "most_frequent"]
    assert {entry["sort"] for entry in found.values()} == {"table", "learns", "policy"}


def test_the_schema_of_the_file_names_every_kind_once():
    found = file_schema(REGISTRY)
    steps = [entry["$ref"].rpartition("/")[2] for entry in found["properties"]["steps"]["items"]["oneOf"]]
    live = [entry["$ref"].rpartition("/")[2] for entry in found["properties"]["live"]["items"]["oneOf"]]
    assert sorted(steps + live) == list(REGISTRY)
    assert "evaluate.compare" in steps


def test_the_metrics_of_a_project_are_those_that_are_measured():
    assert set(Metric.__args__) == set(METRICS)


def test_kinds_beside_the_file_are_found(tmp_path):
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "mine.py").write_text(
        "from modelyard.step.step import Learns\n"
        "class Mine(Learns, frozen=True, kw_only=True, tag='clean.mine'):\n    times: int = 2\n"
    )
    found = with_local_kinds(Registry({"model.baseline": Baseline}), tmp_path)
    assert list(found) == ["clean.mine", "model.baseline"]
    assert found["clean.mine"]().times == 2


def test_the_file_in_the_docs_plans():
    page = (Path(__file__).parents[2] / "docs" / "project-file.md").read_text(encoding="utf-8")
    document = read(page.partition("```yaml\n")[2].partition("```")[0])
    project = head(document)
    made = graph(project, document, KINDS)
    columns = {"flight_id": "integer", "time_hour": "datetime", "arr_delay": "number", "distance": "number"}
    schema = Schema(tuple(Column(name=name, kind=kind) for name, kind in columns.items()))
    found = plan(project, made, document, KINDS, peek=lambda step, ctx: schema)
    assert [candidate.name for candidate in found.candidates] == ["baseline", "logistic_regression", "boosted"]
    assert found.candidates[1].features == ("distance", "night")


def test_words_that_are_columns_too_stay_words_in_what_init_and_prepare_write():
    """The target among them: `columns: category`, which one_hot has by default, does not name it."""
    names = {"b": "category", "numeric": "category", "text": "number", "x": "number", "category": "number"}
    schema = Schema(tuple(Column(name=name, kind=kind) for name, kind in names.items()))
    few = ColumnFacts(distinct=3)
    facts = Facts(rows=100, columns={**dict.fromkeys(names, few), "x": ColumnFacts(nulls=5, distinct=90)})
    text = init_file("p", schema, "category", facts, "a.csv", task="regression").replace("model.ridge", "model.lines")
    made = planned(text, schema)
    nodes = [node for candidate in made.candidates for node in candidate.chain]
    chosen = {
        node.id: choose(node.step.columns, schema, ("category",)) for node in nodes if hasattr(node.step, "columns")
    }
    assert chosen["auto_one_hot"] == ("b", "numeric")
    assert chosen["impute"] == ("text", "x")
