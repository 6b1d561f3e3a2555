"""`modelyard forget ID…`: out of the log, the lake and the books, also from the disk."""

from __future__ import annotations

from typing import Annotated

import typer

from modelyard.cli.options import DryRun, Json, Store
from modelyard.cli.output import document


def command(
    ids: Annotated[list[str], typer.Argument(help="Ids of requests, as the predictions carried them.")],
    dry_run: DryRun = False,
    store: Store = None,
    json: Json = False,
) -> None:
    """Delete every record of those ids. Models trained on them are not undone: retrain, and prune old packages."""
    from modelyard.api.connection import connect
    from modelyard.api.forget import forget

    with connect(store) as yard:
        found = forget(yard, ids, dry_run=dry_run)
    if json:
        document(found)
        return
    what = (
        f"{found.predictions} prediction(s) and {found.labels} label(s) of the lake, {found.lines} line(s) of the log"
    )
    if not found.anything:
        typer.echo(f"Nothing is on record under {'this id' if found.ids == 1 else 'these ids'}.")
    elif found.done:
        typer.echo(f"Forgotten: {what}.")
    else:
        typer.echo(f"Would be forgotten: {what}. Nothing was changed.")
