"""`modelyard promote NAME@3`: that version serves from now on."""

from __future__ import annotations

from typing import Annotated

import typer

from modelyard.cli.change import told
from modelyard.cli.options import DryRun, Json, Reason, Store


def command(
    model: Annotated[str, typer.Argument(help="NAME@NUMBER, or a digest.")],
    reason: Reason = "",
    dry_run: DryRun = False,
    store: Store = None,
    json: Json = False,
) -> None:
    """Make a version the champion: servers take it within a second. It is opened and proven first."""
    from modelyard.api.connection import connect
    from modelyard.api.registry import promote_version

    with connect(store) as yard:
        told(promote_version(yard, model, reason, dry_run=dry_run), json)
