"""Versions of models, and which one is the champion: promotion is one compare-and-swap with its audit row.

The revision is a fencing token: whoever promotes names the revision that they saw, so of many that see the same one
exactly one wins, and a trainer that wakes up late cannot undo a newer champion.
"""

from __future__ import annotations

import contextlib

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, RowMapping, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from modelyard.errors.store import BadPointer, Conflict, StalePointer, UnknownVersion
from modelyard.package.synced import replace
from modelyard.store.audit import note
from modelyard.store.exclusive import exclusive
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.pointer import Pointer, read_pointer, set_pointer
from modelyard.store.tables import aliases, versions

CHAMPION = "champion"


class Version(Struct, frozen=True, kw_only=True):
    model: str
    version: int
    digest: str
    created: int
    """Microseconds."""
    run: str = ""
    document: str = "{}"
    """JSON: metrics and the like, for people."""


class Alias(Struct, frozen=True, kw_only=True):
    model: str
    alias: str
    version: int
    revision: int


def register(sql: Connection, model: str, digest: str, created: int, run: str = "", document: str = "{}") -> Version:
    """A package as the next version of its model; the same package again is the version that it already is."""
    known = find(sql, model, digest=digest)
    if known is not None:
        return known
    last = sql.execute(select(func.max(versions.c.version)).where(versions.c.model == model)).scalar_one()
    made = Version(model=model, version=(last or 0) + 1, digest=digest, created=created, run=run, document=document)
    try:
        with sql.begin_nested():
            sql.execute(insert(versions).values(**{name: getattr(made, name) for name in made.__struct_fields__}))
    except IntegrityError as error:
        raise Conflict(f"another version of {model} was registered at the same moment") from error
    return made


def find(sql: Connection, model: str, *, version: int | None = None, digest: str | None = None) -> Version | None:
    query = select(versions).where(versions.c.model == model)
    if version is not None:
        query = query.where(versions.c.version == version)
    if digest is not None:
        query = query.where(versions.c.digest == digest)
    row = sql.execute(query.order_by(versions.c.version.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else _version(row)


def listed(sql: Connection, model: str | None = None) -> list[Version]:
    """All versions (of one model), oldest first."""
    query = select(versions).order_by(versions.c.model, versions.c.version)
    rows = sql.execute(query if model is None else query.where(versions.c.model == model))
    return [_version(row) for row in rows.mappings()]


def alias(sql: Connection, model: str, name: str = CHAMPION) -> Alias | None:
    row = sql.execute(select(aliases).where(aliases.c.model == model, aliases.c.alias == name)).mappings().one_or_none()
    return None if row is None else Alias(**row)


def champion(sql: Connection, model: str) -> tuple[Version, int] | None:
    """The version that serves, and the revision to name when replacing it."""
    found = alias(sql, model)
    if found is None:
        return None
    version = find(sql, model, version=found.version)
    if version is None:
        raise UnknownVersion(f"the champion of {model} is version {found.version}, which is not registered")
    return version, found.revision


def swap(sql: Connection, model: str, version: int, seen: int, *, at: int, actor: str, reason: str = "",
         name: str = CHAMPION) -> Alias:  # fmt: skip
    """Point the alias at `version` if its revision still is `seen` (0: there is none yet), and note it in the audit log
    of the same transaction. Raises Conflict, UnknownVersion."""
    found = find(sql, model, version=version)
    if found is None:
        raise UnknownVersion(f"{model} has no version {version}")
    before = alias(sql, model, name)
    made = Alias(model=model, alias=name, version=version, revision=seen + 1)
    if not _swapped(sql, made, seen):
        now = alias(sql, model, name)
        raise Conflict(f"{model}@{name} is at revision {now.revision if now else 0}, not {seen}")
    change = {"model": model, "alias": name, "from": before.version if before else None, "to": version}
    note(sql, at, actor, "promote", {**change, "digest": found.digest, "revision": made.revision, "reason": reason})
    return made


def _swapped(sql: Connection, made: Alias, seen: int) -> bool:
    if seen == 0:
        try:
            with sql.begin_nested():
                values = {name: getattr(made, name) for name in made.__struct_fields__}
                sql.execute(insert(aliases).values(**values))
        except IntegrityError:
            return False
        return True
    at = (aliases.c.model == made.model) & (aliases.c.alias == made.alias) & (aliases.c.revision == seen)
    change = update(aliases).where(at).values(version=made.version, revision=made.revision)
    return sql.execute(change).rowcount == 1


def promote(metadata: Metadata, store: Store, model: str, version: int, seen: int, *, at: int, actor: str,
            reason: str = "") -> Alias:  # fmt: skip
    """The whole promotion: true in the transaction, then told to the servers. A crash between the two is repaired by
    `point`."""
    with metadata.begin() as sql:
        made = swap(sql, model, version, seen, at=at, actor=actor, reason=reason)
    point(metadata, store, model)
    return made


def point(metadata: Metadata, store: Store, model: str) -> Pointer | None:
    """Make `pointer.json` say what the metadata says; nothing to do where it is already so. A pointer that cannot be
    read is written anew, for all models."""
    with metadata.begin() as sql:
        found = champion(sql, model)
    if found is None:
        return None
    pointer = _pointer(*found)
    try:
        known = read_pointer(store.pointer).get(model)
    except BadPointer:
        _rewrite(metadata, store)
        return pointer
    if known is None or known.revision < pointer.revision:
        with contextlib.suppress(StalePointer):  # a newer promotion was told first
            set_pointer(store.pointer, model, pointer)
    return pointer


def _pointer(version: Version, revision: int) -> Pointer:
    return Pointer(revision, version.digest, version.version)


def _rewrite(metadata: Metadata, store: Store) -> None:
    with exclusive(store.pointer), metadata.begin() as sql:
        serving = {model: champion(sql, model) for model in {version.model for version in listed(sql)}}
        told = {model: _pointer(*found) for model, found in serving.items() if found is not None}
        replace(store.pointer, msgspec.json.encode(told, order="sorted"))


def _version(row: RowMapping) -> Version:
    return Version(**row)
