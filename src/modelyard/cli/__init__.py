"""The command line: one file per command, which parses, calls the rooms below and prints.

`--help` imports every command file, so those import nothing heavy at module level. Results go to standard output
(`--json` as one document), talk and progress to standard error. Exit codes: 0 done, 1 failed, 2 wrong use, 3 a gate or
a status says no.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typer import Typer

    from modelyard.errors import ModelyardError

COMMANDS = (
    "demo",
    "go",
    "init",
    "connect",
    "check",
    "show",
    "run",
    "predict",
    "steps",
    "models",
    "diff",
    "promote",
    "rollback",
    "serve",
    "up",
    "retrain",
    "history",
    "status",
    "data",
    "forget",
    "doctor",
)


def application() -> Typer:
    """All commands, for `main` and for the page that lists them."""
    import typer

    from modelyard.cli.version import callback

    app = typer.Typer(
        name="modelyard",
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(callback)
    for name in COMMANDS:
        app.command(name)(import_module(f"modelyard.cli.{name}").command)
    return app


def main() -> None:
    """Run `modelyard …`; a ModelyardError becomes its four facts on standard error and its exit code."""
    from modelyard.errors import ModelyardError

    _yield_cores(os.environ)
    try:
        if not (sys.argv[1:2] == ["serve"] and _served(sys.argv[2:])):
            application()()
    except ModelyardError as error:
        sys.exit(_say(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the exit flushes and says it again
        sys.exit(1)
    except OSError as error:
        from modelyard.errors.system import refused

        sys.exit(_say(refused(error)))
    except Exception as error:
        if not type(error).__module__.startswith("sqlalchemy."):
            raise
        from modelyard.api.connection import of_database

        sys.exit(_say(of_database("the database", "refuses", error)))


def _yield_cores(environment: MutableMapping[str, str]) -> None:
    """Learners' threads that wait for each other sleep, unless the user says otherwise. By default they spin, which on
    cores that others use too, or of a container's share, takes several times the time of the work itself."""
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _served(words: list[str]) -> bool:
    from modelyard.cli.direct import serve

    return serve(words)


def _say(error: ModelyardError) -> int:
    """On standard error: a line, or with `--json` the four facts as one document. The exit code."""
    if "--json" in sys.argv:
        import msgspec

        sys.stderr.write(msgspec.json.format(msgspec.json.encode(error.as_dict()), indent=2).decode() + "\n")
    else:
        sys.stderr.write(f"modelyard: {error}\n")
    return error.exit


HELP = "Put machine learning on tables into production, and keep it there."
