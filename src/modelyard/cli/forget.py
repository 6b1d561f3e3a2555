"""`modelyard forget ID…`: out of the log, the lake and the books, also from the disk."""

from __future__ import annotations

from typing import Annotated

import typer

from modelyard.cli.options import DryRun, Json, Store
from modelyard.cli.output import document


def command(
    ids: Annotated[list[str], typer.Argument(help="Ids of requests, as the predictions carried them, and of rows.")],
    column: Annotated[
        list[str] | None, typer.Option("--column", help="Of sources: one more that holds such ids; again for more.")
    ] = None,
    dry_run: DryRun = False,
    store: Store = None,
    json: Json = False,
) -> None:
    """Delete every record of those ids: of the log and the lake, of rows kept of sources, of snapshots. Models trained
    on them are not undone: retrain, and prune old packages."""
    from modelyard.api.connection import connect
    from modelyard.api.forget import forget

    with connect(store) as yard:
        found = forget(yard, ids, columns=column or [], dry_run=dry_run)
    if json:
        document(found)
        return
    what = (
        f"{found.predictions} prediction(s) and {found.labels} label(s) of the lake, {found.lines} line(s) of the log, "
        f"{found.rows} row(s) kept of sources, {found.files} file(s) of snapshots"
    )
    if not found.anything:
        typer.echo(f"Nothing is on record under {'this id' if found.ids == 1 else 'these ids'}.")
    elif found.done:
        typer.echo(f"Forgotten: {what}.")
    else:
        typer.echo(f"Would be forgotten: {what}. Nothing was changed.")
    for name, rows in found.beside.items():
        typer.echo(f"{rows} row(s) of sources hold such an id in {name!r}: --column {name} takes them, too.", err=True)
    if found.done and (found.rows or found.files):
        typer.echo("Sources themselves were not touched: a row that is still there is read again.", err=True)
    if found.snapshots and found.done:
        typer.echo(f"Push again where they were pushed to: {', '.join(found.snapshots)}.", err=True)
