"""`serving.json`: how each model is to be served, for servers that know neither SQL nor the project file.

Written by whoever deploys, before the pointer, so that no request is logged with a column that must never be there.
The server reads it at its start and at every look at the pointer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from modelyard.errors.store import BadServing
from modelyard.package.synced import replace
from modelyard.schema.column import Kind
from modelyard.store.exclusive import exclusive

Durability = Literal["fsync", "os", "off"]
_STRICTEST: tuple[Durability, ...] = ("fsync", "os", "off")


class Serving(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`deploy.service` as far as the server keeps it."""

    durability: Durability = "fsync"
    without: tuple[str, ...] = ()
    """Columns that the log never holds."""
    labels: dict[str, Kind] = {}
    """What the columns of the truth must be; columns that are not named here may be any plain value."""


def read_serving(path: Path) -> dict[str, Serving]:
    """Model name -> settings; empty where nobody wrote any. Raises BadServing."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Serving])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise BadServing(f"the settings of what is served cannot be read: {error}", where=str(path)) from error


def set_serving(path: Path, model: str, serving: Serving) -> None:
    """The settings of one model, replaced whole. Raises BadServing."""
    with exclusive(path):
        known = read_serving(path)
        if known.get(model) != serving:
            replace(path, msgspec.json.encode({**known, model: serving}, order="sorted"))


def strictest(asked: list[Durability]) -> Durability:
    """One process has one log, so the model that asks for most decides.

    >>> strictest(["off", "os"]), strictest([])
    ('os', 'fsync')
    """
    return min(asked, key=_STRICTEST.index, default="fsync")
