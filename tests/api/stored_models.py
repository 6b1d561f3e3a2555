"""A real store with a small model in two versions, the first of them champion."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "serve"))

from serving_store import ROW, late, model

from modelyard.api.connection import Connection, connect
from modelyard.store.packages import add_package
from modelyard.store.versions import promote, register

__all__ = ["BIASES", "ROW", "late", "make_store", "model"]

BIASES = (0.0, 0.5)
"""Of version 1 and 2."""


def make_store(root: Path | str) -> Connection:
    yard = connect(root, make=True)
    for version, bias in enumerate(BIASES, 1):
        digest = add_package(yard.store, model(bias, version), yard.key())
        with yard.metadata.begin() as sql:
            register(sql, "late", digest, created=version * 1_000_000)
    promote(yard.metadata, yard.store, "late", 1, 0, at=10_000_000, actor="tester", reason="first")
    return yard
