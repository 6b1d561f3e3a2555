"""A real PostgreSQL beside SQLite, and a store with two versions of a model."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stored_models import make_store

from databases import metadata_url, postgres
from modelyard.api.connection import Connection

__all__ = ["metadata_url", "postgres"]


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Connection]:
    with make_store(tmp_path / "yard") as made:
        yield made
