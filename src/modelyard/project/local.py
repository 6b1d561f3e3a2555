"""Step kinds beside the project file: `steps/*.py`, known by what they define, no packaging needed.

They are code of whoever wrote the project, run on the training side only: a package never carries them.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from modelyard.errors.project import BrokenPlugin
from modelyard.step.registry import Registry
from modelyard.step.step import Learns, Policy, Step, TableStep


def with_local_kinds(registry: Registry, folder: Path) -> Registry:
    """The registry with every Step that the files of `folder/steps` define. Raises BrokenPlugin."""
    found: dict[str, type[Step]] = {}
    for file in sorted((folder / "steps").glob("*.py")):
        for cls in _defined(_loaded(file)):
            kind = str(cls.__struct_config__.tag)
            if kind in registry or kind in found:
                raise BrokenPlugin(f"the step {kind!r} is there already", who=str(file))
            found[kind] = cls
    return registry.with_kinds(found)


def _loaded(file: Path) -> ModuleType:
    name = f"modelyard_local_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise BrokenPlugin(f"{file} cannot be loaded", who=str(file))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise BrokenPlugin(f"does not import: {type(error).__name__}: {error}", who=str(file)) from error
    return module


def _defined(module: ModuleType) -> list[type[Step]]:
    sorts = (Step, TableStep, Learns, Policy)
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Step) and value not in sorts
        and value.__module__ == module.__name__ and value.__struct_config__.tag is not None
    ]  # fmt: skip
