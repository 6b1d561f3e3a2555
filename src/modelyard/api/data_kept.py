"""An end of rows that were kept of sources: of what nothing refers to, and of what was kept for long enough."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from modelyard.api.connection import Connection, opened
from modelyard.api.project import Project
from modelyard.errors.project import BadParameter
from modelyard.run.referred import collect, pinned, under_way
from modelyard.store.versions import Version, alias, listed


class Pruned(Struct, frozen=True, kw_only=True):
    """`blobs`: how many went, or would go; `size`: their bytes; `versions`: those of models whose rows went."""

    blobs: int
    size: int
    versions: tuple[str, ...] = ()
    done: bool = True


def prune(
    project: Project, store: str | Path | None = None, *, keep: int | None = None, dry_run: bool = False,
    before: float | None = None,
) -> Pruned:  # fmt: skip
    """Delete the rows and files that no snapshot, no version of a model and no reading that goes on refers to, and that
    lie here for a day (`before`: seconds since 1970). `keep`: of each model only the newest so many versions, and the
    champion, keep the rows that they were made of; the versions themselves stay. Raises StoreInUse."""
    if keep is not None and keep < 1:
        raise BadParameter("at least one version keeps its rows", who="data prune")
    with opened(project.place(store)) as yard:
        with yard.metadata.begin() as sql:
            registered, going = listed(sql), under_way(sql)
        late = [] if keep is None else _late(yard, registered, keep)
        stays = [version for version in registered if version not in late]
        pins, old = pinned(yard.store, stays) | going, pinned(yard.store, late)
        gone = collect(yard.store, pins, before, old - pins, dry_run)
    versions = tuple(f"{version.model}@{version.version}" for version in late)
    return Pruned(blobs=len(gone), size=sum(gone.values()), versions=versions, done=not dry_run)


def _late(yard: Connection, registered: list[Version], keep: int) -> list[Version]:
    models: dict[str, list[Version]] = {}
    for version in registered:
        models.setdefault(version.model, []).append(version)
    with yard.metadata.begin() as sql:
        served = {(name, found.version) for name in models if (found := alias(sql, name)) is not None}
    old = [version for some in models.values() for version in some[:-keep]]
    return [version for version in old if (version.model, version.version) not in served]
