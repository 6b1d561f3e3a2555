"""The registry: which versions there are, which one serves, and changing that, by hand and on the record."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection as Sql

from modelyard.api.connection import Connection
from modelyard.api.reference import reference, resolve
from modelyard.errors.loop import NoProposal, NothingToRollBack
from modelyard.loop.promote import PROPOSAL, Promotion, accept, promote
from modelyard.loop.rollback import previous, rollback
from modelyard.store.packages import open_package
from modelyard.store.records import read_records
from modelyard.store.versions import Version, champion, listed, point


class Listed(Struct, frozen=True, kw_only=True):
    """A version in the list of models. `facts`: what was noted of it (metrics and the like)."""

    name: str
    version: int
    digest: str
    created: int
    champion: bool
    run: str
    facts: dict[str, Any]


class Change(Struct, frozen=True, kw_only=True):
    """A change of what serves, done or (`done` false) only looked at."""

    name: str
    before: int | None
    after: int
    digest: str
    revision: int
    reason: str
    done: bool


def models(yard: Connection, name: str | None = None) -> list[Listed]:
    """Every version (of one model), oldest first. Raises UnknownVersion for a model that is not there."""
    with yard.metadata.begin() as sql:
        if name is not None:
            name = known(sql, name)
        found = listed(sql, name)
        serving = {model: champion(sql, model) for model in {version.model for version in found}}
    return [_listed(version, serving[version.model]) for version in found]


def known(sql: Sql, text: str) -> str:
    """The model's name. Raises UnknownVersion."""
    name = reference(text).name
    if not listed(sql, name):
        resolve(sql, name)
    return name


def _listed(version: Version, serving: tuple[Version, int] | None) -> Listed:
    return Listed(
        name=version.model,
        version=version.version,
        digest=version.digest,
        created=version.created,
        champion=serving is not None and serving[0].version == version.version,
        run=version.run,
        facts=msgspec.json.decode(version.document),
    )


def promote_version(yard: Connection, model: str, reason: str = "", *, dry_run: bool = False) -> Change:
    """Make that version (`churn@3`) the champion; a name alone accepts the challenger that waits. The package is opened
    first, as a server will: what cannot be served is not promoted. Raises UnknownVersion, NoProposal, Conflict,
    BadPackage, NotEqual."""
    wanted = reference(model)
    with yard.metadata.begin() as sql:
        waits = wanted.version is None and wanted.alias is None and bool(listed(sql, wanted.name))
        version = resolve(sql, f"{wanted.name}@{_proposed(sql, wanted.name)}" if waits else model)
        serving = champion(sql, version.model)

    def act(seen: int) -> Promotion:
        if waits:
            return accept(yard.metadata, yard.store, version.model, at=_now(), actor=actor(), reason=reason)
        return promote(
            yard.metadata, yard.store, version.model, version.version,
            at=_now(), actor=actor(), reason=reason, seen=seen,
        )  # fmt: skip

    return _change(yard, version, serving, reason, None if dry_run else act)


def _proposed(sql: Sql, name: str) -> int:
    """The challenger that waits for a person. Raises NoProposal."""
    waiting, serving = read_records(sql, PROPOSAL, name), champion(sql, name)
    proposed = int(waiting[-1].document["version"]) if waiting else None
    if proposed is None or (serving is not None and serving[0].version == proposed):
        newest = listed(sql, name)[-1]
        found = f"no challenger of {name} waits, so {name} alone does not say which version"
        raise NoProposal(found, who="promote", way_out=f"Name it: {name}@{newest.version} is the newest")
    return proposed


def roll_back(yard: Connection, name: str, reason: str = "", *, dry_run: bool = False) -> Change:
    """Make the version that served before the champion of that name. A second rollback goes one further back. Raises
    UnknownVersion, NothingToRollBack."""
    with yard.metadata.begin() as sql:
        name = known(sql, name)
        before, serving = previous(sql, name), champion(sql, name)
        if before is None:
            raise NothingToRollBack(f"no version of {name} served before this one", who="rollback")
        version = resolve(sql, f"{name}@{before}")
    said = reason or "rolled back by hand"

    def act(seen: int) -> Promotion:
        return rollback(yard.metadata, yard.store, name, at=_now(), actor=actor(), reason=said, seen=seen)

    return _change(yard, version, serving, said, None if dry_run else act)


def _change(
    yard: Connection,
    version: Version,
    serving: tuple[Version, int] | None,
    reason: str,
    act: Callable[[int], Promotion] | None,
) -> Change:
    """Done by the revision that was seen, so that of two people who saw the same one wins."""
    open_package(yard.store, version.digest, version.model)
    seen = serving[1] if serving else 0
    same = serving is not None and serving[0].version == version.version
    done = None if same or act is None else act(seen)
    if same and act is not None:
        point(yard.metadata, yard.store, version.model)
    return Change(
        name=version.model,
        before=serving[0].version if serving else None,
        after=version.version,
        digest=version.digest,
        revision=done.revision if done else seen + (not same),
        reason=done.reason if done else reason,
        done=done is not None,
    )


def actor() -> str:
    """Who is at the keyboard, for the audit log."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _now() -> int:
    return time.time_ns() // 1000
