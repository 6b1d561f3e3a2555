"""An empty store on disk as a fixture, with its metadata in SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.store.metadata import Metadata
from modelyard.store.place import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / ".modelyard").make()


@pytest.fixture
def metadata(store: Store) -> Iterator[Metadata]:
    with Metadata(store.metadata_url) as opened:
        yield opened
