"""`modelyard show [SOURCE]`: what a file or the rows of a table step hold, and what is doubtful about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelyard.cli.options import Json
from modelyard.cli.output import columns, document

if TYPE_CHECKING:
    from modelyard.api.profile import Seen, TableProfile

COMMON = 3
PAIRS = 5
DOUBTS = 40
WIDE = 12
"""Columns of the rows printed; with more they would fold."""


def command(
    source: Annotated[
        str | None,
        typer.Argument(
            help="A file, CONNECTION:TABLE, :KEY or :/PATH, or a table step's id; without one, the rows learned from."
        ),
    ] = None,
    file: Annotated[str, typer.Option("--file", help="The project file, or its folder.")] = "modelyard.yaml",
    target: Annotated[
        str | None, typer.Option("--target", help="Of a file: the column to predict, so that leaks can be told.")
    ] = None,
    time: Annotated[
        str | None, typer.Option("--time", help="Of a file: the column that says when a row is of.")
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=0, help="How many rows to print.")] = 5,
    html: Annotated[
        str | None, typer.Option("--html", help="Write one page with charts there; it needs no network.")
    ] = None,
    json: Json = False,
) -> None:
    """Show what a table holds: types, missing and distinct values, ranges, what goes together, and warnings, each with
    its evidence."""
    found = _found(source, file, target, time, rows)
    if html is not None:
        _write(found, Path(html))
    if json:
        document(found)
    elif html is None:
        _print(found)


def _found(source: str | None, file: str, target: str | None, time: str | None, rows: int) -> TableProfile:
    from modelyard.api.project import Project
    from modelyard.api.show import show_file, show_step
    from modelyard.errors.project import BadParameter

    if source is not None and _of_files(source, file):
        return show_file(source, target, time, rows=rows)
    if target is not None or time is not None:
        way_out = "Name the file, or leave them out: a project file says them itself"
        raise BadParameter("--target and --time are of a file", who="show", way_out=way_out)
    return show_step(Project.load(file).plan(), source, rows)


def _of_files(source: str, file: str) -> bool:
    """Beside a project file, a word without a slash is a step, be there a folder of that name or not."""
    if Path(source).is_dir():
        return "/" in source or not Path(file).is_file()
    return bool(Path(source).is_file() or Path(source).suffix or ":" in source)


def _write(found: TableProfile, path: Path) -> None:
    from modelyard.api.page import page

    path.write_text(page(found), encoding="utf-8")
    typer.echo(f"Wrote {path}.", err=True)


def _print(found: TableProfile) -> None:
    from modelyard.api.words import value

    typer.echo(f"{found.kind} {found.source}: {found.rows:,} rows, {len(found.columns)} columns\n")
    head = ("COLUMN", "KIND", "NULLS", "DISTINCT", "RANGE, OR COMMONEST VALUES")
    columns([head, *(_line(name, seen) for name, seen in found.columns.items())])
    if found.unread:
        typer.echo("\nNot read, as no step knows what they hold:")
        columns([(f"  {value(name, wide=40)}", dtype[:60]) for name, dtype in found.unread.items()])
    if found.doubts:
        typer.echo("\nWarnings:")
        columns([(f"  {d.level}", d.kind, f"{', '.join(d.columns)}: {d.evidence}".removeprefix(": "))
                 for d in found.doubts[:DOUBTS]])  # fmt: skip
        if len(found.doubts) > DOUBTS:
            typer.echo(f"  … and {len(found.doubts) - DOUBTS:,} more (--json, --html)")
    if found.associations.strongest:
        typer.echo("\nGo together:")
        columns([(f"  {p.a}", p.b, p.measure, f"{p.value:.3f}") for p in found.associations.strongest[:PAIRS]])
    if found.sample:
        typer.echo()
        columns(_sample(found))


def _line(name: str, seen: Seen) -> tuple[str, str, str, str, str]:
    from modelyard.api.words import value

    kind = seen.kind if seen.origin == "input" else f"{seen.kind} ({seen.origin})"
    return value(name, wide=40), kind, f"{seen.summary.nulls:,}", f"{seen.summary.distinct:,}", _held(seen)


def _held(seen: Seen) -> str:
    from modelyard.api.words import value

    found = seen.summary
    if found.top and (found.numbers is None or found.distinct <= COMMON):
        more = " …" if found.distinct > COMMON else ""
        return ", ".join(f"{value(word, seen.kind)} ({count:,})" for word, count in found.top[:COMMON]) + more
    ends = found.numbers
    return f"{value(ends.low, seen.kind)} to {value(ends.high, seen.kind)}" if ends is not None else ""


def _sample(found: TableProfile) -> list[tuple[str, ...]]:
    from modelyard.api.words import value

    names = list(found.columns)[:WIDE]
    more = ("…",) if len(found.columns) > WIDE else ()
    rows = [tuple(value(row[name]) for name in names) + more for row in found.sample]
    return [tuple(value(name, wide=40) for name in names) + more, *rows]
