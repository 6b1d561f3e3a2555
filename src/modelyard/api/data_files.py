"""Files put back as a snapshot had them. A file is overwritten or removed only if a snapshot has it: nothing that a
person made is lost by looking at an old version."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path

from msgspec import Struct

from modelyard.errors.store import BadSnapshot, WouldBeLost
from modelyard.package.synced import replace
from modelyard.run.feed import bytes_digest, ends_of
from modelyard.step.step import TableStep
from modelyard.store.snapshots import Shelf, Snapshot


class PutBack(Struct, frozen=True):
    """`forgotten`: sources of which a file was forgotten, so that all were left as they are."""

    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    forgotten: frozenset[str] = frozenset()


def put_back(
    snapshot: Snapshot, steps: Mapping[str, TableStep], folder: Path, shelf: Shelf, force: bool = False
) -> PutBack:
    """Every file of a source as it was, and none besides; where a step of that name still reads them. Raises
    WouldBeLost and BadSnapshot before anything is changed."""
    wanted: dict[str, str] = {}
    extra: list[str] = []
    gone = {
        id_ for id_, taken in snapshot.sources.items() if any(shelf.blobs.gone(file.digest) for file in taken.files)
    }
    for id_, taken in snapshot.sources.items():
        path = getattr(steps.get(id_), "path", None)
        if id_ not in gone and taken.files and isinstance(path, str):
            own = {file.name: file.digest for file in taken.files}
            _inside(own, path, id_)
            wanted |= own
            extra += [name for name in _there(folder, path, ends_of(steps.get(id_))) if name not in own]
    written = [name for name, digest in wanted.items() if not _same(folder / name, digest)]
    known = {file.digest for one in shelf for taken in one.sources.values() for file in taken.files}
    changed = [name for name in (*written, *extra) if (folder / name).is_file()]
    lost = [name for name in changed if bytes_digest(folder / name) not in known]
    if lost and not force:
        raise WouldBeLost(f"no snapshot here has {', '.join(lost[:5])} as it is now", who="data checkout")
    contents = {name: shelf.blobs.get(wanted[name]) for name in written}
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        replace(folder / name, content)
    for name in extra:
        (folder / name).unlink()
    return PutBack(tuple(written), tuple(extra), frozenset(gone))


def _inside(names: Mapping[str, str], path: str, id_: str) -> None:
    """A snapshot may come from elsewhere: it writes where its source reads, and nowhere else."""
    for name in names:
        if not (Path(name).is_relative_to(path) or fnmatch(name, path)) or name.count("..") != path.count(".."):
            raise BadSnapshot(f"the snapshot has {name!r}, which {id_!r} does not read ({path})", who="data checkout")


def _there(folder: Path, path: str, ends: tuple[str, ...]) -> list[str]:
    from modelyard.errors.data import UnreadableTable
    from modelyard.frame.source import files

    try:
        found = files(folder, path, ends)
    except UnreadableTable:
        return []
    return [file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.as_posix() for file in found]


def _same(file: Path, digest: str) -> bool:
    return file.is_file() and bytes_digest(file) == digest
