"""`modelyard go FILE --target COLUMN`: from a table to an endpoint in one line: init, run, serve, and where to look."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelyard.cli.options import Json, Port, Store
from modelyard.cli.output import document
from modelyard.cli.progress import Shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelyard.api.project import Project
    from modelyard.run.result import Result


def command(
    table: Annotated[str, typer.Argument(metavar="FILE", help="A CSV or Parquet file; it stays where it is.")],
    target: Annotated[str, typer.Option("--target", help="The column to predict.")],
    positive: Annotated[
        str | None, typer.Option("--positive", help="Of two classes, the one that scores are about.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Of the project; the file's when not given.")] = None,
    port: Port = None,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Whether to end with a running server.")] = True,
    store: Store = None,
    json: Json = False,
) -> None:
    """From a table to an endpoint: writes the project file (or takes the one there), trains, packages, serves."""
    from modelyard.api.leaderboard import lines
    from modelyard.run.events import Stream

    project = _project(name or named(table), table, target, positive)
    result = project.run(store, stream=Stream(Shown()))
    chosen = _port(port) if serve else port or 8080
    if json:
        document(result)
    else:
        for line in (*lines(result), *_where(project, result, chosen, store)):
            typer.echo(line)
    if serve:
        _serve(project, chosen, store)


def named(table: str) -> str:
    """A project's name out of a file's.

    >>> named("data/2013 flights.csv"), named("churn.parquet")
    ('t2013-flights', 'churn')
    """
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(table).stem).strip("-")[:60]
    return plain if plain[:1].isalpha() else f"t{plain}"


def _project(name: str, table: str, target: str, positive: str | None) -> Project:
    from modelyard.api.init import FILE, init
    from modelyard.api.project import Project
    from modelyard.errors.project import AlreadyThere

    if not (Path(name) / FILE).exists():
        made = init(name, table, target, positive=positive)
        typer.echo(f"Wrote {name}/{FILE}.", err=True)
        return made
    project = Project.load(name)
    if project.head.target.column != target:
        found = f"{name}/{FILE} is there and predicts {project.head.target.column!r}, not {target!r}"
        raise AlreadyThere(found, who="go", way_out="Give this one another --name")
    typer.echo(f"Taking {name}/{FILE} as it is.", err=True)
    return project


def _port(asked: int | None) -> int:
    """A port that is free now, so that it can be printed before the server runs."""
    from modelyard.serve.sockets import listen

    with listen("127.0.0.1", asked) as free:
        chosen: int = free.getsockname()[1]
    return chosen


def _where(project: Project, result: Result, port: int, store: str | None) -> Iterator[str]:
    """How to ask it, to look at it, to change it."""
    from shlex import quote

    import msgspec

    from modelyard.api.package import Package
    from modelyard.api.rows import request

    package = Package.load(result.package.digest, project.place(store))
    row = msgspec.json.encode(request(project.plan(), package.predictor.names)).decode()
    folder = quote(str(project.folder))
    here, there = ("", f" --store {quote(store)}") if store else (f"cd {folder}; ", "")
    yield "\nAsk it:"
    yield f"  curl -s http://127.0.0.1:{port}/v1/models/{project.head.name}/predict \\"
    yield f"    -H 'Content-Type: application/json' -d {quote(row)}"
    yield f"Look at it: {here}modelyard status{there}; modelyard history{there}; modelyard models{there}"
    run = f"modelyard run {folder}{there}" if store else f"{here}modelyard run"
    yield f"Change it: {project.folder}/modelyard.yaml, then {run}"
    if not result.package.serving:
        yield f"Let it serve: {here}modelyard promote {result.package.name}@{result.package.version}{there}"


def _serve(project: Project, port: int, store: str | None) -> None:
    from modelyard.serve.__main__ import main

    raise typer.Exit(main([str(project.place(store).store.root), project.head.name, "--port", str(port)]))
