"""`modelyard status`: what serves, what the monitors say, how far the log is shipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from modelyard.cli.options import Json, Store
from modelyard.cli.output import columns, document
from modelyard.cli.when import shown

if TYPE_CHECKING:
    from modelyard.api.status import Standing, Status

RED = 3


def command(
    name: Annotated[str | None, typer.Argument(help="Only this model.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit 3 while any verdict stands.")] = False,
    store: Store = None,
    json: Json = False,
) -> None:
    """Show each model's champion, the verdicts that stand (broken, drifted, worse), and the log's backlog."""
    from modelyard.api.connection import connect
    from modelyard.api.status import status

    with connect(store) as yard:
        found = status(yard, name)
    if json:
        document(found)
    else:
        _print(found)
    if check and found.red:
        raise typer.Exit(RED)


def _print(found: Status) -> None:
    if not found.models:
        typer.echo("There are no models yet: `modelyard run` makes one.")
        return
    columns([("MODEL", "SERVES", "SINCE (UTC)", "LAST EVENT SHIPPED", "STATE"), *map(_line, found.models)])
    for model in found.models:
        for verdict in model.verdicts:
            roughly = " (approximate)" if verdict.approximate else ""
            typer.echo(f"\n{verdict.kind}{roughly}, {model.model}@{verdict.version}, since {shown(verdict.since)}:")
            typer.echo(f"  {verdict.summary}")
            typer.echo(f"  act: {verdict.act}")
    typer.echo(f"\nNot shipped yet: {found.backlog:,} bytes of the log, in {found.segments} segment(s).")


def _line(model: Standing) -> tuple[str, str, str, str, str]:
    if model.version is None:
        return model.model, "nothing", "", shown(model.latest), f"{model.versions} version(s): modelyard promote"
    state = ", ".join(dict.fromkeys(v.kind for v in model.verdicts)) or (
        "quiet" if model.windows else "not watched yet"
    )
    since = shown(model.since) if model.since is not None else ""
    return model.model, f"version {model.version}", since, shown(model.latest), state
