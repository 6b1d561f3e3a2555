"""`modelyard data snapshot|list|diff|checkout|push|pull|drop|prune`: versions of the data that a project reads."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelyard.cli.options import DryRun, Json, Store
from modelyard.cli.output import columns, document
from modelyard.cli.when import shown
from modelyard.errors import ended

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelyard.api.data import Listed, Versions
    from modelyard.api.data_diff import SourceDiff


class Action(StrEnum):
    """What to do with versions of data."""

    snapshot = "snapshot"
    list = "list"
    diff = "diff"
    checkout = "checkout"
    push = "push"
    pull = "pull"
    drop = "drop"
    prune = "prune"


def command(
    action: Annotated[
        Action,
        typer.Argument(help="snapshot, list, diff, checkout, push, pull, drop or prune.", show_choices=False),
    ],
    name: Annotated[
        str | None, typer.Argument(help="Of a snapshot; a new one is called after the time, push and pull take all.")
    ] = None,
    other: Annotated[str, typer.Argument(help="diff: another snapshot, or `now`: the sources as they are.")] = "now",
    file: Annotated[str, typer.Option("--file", help="The project file, or its folder.")] = "modelyard.yaml",
    key: Annotated[
        list[str] | None, typer.Option("--key", help="diff: a column that finds a row; again for more.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", help="checkout: the folder for rows of sources that are no files.")]
    = None,
    force: Annotated[bool, typer.Option("--force", help="checkout: also over files that no snapshot holds.")] = False,
    remote: Annotated[
        str | None, typer.Option("--remote", help="push, pull: another store's folder; with DVC, the name of a remote.")
    ] = None,
    keep: Annotated[
        int | None, typer.Option("--keep", help="prune: of each model only so many versions keep their rows.")
    ] = None,
    dry_run: DryRun = False,
    store: Store = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Keep what the project's sources hold under a name, see what changed, put it back, share it. Where the project is
    a Git repository with DVC, snapshots are files that DVC tracks. `drop` takes a snapshot's name away; `prune` deletes
    the rows that no snapshot, no version of a model and no source needs any more, a day after they were written."""
    if action is Action.prune:
        _prune(file, store, keep, dry_run, json)
        return
    from modelyard.api.data import Versions
    from modelyard.api.project import Project

    versions = Versions(Project.load(file), store)
    if action is Action.snapshot:
        _snapshot(versions, name, json)
    elif action is Action.list:
        _list(versions.listed(), versions.project.head.name, json)
    elif action is Action.diff:
        _diff(versions, _named(name), other, key or [], json)
    elif action is Action.checkout:
        _checkout(versions, _named(name), to, force, json)
    elif action is Action.drop:
        versions.drop(_named(name))
        typer.echo(f"dropped {name}")
    else:
        done = (versions.push if action is Action.push else versions.pull)(name, remote)
        _moved(done, "pushed" if action is Action.push else "pulled", json)


def _named(name: str | None) -> str:
    from modelyard.errors.store import UnknownSnapshot

    if name is None:
        raise UnknownSnapshot("no snapshot is named", who="data")
    return name


def _snapshot(versions: Versions, name: str | None, json: bool) -> None:
    made = versions.snapshot(name)
    if json:
        document(made)
        return
    for word in made.said:
        typer.echo(ended(word), err=True)
    taken = made.snapshot.sources.items()
    typer.echo(
        f"{made.snapshot.name}: " + ", ".join(f"{id_} {one.rows:,} rows ({one.digest[:12]})" for id_, one in taken)
    )
    if made.commit:
        typer.echo(f"For Git: git add {' '.join(_from_here(versions, made.commit))}", err=True)


def _from_here(versions: Versions, files: Sequence[str]) -> Iterator[str]:
    """So that the line can be pasted where it stands."""
    import os
    import shlex

    return (shlex.quote(os.path.relpath(versions.project.folder / file)) for file in files)


