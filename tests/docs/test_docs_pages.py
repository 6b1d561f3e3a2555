"""The written pages are what the code says, and nothing a person meets is undocumented."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from modelyard.errors import ModelyardError
from modelyard.step.registry import Registry

ROOT = Path(__file__).parents[2]
REGISTRY = Registry.installed()


def test_the_made_pages_are_fresh() -> None:
    made = subprocess.run(
        [sys.executable, ROOT / "docs/write.py", "--check"], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr


def test_every_error_says_when_it_happens_and_the_way_out() -> None:
    classes = _all(ModelyardError)
    assert len(classes) > 20
    for error in classes:
        assert error.__doc__, error
        assert error.__doc__ != ModelyardError.__doc__, error
        assert error.way_out != ModelyardError.way_out, error


def _all(error: type[ModelyardError]) -> list[type[ModelyardError]]:
    import importlib
    import pkgutil

    import modelyard.errors

    for module in pkgutil.iter_modules(modelyard.errors.__path__):
        importlib.import_module(f"modelyard.errors.{module.name}")
    return [found for child in error.__subclasses__() for found in (child, *_all(child))]


@pytest.mark.parametrize("kind", list(REGISTRY))
def test_every_kind_lies_where_its_name_says_and_says_what_is_right_and_wrong_use(kind: str) -> None:
    step = REGISTRY[kind]
    assert step.__module__ == f"modelyard.steps.{kind}"
    for word in ("Right: ", "Wrong: "):
        assert word in (step.__doc__ or ""), word
    assert not step.__doc__.strip().startswith(">>>"), "the docstring starts with a sentence"
    assert msgspec.json.schema(step)["$defs"][step.__name__]["properties"]["use"]["enum"] == [kind]


def test_every_file_of_the_steps_room_is_an_entry_point() -> None:
    files = (path for path in (ROOT / "src/modelyard/steps").glob("*/*.py") if path.name != "__init__.py")
    assert {f"{path.parent.name}.{path.stem}" for path in files} == set(REGISTRY)
