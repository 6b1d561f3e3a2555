"""What a column may be called."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelyard.errors.data import BadColumnName
from modelyard.schema.column import Column
from modelyard.step.context import Context
from modelyard.steps.read.csv import Csv
from modelyard.steps.read.json import Json


@pytest.mark.parametrize("name", ["*", "^$", "^.*$", "^a$"])
def test_a_name_that_tables_take_for_a_pattern_is_refused_with_its_place(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{name},b\n1,2\n")
    (tmp_path / "a.json").write_text(f'[{{"{name}": 1, "b": 2}}]')
    for step in (Csv(path="a.csv"), Json(path="a.json")):
        with pytest.raises(BadColumnName) as error:
            step.peek(Context(folder=tmp_path))
        assert name in error.value.where


@pytest.mark.parametrize("name", ["^a", "a$", "$", "^", "**", "a*", "town=*", "%", "a b", "=", "é", "`", "'", ""])
def test_every_other_name_is_a_name(name: str) -> None:
    assert Column(name=name, kind="number").name == name