def _list(found: list[Listed], project: str, json: bool) -> None:
    if json:
        document(found)
    elif not found:
        typer.echo("There are no snapshots yet: `modelyard data snapshot` takes one.")
    else:
        lines = [
            (
                one.snapshot.name,
                shown(one.snapshot.created),
                id_,
                f"{taken.rows:,}",
                taken.digest[:12],
                _reach(one, id_) if one.snapshot.project == project else f"of {one.snapshot.project}",
            )
            for one in found
            for id_, taken in one.snapshot.sources.items()
        ]
        columns([("SNAPSHOT", "TAKEN (UTC)", "SOURCE", "ROWS", "DIGEST", ""), *lines])


def _reach(one: Listed, id_: str) -> str:
    from modelyard.run.reading import shown as mark

    taken = one.snapshot.sources[id_]
    where = "" if one.here else "not here: modelyard data pull"
    if id_ in one.forgotten:
        where = f"{one.forgotten[id_]:,} row(s) forgotten since"
    if not taken.cursor:
        return where
    return f"up to {taken.cursor} = {mark(taken.upto, taken.columns[taken.cursor])} {where}".strip()


def _diff(versions: Versions, before: str, after: str, key: list[str], json: bool) -> None:
    from modelyard.api.data_diff import data_diff

    found = data_diff(versions, before, after, key)
    if json:
        document(found)
        return
    for id_, one in found.items():
        typer.echo(f"{id_}: {one.rows[0]:,} rows -> {one.rows[1]:,}")
        columns([("  " + head, what) for head, what in _lines(one)])


def _lines(one: SourceDiff) -> Iterator[tuple[str, str]]:
    if one.said:
        yield "note", one.said
    if one.same:
        yield "rows", "the same"
        return
    by = f" (by {', '.join(one.key)})" if one.key else " (as whole rows)"
    changed = "" if one.changed is None else f", {one.changed:,} changed"
    yield "rows", f"{one.added:,} added, {one.removed:,} removed{changed}{by}"
    for name, what in one.columns.items():
        yield f"column {name}", what
    for name, rows in one.values.items():
        yield f"values of {name}", f"{rows:,} differ"
    for moved in one.moved:
        yield f"distribution of {moved.column}", moved.what
    rest = one.compared - len(one.moved)
    if rest:
        yield "distributions", f"{rest} of {one.compared} columns lie as two samples of one table would"


def _checkout(versions: Versions, name: str, to: str | None, force: bool, json: bool) -> None:
    done = versions.checkout(name, Path(to) if to else None, force)
    if json:
        document(done)
        return
    for what, files in (("written", done.written), ("removed", done.removed), ("rows in", done.rows)):
        for each in files:
            typer.echo(f"{what} {each}")
    for id_, rows in done.forgotten.items():
        typer.echo(f"{id_}: {rows:,} rows were forgotten since", err=True)
    if not (done.written or done.removed or done.rows):
        typer.echo("All files are as they were.")


def _prune(file: str, store: str | None, keep: int | None, dry_run: bool, json: bool) -> None:
    from modelyard.api.data_kept import prune
    from modelyard.api.project import Project

    found = prune(Project.load(file), store, keep=keep, dry_run=dry_run)
    if json:
        document(found)
        return
    what = f"{found.blobs:,} blob(s) that nothing refers to, {found.size / 2**20:,.1f} MiB"
    typer.echo(f"Deleted {what}." if found.done else f"Would be deleted: {what}. Nothing was changed.")
    for name in found.versions:
        typer.echo(f"{name} keeps no rows any more", err=True)


def _moved(done: dict[str, int], word: str, json: bool) -> None:
    if json:
        document(done)
    elif not done:
        typer.echo("There are no snapshots.")
    for name, blobs in ({} if json else done).items():
        typer.echo(f"{word} {name}, {blobs:,} blobs were not there yet")
