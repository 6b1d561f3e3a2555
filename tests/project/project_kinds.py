"""Step kinds of these tests: a source without a file, and models that say what they need."""

from __future__ import annotations

from typing import ClassVar

from modelyard.schema.column import Column, Kind
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.registry import Registry
from modelyard.step.step import Learns, Need, TableStep
from modelyard.steps.check.rules import Rules
from modelyard.steps.clean.impute import Impute
from modelyard.steps.clean.scale import Scale
from modelyard.steps.decide.threshold import Threshold
from modelyard.steps.deploy.batch import Batch
from modelyard.steps.deploy.service import Service
from modelyard.steps.derive.expression import Expression
from modelyard.steps.encode.one_hot import OneHot
from modelyard.steps.encode.text_tfidf import TextTfidf
from modelyard.steps.evaluate.compare import Compare
from modelyard.steps.monitor.drift import Drift
from modelyard.steps.monitor.performance import Performance
from modelyard.steps.retrain.when import When
from modelyard.steps.table.derive import Derive
from modelyard.steps.table.filter import Filter


class Flights(TableStep, frozen=True, kw_only=True, tag="read.flights"):
    path: str = ""
    password: str | None = None

    def peek(self, ctx: Context) -> Schema:
        kinds: dict[str, Kind] = {
            "id": "integer", "time_hour": "datetime", "carrier": "category", "dep_delay": "number",
            "distance": "integer", "arr_delay": "number", "weekend": "boolean", "note": "text",
        }  # fmt: skip
        return Schema(tuple(Column(name=name, kind=kind) for name, kind in kinds.items()))


class Baseline(Learns, frozen=True, kw_only=True, tag="model.baseline"):
    pass


class Trees(Learns, frozen=True, kw_only=True, tag="model.trees"):
    trees: int = 100


class Lines(Learns, frozen=True, kw_only=True, tag="model.lines"):
    needs: ClassVar[frozenset[Need]] = frozenset({"no_nulls", "numbers", "scaled"})
    alpha: float = 1.0


REGISTRY = Registry(
    {
        "read.flights": Flights,
        "model.baseline": Baseline,
        "model.trees": Trees,
        "model.lines": Lines,
        "check.rules": Rules,
        "clean.impute": Impute,
        "clean.scale": Scale,
        "decide.threshold": Threshold,
        "deploy.batch": Batch,
        "deploy.service": Service,
        "derive.expression": Expression,
        "encode.one_hot": OneHot,
        "encode.text_tfidf": TextTfidf,
        "evaluate.compare": Compare,
        "monitor.drift": Drift,
        "monitor.performance": Performance,
        "retrain.when": When,
        "table.derive": Derive,
        "table.filter": Filter,
    }
)

FLIGHTS = """\
modelyard: 1
name: flights
task: classification
target: {column: late, positive: true, known_after: 3d}
roles: {id: id, time: time_hour}
steps:
  - {use: read.flights}
  - {use: table.derive, columns: {late: arr_delay > 15}}
  - {use: derive.expression, columns: {night: "hour(time_hour) < 6"}}
  - id: best
    use: evaluate.compare
    candidates: [model.lines, {use: model.trees, id: small, trees: 10}]
    split: {folds: 5, holdout: {last: 14d}}
    choose: roc_auc
  - {use: decide.threshold}
live:
  - {use: deploy.service, log: {keep: 30d}}
  - {id: drift, use: monitor.drift}
  - {id: quality, use: monitor.performance, worse_than: {roc_auc: 0.7}}
  - {use: retrain.when, any: {drift: drifted, quality: worse, every: 30d}, promote: by_gate}
"""
