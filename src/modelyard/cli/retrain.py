"""`modelyard retrain [FILE]`: train a challenger now, and let the gate judge it."""

from __future__ import annotations

from typing import Annotated

import typer

from modelyard.cli.options import Json, Reread, Store
from modelyard.cli.output import document

REFUSED = 3


def command(
    file: Annotated[str, typer.Argument(help="The project file, or its folder.")] = "modelyard.yaml",
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the decision.")] = "asked for by hand",
    cores: Annotated[int | None, typer.Option("--cores", min=1, help="To train on; all when not given.")] = None,
    reread: Reread = False,
    store: Store = None,
    json: Json = False,
) -> None:
    """Learn again from the file's rows and the labelled ones of the log, judge the challenger against the champion on
    rows that neither saw, and promote or propose it as the file says. Exits 3 when the gate says no."""
    from modelyard.api.connection import opened
    from modelyard.api.loop import retrain
    from modelyard.api.project import Project

    project = Project.load(file)
    with opened(project.place(store)) as yard:
        done = retrain(project, yard, reason, cores, reread=reread)
    if json:
        document(done)
    elif done.outcome is None:
        typer.echo(f"The loop that runs takes it at its next turn (run {done.run}); see modelyard history.")
    else:
        version = f"version {done.outcome.version} " if done.outcome.version else ""
        typer.echo(f"{version}{done.outcome.status}: {done.outcome.reason}")
        if done.outcome.status == "proposed":
            typer.echo(f"To let it serve: modelyard promote {project.head.name}")
    if done.outcome is not None and done.outcome.status in ("refused", "failed"):
        raise typer.Exit(REFUSED if done.outcome.status == "refused" else 1)
