"""What MODEL means: a package's folder, `name`, `name@champion`, `name@3`, or a digest."""

from __future__ import annotations

import re

from msgspec import Struct
from sqlalchemy import Connection as Sql

from modelyard.errors import did_you_mean
from modelyard.errors.store import UnknownVersion
from modelyard.store.versions import CHAMPION, Version, alias, find, listed

_DIGEST = re.compile(r"[0-9a-f]{8,64}")


class Reference(Struct, frozen=True):
    """A model's name and what stands after the @: a number, an alias, or nothing (then the champion)."""

    name: str
    version: int | None = None
    alias: str | None = None


def reference(text: str) -> Reference:
    """
    >>> reference("churn@3"), reference("churn").alias
    (Reference(name='churn', version=3, alias=None), None)
    """
    name, at, tail = text.partition("@")
    if not name or (at and not tail):
        raise UnknownVersion(f"{text!r} names no model", way_out="Write NAME, NAME@champion, NAME@3 or a digest")
    if tail.isdecimal():
        return Reference(name, int(tail))
    return Reference(name, alias=tail or None)


def resolve(sql: Sql, text: str) -> Version:
    """The version that `text` names. A name alone is its champion. Raises UnknownVersion, saying what there is."""
    wanted = reference(text)
    if wanted.alias is None and wanted.version is None and _DIGEST.fullmatch(wanted.name):
        found = _by_digest(sql, wanted.name)
        if found is not None:
            return found
    versions = listed(sql, wanted.name)
    if not versions:
        raise UnknownVersion(f"there is no model {wanted.name!r}", way_out=_names(sql, wanted.name))
    if wanted.version is not None:
        found = find(sql, wanted.name, version=wanted.version)
        if found is None:
            raise UnknownVersion(
                f"{wanted.name} has no version {wanted.version}", way_out=f"there is: {_all(versions)}"
            )
        return found
    return _by_alias(sql, wanted, versions)


def _by_alias(sql: Sql, wanted: Reference, versions: list[Version]) -> Version:
    name = wanted.alias or CHAMPION
    pointed = alias(sql, wanted.name, name)
    if pointed is None:
        newest = f"{wanted.name}@{versions[-1].version}"
        way_out = f"Name a version ({_all(versions)}), or promote one: modelyard promote {newest}"
        raise UnknownVersion(f"{wanted.name} has no {name}", way_out=way_out)
    found = find(sql, wanted.name, version=pointed.version)
    if found is None:
        raise UnknownVersion(f"{wanted.name}@{name} is version {pointed.version}, which is not registered")
    return found


def _by_digest(sql: Sql, start: str) -> Version | None:
    found = [version for version in listed(sql) if version.digest.startswith(start)]
    if len({version.digest for version in found}) > 1:
        raise UnknownVersion(f"{len(found)} packages begin with {start}", way_out="Write more of the digest")
    return found[0] if found else None


def _names(sql: Sql, name: str) -> str:
    names = {version.model for version in listed(sql)}
    return did_you_mean(name, names) if names else "There are no models yet: `modelyard run` makes one"


def _all(versions: list[Version]) -> str:
    return ", ".join(f"{v.model}@{v.version}" for v in versions[-10:])
