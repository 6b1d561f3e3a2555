"""Plain data into typed structs, with errors that name the path, the line and the way out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec

from modelyard.errors import ModelyardError, did_you_mean
from modelyard.errors.project import BadParameter, BrokenPlugin, UnknownKey
from modelyard.project.environment import Environment
from modelyard.project.read import Document

T = TypeVar("T")

_AT = re.compile(r" - at `\$\.?(.*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")


def decode(
    data: Any,
    kind: type[T],
    path: str,
    document: Document,
    environment: Environment,
    who: str = "",
    dec_hook: Callable[[type[Any], Any], Any] | None = None,
) -> T:
    """`data` (already expanded) as `kind`. Raises UnknownKey or BadParameter; texts are redacted. `dec_hook`: how
    msgspec reads types of ours."""
    try:
        return msgspec.convert(data, kind, dec_hook=dec_hook)
    except ModelyardError as error:  # a struct's own check of its parameters
        error.found, error.advice = environment.redact(error.found), environment.redact(error.advice)
        error.who, error.where = error.who or who, error.where or document.where(path)
        raise
    except TypeError as error:  # the kind's own fields are ill declared
        raise BrokenPlugin(f"its parameters cannot be read: {error}", who=who or kind.__name__) from error
    except msgspec.ValidationError as error:
        message = str(error)
        inner = _AT.search(message)
        below = inner[1] if inner else ""
        place = f"{path}{'' if not below or below.startswith('[') or not path else '.'}{below}"
        found = environment.redact(_AT.sub("", message))
        unknown = _UNKNOWN.match(found)
        if unknown:
            place = f"{place}.{unknown[1]}" if place else unknown[1]
            known = _fields_at(kind, below)
            advice = did_you_mean(unknown[1], known) if known else ""
            raise UnknownKey(
                f"unknown key {unknown[1]!r}", who=who, where=document.where(place), way_out=advice
            ) from None
        raise BadParameter(found, who=who, where=document.where(place)) from None


def known_keys(keys: Iterable[str], known: Iterable[str], path: str, document: Document, who: str = "") -> None:
    """Raises UnknownKey for the first key that is not known."""
    names = list(known)
    for key in keys:
        if key not in names:
            place = f"{path}.{key}" if path else key
            way_out = did_you_mean(key, names)
            raise UnknownKey(f"unknown key {key!r}", who=who, where=document.where(place), way_out=way_out)


def field_names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.encode_name for field in msgspec.structs.fields(kind))


def _fields_at(kind: type[Any], below: str) -> tuple[str, ...]:
    """The keys of the struct that a path leads to, as far as that is certain."""
    info = _struct(msgspec.inspect.type_info(kind))
    for word in filter(None, re.split(r"\.|\[\d+\]|\[\.\.\.\]", below)):
        info = _struct({field.encode_name: field.type for field in getattr(info, "fields", ())}.get(word))
    return tuple(field.encode_name for field in getattr(info, "fields", ()))


def _struct(info: Any) -> Any:
    """The struct inside of unions, lists and descriptions, when there is one."""
    while hasattr(info, "item_type") or type(info) is msgspec.inspect.Metadata:
        info = info.type if type(info) is msgspec.inspect.Metadata else info.item_type
    inner = [_struct(part) for part in getattr(info, "types", ())]
    structs = [part for part in inner if hasattr(part, "fields")]
    return structs[0] if len(structs) == 1 else info
