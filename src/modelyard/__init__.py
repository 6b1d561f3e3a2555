"""Modelyard: put machine learning on tables into production, and keep it there.

    import modelyard as my
    my.Project.load("modelyard.yaml").run()
    my.Package.load("churn@champion").predict(df)

What is offered is imported when it is first asked for: `import modelyard` costs nothing, and a machine that only serves
never needs what training needs. Types are in `__init__.pyi`.
"""

from __future__ import annotations

from typing import Any

_OFFERED = {"Package": "package", "Project": "project", "connect": "connection"}


def __getattr__(name: str) -> Any:
    if name not in _OFFERED:
        raise AttributeError(f"module 'modelyard' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"modelyard.api.{_OFFERED[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_OFFERED])
