"""`modelyard doctor`: what is installed and what is missing, with the line that mends it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from modelyard.cli.output import columns, document

LIBRARIES = ("numpy", "polars", "scikit-learn", "lightgbm", "scipy", "sqlalchemy", "deltalake", "dbos", "uvicorn")
NATIVE = {
    "scoring._kernel": "native kernel",
    "scoring._text": "native words",
    "rows._scan": "native JSON",
    "frame._lines": "native lines",
    "frame._records": "native rows",
    "frame._copied": "native COPY",
}
"""Parts that a compiler makes: answers, words of texts, request bodies, CSV (lines, rows), PostgreSQL."""


def command(json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
    """Check the installation: the native parts, the libraries, the kinds of step. Exits 1 when something is broken."""
    found = [*_machine(), *_native(), *_libraries(), *_kinds()]
    if json:
        document([{"what": what, "state": state, "found": text} for what, state, text in found])
    else:
        columns(found)
    if any(state == "broken" for _, state, _ in found):
        raise typer.Exit(1)


Line = tuple[str, str, str]


def _machine() -> Iterator[Line]:
    import platform

    yield "python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}"


def _native() -> Iterator[Line]:
    from importlib import import_module

    for name, use in NATIVE.items():
        try:
            import_module(f"modelyard.{name}")
            yield use, "ok", "built"
        except ImportError:
            yield use, "slow", "not built: the same results, but slower. Install a C compiler and reinstall."


def _libraries() -> Iterator[Line]:
    from importlib.metadata import PackageNotFoundError, version

    for name in LIBRARIES:
        try:
            yield name, "ok", version(name)
        except PackageNotFoundError:
            yield name, "missing", "not installed: pip install modelyard (`modelyard-serve` leaves it out)"


def _kinds() -> Iterator[Line]:
    from modelyard.errors.project import BrokenPlugin
    from modelyard.step.registry import Registry

    registry = Registry.installed()
    for kind in registry:
        try:
            registry[kind]
        except BrokenPlugin as error:
            yield kind, "broken", str(error)
    yield "kinds of step", "ok", str(len(list(registry)))
