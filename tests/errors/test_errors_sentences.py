"""An error is sentences, also where another one's stands in it."""

from __future__ import annotations

import pytest

from modelyard.errors import ModelyardError
from modelyard.errors.data import MissingColumn
from modelyard.errors.run import NothingToCompare


@pytest.mark.parametrize("where", ["", "steps[1]"])
def test_an_error_inside_an_error_ends_once(where: str) -> None:
    inner = MissingColumn("no column 'twim'", way_out="did you mean 'twin'")
    outer = NothingToCompare(f"no candidate could be trained: {inner}", where=where)
    assert ".." not in str(outer)
    assert ". (" not in str(outer)
    assert str(outer).count("Way out: ") == 2


@pytest.mark.parametrize(
    ("found", "begins"), [("which one?", "which one? Way"), ("a, b …", "a, b … Way"), ("a", "a. W")]
)
def test_what_has_its_mark_gets_no_other(found: str, begins: str) -> None:
    assert str(ModelyardError(found)).startswith(begins)
