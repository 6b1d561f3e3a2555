"""`modelyard diff A B`: two versions of a model side by side."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from modelyard.cli.options import Json, Store
from modelyard.cli.output import columns, document
from modelyard.cli.when import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelyard.api.diff import Diff, Side
    from modelyard.schema.pin import Input


def command(
    before: Annotated[str, typer.Argument(metavar="A", help="NAME, NAME@champion, NAME@3, or a digest.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Another version of the same model.")],
    store: Store = None,
    json: Json = False,
) -> None:
    """Show what two versions read, how each did on its own holdout, and what the gate said of them on the same rows."""
    from modelyard.api.connection import connect
    from modelyard.api.diff import diff

    with connect(store) as yard:
        found = diff(yard, before, after)
    if json:
        document(found)
    else:
        columns(list(_lines(found)))


def _lines(found: Diff) -> Iterator[tuple[str, str, str]]:
    before, after = found.before, found.after
    yield "", _name(before), _name(after)
    yield "created (UTC)", shown(before.created), shown(after.created)
    yield "model", before.kind or "-", after.kind or "-"
    yield "instructions", f"{before.instructions:,}", f"{after.instructions:,}"
    yield "equality", before.equality, after.equality
    yield from _made_of(before, after)
    for name, (old, new) in found.metrics.items():
        yield f"{name}, own holdout", _number(old), _number(new)
    for name, what in found.columns.items():
        yield f"column {name}", "", what
    for gate in found.gates:
        verdict = "passed" if gate.get("passed") else "not passed"
        yield f"gate {shown(gate.get('end'))}", "", f"{verdict}: {gate.get('reason')}"


def _made_of(before: Side, after: Side) -> Iterator[tuple[str, str, str]]:
    from modelyard.api.pins import window

    old, new = before.input, after.input
    if old is None and new is None:
        return
    yield "rows", *_both(lambda one: f"{one.rows:,} ({one.digest[:12]})", old, new)
    for name in dict.fromkeys(name for one in (old, new) if one for name in one.sources):
        yield f"source {name}", *_both(partial(_source, name), old, new)
    if any(one is not None and one.log is not None for one in (old, new)):
        yield "of the log", *_both(lambda one: window(one.log) if one.log else "-", old, new)


def _source(name: str, side: Input) -> str:
    from modelyard.api.pins import source

    return source(side.sources[name]) if name in side.sources else "-"


def _both(told: Callable[[Input], str], *sides: Input | None) -> tuple[str, str]:
    """A dash where nothing was kept."""
    before, after = ("-" if side is None else told(side) for side in sides)
    return before, after


def _name(side: Side) -> str:
    return f"{side.name}@{side.version}" if side.version is not None else side.digest[:12]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
