"""The registry: which versions there are, which one serves, and changing that, by hand and on the record."""

from __future__ import annotations

import getpass
import time
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection as Sql

from modelyard.api.connection import Connection
from modelyard.api.reference import reference, resolve
from modelyard.errors.store import UnknownVersion
from modelyard.store.audit import entries
from modelyard.store.packages import open_package
from modelyard.store.versions import CHAMPION, Version, champion, listed, promote

ROLLED_BACK = "rolled back"
"""How the reason of such a change begins: the next rollback then goes one further."""


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
    """Make that version (`churn@3`) the champion. The package is opened first, as a server will: what cannot be served
    is not promoted. Raises UnknownVersion, Conflict, BadPackage, NotEqual."""
    wanted = reference(model)
    with yard.metadata.begin() as sql:
        if wanted.version is None and wanted.alias is None and listed(sql, wanted.name):
            newest = listed(sql, wanted.name)[-1]
            way_out = f"Name it: {wanted.name}@{newest.version} is the newest"
            raise UnknownVersion(f"{wanted.name} alone does not say which version", who="promote", way_out=way_out)
        version = resolve(sql, model)
        serving = champion(sql, version.model)
    return _change(yard, version, serving, reason, dry_run)


def roll_back(yard: Connection, name: str, reason: str = "", *, dry_run: bool = False) -> Change:
    """Make the version that served before the champion of that name. A second rollback goes one further back. Raises
    UnknownVersion when none served before."""
    with yard.metadata.begin() as sql:
        name = known(sql, name)
        served = served_before(sql, name)
        serving = champion(sql, name)
        if not served:
            way_out = f"Promote the one you want: modelyard promote {name}@NUMBER (`modelyard models {name}`)"
            raise UnknownVersion(f"no version of {name} served before this one", who="rollback", way_out=way_out)
        version = resolve(sql, f"{name}@{served[-1]}")
    said = f"{ROLLED_BACK}: {reason}" if reason else ROLLED_BACK
    return _change(yard, version, serving, said, dry_run)


def served_before(sql: Sql, name: str) -> list[int]:
    """The versions that a rollback would go through, the next one last: what served, without what was rolled back."""
    stack: list[int] = []
    for entry in entries(sql, "promote"):
        change = entry.document
        if change["model"] != name or change["alias"] != CHAMPION:
            continue
        if str(change["reason"]).startswith(ROLLED_BACK) and change["to"] in stack:
            del stack[stack.index(change["to"]) :]
        stack.append(change["to"])
    return stack[:-1]


def _change(
    yard: Connection, version: Version, serving: tuple[Version, int] | None, reason: str, dry_run: bool
) -> Change:
    open_package(yard.store, version.digest, version.model)
    seen = serving[1] if serving else 0
    same = serving is not None and serving[0].version == version.version
    if not dry_run and not same:
        promote(
            yard.metadata, yard.store, version.model, version.version, seen, at=_now(), actor=actor(), reason=reason
        )
    return Change(
        name=version.model,
        before=serving[0].version if serving else None,
        after=version.version,
        digest=version.digest,
        revision=seen if same else seen + 1,
        reason=reason,
        done=not dry_run and not same,
    )


def actor() -> str:
    """Who is at the keyboard, for the audit log."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _now() -> int:
    return time.time_ns() // 1000
