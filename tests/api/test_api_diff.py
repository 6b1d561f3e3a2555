"""Two versions side by side: what changed of what they read, and what the gate measured of the pair alone."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from stored_models import model

from modelyard.api.connection import Connection
from modelyard.api.diff import diff
from modelyard.api.registry import models
from modelyard.errors.store import UnknownVersion
from modelyard.package.model import Evidence
from modelyard.schema.contract import Contract
from modelyard.store.packages import add_package
from modelyard.store.records import record
from modelyard.store.versions import register


def add(yard: Connection, name: str = "late") -> None:
    """A version that reads one more carrier and forbids an empty delay."""
    old = model(0.7, 3)
    delay, distance, carrier = old.program.takes.fields
    fields = (replace(delay, nullable=False), distance, replace(carrier, categories=("AA", "UA", "WN")))
    program = replace(old.program, takes=Contract(fields, id="flight", time="at", zone="UTC"))
    holdout = {"rows": 10, "metrics": {"roc_auc": {"value": 0.8, "low": 0.7, "high": 0.9, "level": 0.95}}}
    made = replace(old, name=name, program=program, evidence=Evidence(holdout=holdout))
    digest = add_package(yard.store, made, yard.key())
    with yard.metadata.begin() as sql:
        register(sql, name, digest, created=3)


def test_what_changed_is_named_column_by_column(yard: Connection) -> None:
    add(yard)
    found = diff(yard, "late@1", "late@3")
    assert found.columns == {"dep_delay": "null no longer allowed", "carrier": "categories: WN new"}
    assert found.metrics == {"roc_auc": (None, 0.8)}
    assert (found.before.version, found.after.version, found.after.equality) == (1, 3, "blas")
    assert diff(yard, "late@1", "late@2").columns == {}


def test_only_the_gates_of_the_pair_are_shown(yard: Connection) -> None:
    one, two = (version.digest for version in models(yard))
    with yard.metadata.begin() as sql:
        for against in (one, "baseline"):
            gate = {"challenger": two, "against": against, "passed": True, "reason": "better", "end": 5}
            record(sql, "gate", "late", 5, gate, key=against)
    (gate,) = diff(yard, "late@1", "late@2").gates
    assert gate["against"] == one


def test_versions_of_two_models_are_not_compared(yard: Connection) -> None:
    add(yard, "early")
    with pytest.raises(UnknownVersion, match="two models"):
        diff(yard, "late@1", "early@1")
