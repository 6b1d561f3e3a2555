"""Columns of a database whose names differ only in case."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from modelyard.errors.connection import DatabaseRefused
from modelyard.errors.data import MissingColumn
from modelyard.frame.sql.read import Asked, peek, scan
from modelyard.frame.sql.write import write
from modelyard.schema.connection import Connection, Postgresql


def test_a_database_keeps_them_apart_or_says_that_it_cannot(database: Connection, tmp_path: Path) -> None:
    table = pl.DataFrame({"key": ["a", "b", "c"], "Age": [1.0, 2.0, 3.0], "age": [0.5, 2.5, 1.5]})
    if isinstance(database, Postgresql):
        write(table.lazy(), database, tmp_path, "people", "replace")
        asked = Asked(connection=database, folder=tmp_path, table="people", order=("key",), where="Age > age")
        assert peek(asked).names == ("key", "Age", "age")
        assert scan(asked).collect().equals(table.filter(pl.col("Age") > pl.col("age")).sort("key"))
    else:
        with pytest.raises(DatabaseRefused, match="'Age' and 'age' are one column to this database"):
            write(table.lazy(), database, tmp_path, "people", "replace")
    write(table.drop("age").lazy(), database, tmp_path, "ages", "replace")
    with pytest.raises(MissingColumn) as found:
        peek(Asked(connection=database, folder=tmp_path, table="ages", columns=("key", "AGE")))
    assert found.value.advice == "did you mean 'Age'?"
