"""`modelyard doctor`: what is installed and what is missing, with the line that mends it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from modelyard.cli.output import columns, document

LIBRARIES = ("numpy", "polars", "scikit-learn", "lightgbm", "scipy", "sqlalchemy", "deltalake", "dbos", "uvicorn")


def command(json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
    """Check the installation: the kernel, the libraries, the kinds of step. Exits 1 when something is broken."""
    found = [*_machine(), *_kernel(), *_libraries(), *_kinds()]
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


def _kernel() -> Iterator[Line]:
    from modelyard.scoring import native

    if native.available():
        yield "native kernel", "ok", "built"
    else:
        yield "native kernel", "slow", "not built: answers are the same but slower. Install a C compiler and reinstall."


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
