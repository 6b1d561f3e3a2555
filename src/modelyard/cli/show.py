"""`modelyard show [STEP]`: the rows of a table step and what its columns hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelyard.cli.options import Json
from modelyard.cli.output import columns, document

if TYPE_CHECKING:
    from modelyard.api.rows import Look, Seen

WIDE = 24
"""Letters of a value that are shown."""
COMMON = 3


def command(
    step: Annotated[
        str | None, typer.Argument(help="The id of a table step; without one, the rows that are learned from.")
    ] = None,
    file: Annotated[str, typer.Option("--file", help="The project file, or its folder.")] = "modelyard.yaml",
    rows: Annotated[int, typer.Option("--rows", min=0, help="How many rows to print.")] = 5,
    json: Json = False,
) -> None:
    """Show rows of a table step, and of each column its kind, nulls, range and commonest values."""
    from modelyard.api.project import Project
    from modelyard.api.rows import look

    found = look(Project.load(file).plan(), step, rows)
    if json:
        document(found)
        return
    typer.echo(f"{found.kind} {found.step}: {found.rows:,} rows, {len(found.columns)} columns\n")
    head = ("COLUMN", "KIND", "NULLS", "DISTINCT", "RANGE, OR COMMONEST VALUES")
    columns([head, *(_line(name, seen) for name, seen in found.columns.items())])
    if found.sample:
        typer.echo()
        columns(_sample(found))


def _line(name: str, seen: Seen) -> tuple[str, str, str, str, str]:
    kind = seen.kind if seen.origin == "input" else f"{seen.kind} ({seen.origin})"
    facts = seen.facts
    return name, kind, f"{facts.nulls:,}", f"{facts.distinct:,}", _held(seen)


def _held(seen: Seen) -> str:
    facts = seen.facts
    if facts.counts and (facts.low is None or facts.distinct <= COMMON):
        more = " …" if len(facts.counts) > COMMON else ""
        return ", ".join(f"{_text(value)} ({count:,})" for value, count in facts.counts[:COMMON]) + more
    return f"{facts.low:g} to {facts.high:g}" if facts.low is not None and facts.high is not None else ""


def _sample(found: Look) -> list[tuple[str, ...]]:
    return [tuple(found.columns), *(tuple(_text(row[name]) for name in found.columns) for row in found.sample)]


def _text(value: Any) -> str:
    text = "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    text = text if text.isprintable() else repr(text)[1:-1]
    return text if len(text) <= WIDE else text[: WIDE - 1] + "…"
