"""Options that several commands have, declared once."""

from __future__ import annotations

from typing import Annotated

import typer

Store = Annotated[
    str | None, typer.Option("--store", help="The store, instead of MODELYARD_STORE or the project file's `store:`.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Reread = Annotated[
    bool,
    typer.Option("--reread", help="Read sources with a `cursor:` from the start, not from where they were read to."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the audit log.")]
Port = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, help="8080 or the next free one when not given; 0: any.")
]
