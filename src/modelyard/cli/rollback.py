"""`modelyard rollback NAME`: the version that served before serves again."""

from __future__ import annotations

from typing import Annotated

import typer

from modelyard.cli.change import told
from modelyard.cli.options import DryRun, Json, Reason, Store


def command(
    name: Annotated[str, typer.Argument(help="The model's name.")],
    reason: Reason = "",
    dry_run: DryRun = False,
    store: Store = None,
    json: Json = False,
) -> None:
    """Go back to the version that served before; once more goes one further back."""
    from modelyard.api.connection import connect
    from modelyard.api.registry import roll_back

    with connect(store) as yard:
        told(roll_back(yard, name, reason, dry_run=dry_run), json)
