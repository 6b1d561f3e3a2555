"""`modelyard models [NAME]`: every version of every model, and which one serves."""

from __future__ import annotations

from typing import Annotated

import typer

from modelyard.cli.options import Json, Store
from modelyard.cli.output import columns, document
from modelyard.cli.when import shown


def command(
    name: Annotated[str | None, typer.Argument(help="Only this model.")] = None,
    store: Store = None,
    json: Json = False,
) -> None:
    """List the models of the store, their versions, and which one is the champion."""
    from modelyard.api.connection import connect
    from modelyard.api.registry import models

    with connect(store) as yard:
        found = models(yard, name)
    if json:
        document(found)
    elif not found:
        typer.echo("There are no models yet: `modelyard run` makes one.")
    else:
        head = ("MODEL", "CREATED (UTC)", "PACKAGE", "")
        lines = [
            (f"{v.name}@{v.version}", shown(v.created), v.digest[:12], "champion" if v.champion else "") for v in found
        ]
        columns([head, *lines])
