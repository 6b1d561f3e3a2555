"""`modelyard init NAME --from FILE --target COLUMN`: the first project file of a table."""

from __future__ import annotations

from typing import Annotated

import typer

from modelyard.cli.options import Json
from modelyard.cli.output import document


def command(
    name: Annotated[str, typer.Argument(help="The project's name; its file is NAME/modelyard.yaml.")],
    table: Annotated[
        str,
        typer.Option(
            "--from",
            help="A file (it stays where it is), CONNECTION:TABLE, :KEY or :/PATH of the modelyard.yaml here.",
        ),
    ],
    target: Annotated[str, typer.Option("--target", help="The column to predict.")],
    positive: Annotated[
        str | None, typer.Option("--positive", help="Of two classes, the one that scores are about.")
    ] = None,
    task: Annotated[
        str | None, typer.Option("--task", help="classification or regression, instead of the guess.")
    ] = None,
    json: Json = False,
) -> None:
    """Look at a table and write a commented project file that runs as it is. Never overwrites one."""
    from modelyard.api.init import init
    from modelyard.project.scope import check_task

    if task is not None:
        check_task(task, "--task")
    project = init(name, table, target, positive=positive, task="regression" if task == "regression" else
                   "classification" if task else None)  # fmt: skip
    written = project.folder / "modelyard.yaml"
    if json:
        document({"file": str(written), "name": project.head.name, "task": project.head.task})
        return
    typer.echo(f"Wrote {written}: a {project.head.task} of {project.head.target.column}. Read it; it says why.")
    typer.echo(f"Next: modelyard check {name} · modelyard run {name}")
