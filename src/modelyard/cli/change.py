"""How a change of the champion is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from modelyard.cli.output import document

if TYPE_CHECKING:
    from modelyard.api.registry import Change


def told(change: Change, json: bool) -> None:
    """On standard output: from which version to which, and whether it was done."""
    if json:
        document(change)
        return
    before = f"version {change.before}" if change.before is not None else "no version"
    if change.before == change.after:
        typer.echo(f"{change.name}: version {change.after} is the champion already; nothing to change.")
    elif change.done:
        typer.echo(
            f"{change.name}: version {change.after} serves now, before it {before} (revision {change.revision})."
        )
        typer.echo(f"Undo: modelyard rollback {change.name}")
    else:
        typer.echo(f"{change.name}: version {change.after} would serve instead of {before}. Nothing was changed.")
