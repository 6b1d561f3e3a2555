"""`modelyard run [FILE]`: compare, choose, package; what was done before is not done again."""

from __future__ import annotations

from typing import Annotated

import typer

from modelyard.cli.options import Json, Reread, Store
from modelyard.cli.output import document
from modelyard.cli.progress import Shown


def command(
    file: Annotated[str, typer.Argument(help="The project file, or its folder.")] = "modelyard.yaml",
    cores: Annotated[int | None, typer.Option("--cores", min=1, help="How many to use; all when not given.")] = None,
    afresh: Annotated[bool, typer.Option("--afresh", help="Run even if the same run ended before.")] = False,
    reread: Reread = False,
    accept_schema: Annotated[
        bool, typer.Option("--accept-schema", help="Learn although a source is not what the champion learned from.")
    ] = False,
    store: Store = None,
    json: Json = False,
) -> None:
    """Train and compare the candidates, package and register the winner. Progress goes to standard error.
    Exits 3 where a source is not what the champion learned from."""
    from modelyard.api.leaderboard import lines
    from modelyard.api.project import Project
    from modelyard.run.events import Stream

    result = Project.load(file).run(
        store, cores=cores, stream=Stream(Shown()), afresh=afresh, reread=reread, accept_schema=accept_schema
    )
    if json:
        document(result)
    else:
        for line in lines(result):
            typer.echo(line)
