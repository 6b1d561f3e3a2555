"""Versions of data: the sources of a project as they are now under a name; listed, put back, sent and fetched.

Without DVC they lie in the store. Where the project is a Git repository with DVC they are DVC-tracked files as well
(api/dvc.py), and are sent and fetched by dvc.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from modelyard.api.data_files import put_back
from modelyard.api.data_taken import sources, taken
from modelyard.api.dvc import Dvc
from modelyard.api.project import Project
from modelyard.errors.store import NoRemote, UnknownSnapshot
from modelyard.errors.system import FULL
from modelyard.run.kept import Kept
from modelyard.step.step import TableStep
from modelyard.store.in_use import in_use
from modelyard.store.place import Store
from modelyard.store.snapshots import Shelf, Snapshot, copy


class Took(Struct, frozen=True, kw_only=True):
    """What taking a snapshot came to. `said`: what was noticed of the sources; `commit`: files for Git, with DVC."""

    snapshot: Snapshot
    said: tuple[str, ...] = ()
    commit: tuple[str, ...] = ()


class Restored(Struct, frozen=True, kw_only=True):
    """`written`, `removed`: files that are others now; `rows`: Parquet files of sources that are no files."""

    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    forgotten: dict[str, int] = {}
    """Source -> how many of its rows were forgotten since."""


class Listed(Struct, frozen=True, kw_only=True):
    """`here`: whether its rows are in this store; else `pull` brings them. `forgotten`: source -> rows."""

    snapshot: Snapshot
    here: bool
    forgotten: dict[str, int] = {}


class Versions:
    """The snapshots of a project. `store`: else the project's own; it is made where there is none."""

    def __init__(self, project: Project, store: str | Path | None = None) -> None:
        self.project = project
        self.store: Store = project.place(store).store.make()
        self.shelf, self.dvc = Shelf.of(self.store), Dvc.of(project.folder)

    def snapshot(self, name: str | None = None, at: int | None = None) -> Took:
        """The sources as they are now; a source with a cursor is read on from where it was read to. `at`: now, µs.
        Raises SnapshotThere, and what reading raises."""
        now = time.time_ns() // 1000 if at is None else at
        called = name or f"{datetime.fromtimestamp(now / 1e6, UTC):%Y%m%dT%H%M%SZ}"
        said: list[str] = []
        with in_use(self.store):
            sources_ = {one.id: taken(one, self.store, said.append) for one in sources(self.project)}
            made = Snapshot(name=called, project=self.project.head.name, created=now, sources=sources_)
            self.shelf.add(made)
        return Took(snapshot=self.shelf[called], said=tuple(said), commit=self._tracked(called))

    def listed(self) -> list[Listed]:
        """Oldest first."""
        found = {one.name: one for one in self.shelf}
        if self.dvc is not None:
            found = {one.name: one for one in self.dvc.shelf("all")} | found
        ordered = sorted(found.values(), key=lambda one: (one.created, one.name))
        return [
            Listed(snapshot=one, here=(here := one.name in self.shelf), forgotten=self._forgotten(one) if here else {})
            for one in ordered
        ]

    def open(self, name: str) -> Snapshot:
        """Of this store; what DVC has here comes into it first. Raises UnknownSnapshot."""
        if name not in self.shelf and self.dvc is not None and self.dvc.here(name):
            with in_use(self.store):
                copy(name, self.dvc.shelf(name), self.shelf)
        return self.shelf[name]

    def drop(self, name: str) -> None:
        """The snapshot's name out of this store; what only it held goes by `prune`. Raises UnknownSnapshot."""
        self._own(self.shelf[name])
        with in_use(self.store):
            self.shelf.drop(name)

    def checkout(self, name: str, to: Path | None = None, force: bool = False) -> Restored:
        """The files of its sources with the very bytes they had; rows of other sources as Parquet files in `to`
        (`snapshots/NAME.rows` beside the project file unless said). `churn@3`: what that version of the model was made
        of, of its sources with a cursor. Raises WouldBeLost before anything is changed, UnknownSnapshot."""
        if "@" in name:
            with in_use(self.store):
                return self._version(name, to)
        snapshot = self._own(self.open(name))
        with in_use(self.store):
            put = put_back(snapshot, self._steps(), self.project.folder, self.shelf, force)
            folder = to or self.project.folder / "snapshots" / f"{name}.rows"
            alone = {id_ for id_, taken in snapshot.sources.items() if not taken.files} | put.forgotten
            rows = [self._rows_to(folder, id_, snapshot.sources[id_].version) for id_ in sorted(alone)]
            lost = self._forgotten(snapshot)
        return Restored(written=put.written, removed=put.removed, rows=tuple(rows), forgotten=lost)

    def push(self, name: str | None = None, remote: str | None = None) -> dict[str, int]:
        """All snapshots, or that one: name -> blobs (with DVC: files) that were not there yet. Raises NoRemote,
        DvcFailed."""
        names = [name] if name else [one.name for one in self.shelf]
        if self.dvc is not None and not _folder(remote):
            pushed = {}
            for each in names:
                self.open(each)
                self._tracked(each)
                pushed[each] = self.dvc.push(each, remote)
            return pushed
        there = self._remote(remote)
        with in_use(self.store), _reached(there):
            return {each: copy(each, self.shelf, there)[1] for each in names}

    def pull(self, name: str | None = None, remote: str | None = None) -> dict[str, int]:
        """All snapshots there, or that one; as `push`."""
        if self.dvc is not None and not _folder(remote):
            names = [name] if name else [one.name for one in self.dvc.shelf("all")]
            for each in names:
                self.dvc.pull(each, remote)
            with in_use(self.store):
                return {each: copy(each, self.dvc.shelf(each), self.shelf)[1] for each in names}
        there = self._remote(remote)
        with in_use(self.store), _reached(there):
            names = [name] if name else [one.name for one in there]
            return {each: copy(each, there, self.shelf)[1] for each in names}

    def _own(self, snapshot: Snapshot) -> Snapshot:
        """A store may be that of several projects: none puts back or drops another's. Raises UnknownSnapshot."""
        if snapshot.project != self.project.head.name:
            found = f"{snapshot.name!r} is a snapshot of {snapshot.project!r}, and this is {self.project.head.name!r}"
            raise UnknownSnapshot(found, who="data", way_out="Go to that project; where this is it, give its name back")
        return snapshot

    def _remote(self, named: str | None) -> Shelf:
        place = named or self.project.head.remote
        if place is None:
            raise NoRemote("nothing says where snapshots go", who="data")
        folder = Path(place) if named else self.project.folder / place
        return Shelf.of(Store(folder))

    def _tracked(self, name: str) -> tuple[str, ...]:
        """Given to DVC too, where there is one."""
        if self.dvc is None:
            return ()
        with in_use(self.store):
            copy(name, self.shelf, self.dvc.shelf(name))
        return self.dvc.add(name)

    def _steps(self) -> dict[str, TableStep]:
        return {node.id: node.step for node in self.project.graph.steps if isinstance(node.step, TableStep)}

    def _version(self, name: str, to: Path | None) -> Restored:
        """The rows that a version of the model was made of. Raises UnknownVersion, NoStore, UnknownSnapshot."""
        from modelyard.api.package import Package

        read = Package.load(name, self.store).model.evidence.lineage.input
        pins = {id_: pin.version for id_, pin in read.sources.items() if pin.version} if read else {}
        if not pins:
            way_out = "Only rows of sources with a `cursor:` are kept with a version; take snapshots of the others"
            raise UnknownSnapshot(f"{name} keeps no rows", who="data checkout", way_out=way_out)
        folder = to or self.project.folder / "snapshots" / f"{name}.rows"
        rows = tuple(self._rows_to(folder, id_, version) for id_, version in pins.items())
        return Restored(rows=rows, forgotten=self._lost(pins))

    def _forgotten(self, snapshot: Snapshot) -> dict[str, int]:
        return self._lost({id_: taken.version for id_, taken in snapshot.sources.items()})

    def _lost(self, readings: dict[str, str]) -> dict[str, int]:
        """Of each reading how many rows were forgotten, where there are some."""
        kept = Kept(self.store)
        found = {id_: kept.forgotten(kept.version(version)) for id_, version in readings.items()}
        return {id_: rows for id_, rows in found.items() if rows}

    def _rows_to(self, folder: Path, id_: str, version: str) -> str:
        from modelyard.frame.appended import appended
        from modelyard.frame.spilled import parts

        kept = Kept(self.store)
        folder.mkdir(parents=True, exist_ok=True)
        with appended(folder / f"{id_}.parquet") as out:
            for part in parts(kept.scan(kept.version(version))):
                out.add(part)
        return str(folder / f"{id_}.parquet")


def _folder(remote: str | None) -> bool:
    """Whether a remote that was named is a folder, and not one that DVC knows by that name."""
    return remote is not None and ("/" in remote or Path(remote).is_dir())


@contextmanager
def _reached(there: Shelf) -> Iterator[None]:
    """What a remote's folder says when it cannot be made, read or written, in words of snapshots."""
    where = there.blobs.folder.parent
    try:
        yield
    except OSError as error:
        if error.errno in FULL or not Path(error.filename or where).is_relative_to(where):
            raise
        found = f"snapshots cannot lie in {where}: {error.strerror or error}"
        way_out = "Name a folder that is there or can be made, and that you may write to, by --remote or `remote:`"
        raise NoRemote(found, who="data", where=str(error.filename or where), way_out=way_out) from error
