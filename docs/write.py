"""Write the pages that are made from the code: docs/commands.md, errors.md and steps.md. `--check` compares instead.

python docs/write.py
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from pkgutil import iter_modules

import msgspec
from typer.core import TyperArgument, TyperOption
from typer.main import get_group

import modelyard.errors
from modelyard.cli import application
from modelyard.errors import ModelyardError
from modelyard.step.registry import Registry

DOCS = Path(__file__).parent
INTRODUCTION = """Written by `docs/write.py` from the classes. Each error prints who met it, what was found,
where, and a way out; `--json` and HTTP bodies carry the same four facts."""


def errors() -> str:
    """Every error class, by the file of its subject: when it happens, its way out, what HTTP and the shell see."""
    lines = ["# Errors", "", INTRODUCTION, ""]
    for module in sorted(iter_modules(modelyard.errors.__path__), key=lambda module: module.name):
        found = import_module(f"modelyard.errors.{module.name}")
        lines += [f"## {(found.__doc__ or '').strip().splitlines()[0].rstrip('.')}", ""]
        for error in _classes(found.__name__):
            lines += [f"### `{error('').code}`", "", " ".join(cleandoc(error.__doc__ or "").split()), ""]
            lines += [f"*Way out:* {error.way_out} *HTTP {error.status}, exit {error.exit}.*", ""]
    return "\n".join(lines)


def _classes(module: str) -> Iterator[type[ModelyardError]]:
    for value in vars(sys.modules[module]).values():
        if isinstance(value, type) and issubclass(value, ModelyardError) and value.__module__ == module:
            yield value


def steps() -> str:
    """Every kind of step with its parameters."""
    registry = Registry.installed()
    lines = ["# Kinds of step", "", "Written by `docs/write.py`; `modelyard steps KIND` prints the same.", ""]
    for kind in registry:
        step = registry[kind]
        lines += [f"## `{kind}`", "", cleandoc(step.__doc__ or "").split("\n>>>")[0].strip(), ""]
        fields = msgspec.json.schema(step)["$defs"][step.__name__]
        rows = [_row(name, field, fields) for name, field in fields["properties"].items() if name != "use"]
        lines += ["| parameter | default | |", "|---|---|---|", *rows, ""] if rows else []
    return "\n".join(lines)


def _row(name: str, field: dict[str, object], fields: dict[str, list[str]]) -> str:
    required = name in fields.get("required", [])
    default = "required" if required else f"`{msgspec.json.encode(field.get('default')).decode()}`"
    return f"| `{name}` | {default} | {field.get('description', '')} |".replace("\n", " ")


def commands() -> str:
    """Every command with its arguments and options, from the one place where they are declared."""
    lines = ["# Commands", "", "Written by `docs/write.py`; `modelyard COMMAND --help` prints the same.", "", EXITS, ""]
    for name, command in get_group(application()).commands.items():
        lines += [f"## `modelyard {name}`", "", " ".join(cleandoc(command.help or "").split()), ""]
        rows = [_option(p) for p in command.params if isinstance(p, TyperOption | TyperArgument)]
        lines += ["| | default | |", "|---|---|---|", *rows, ""] if rows else []
    return "\n".join(lines)


def _option(given: TyperOption | TyperArgument) -> str:
    named = isinstance(given, TyperOption)
    words = (
        ", ".join(f"`{word}`" for word in given.opts) if named else f"`{given.metavar or (given.name or '').upper()}`"
    )
    default = "required" if given.required else "" if given.default in (None, False) else f"`{given.default}`"
    return f"| {words} | {default} | {getattr(given, 'help', '') or ''} |"


EXITS = """Results go to standard output (`--json`: one document), talk and progress to standard error; with `--json` an
error is a document there. Exit codes: 0 done, 1 failed, 2 wrong use, 3 a gate or a status says no. Which store is
meant: `--store`, else MODELYARD_STORE, else `store:` of the `modelyard.yaml` here, else `.modelyard/` here."""
PAGES = {"commands.md": commands, "errors.md": errors, "steps.md": steps}


def main() -> int:
    stale = []
    for name, page in PAGES.items():
        text, path = page().rstrip() + "\n", DOCS / name
        if "--check" in sys.argv:
            stale += [name] if not path.exists() or path.read_text() != text else []
        else:
            path.write_text(text)
    if stale:
        sys.stderr.write(f"stale: {', '.join(stale)}; run `make docs`\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
