"""`modelyard --version`."""

from __future__ import annotations

import sys
from typing import Annotated

from typer import Exit, Option


def _print(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        sys.stdout.write(f"modelyard {version('modelyard')}\n")
        raise Exit


def callback(
    version: Annotated[bool, Option("--version", help="Print the version.", is_eager=True, callback=_print)] = False,
) -> None:
    """Put machine learning on tables into production, and keep it there."""
