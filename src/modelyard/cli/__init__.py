"""The command line: one file per command, which parses, calls the rooms below and prints.

`--help` imports every command file, so those import nothing heavy at module level. Results go to standard output
(`--json` as one document), talk and progress to standard error. Exit codes: 0 done, 1 failed, 2 wrong use, 3 a gate or
a status says no.
"""

from __future__ import annotations

import sys
from importlib import import_module

COMMANDS = ("check", "steps", "models", "promote", "rollback", "history", "doctor")


def main() -> None:
    """Run `modelyard …`; a ModelyardError becomes its four facts on standard error and its exit code."""
    import typer

    from modelyard.errors import ModelyardError

    app = typer.Typer(
        name="modelyard", help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
    )
    app.callback()(_version)
    for name in COMMANDS:
        app.command(name)(import_module(f"modelyard.cli.{name}").command)
    try:
        app()
    except ModelyardError as error:
        sys.stderr.write(f"modelyard: {error}\n")
        sys.exit(error.exit)


HELP = "Put machine learning on tables into production, and keep it there."


def _version() -> None:
    """Put machine learning on tables into production, and keep it there."""
