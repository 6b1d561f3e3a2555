"""The connections of a project file (databases, services, object stores), tried and written: what `modelyard connect`
does.

A connection is written only after it worked, and then with the name of the variable that holds its password: the
password itself is handed to the driver and to nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from modelyard.errors.project import UnreadableFile
from modelyard.package.synced import replace
from modelyard.project.connections import connections
from modelyard.project.environment import Environment
from modelyard.project.read import Document, read
from modelyard.project.splice import insert_item
from modelyard.schema.connection import Connection, ObjectStore, Rest

FILE = "modelyard.yaml"


class Tried(Struct, frozen=True, kw_only=True):
    """A connection that works. `tables`: those that this user sees; of others `said`: what they answered. `written`:
    whether it is new in the file."""

    name: str
    kind: str
    tables: tuple[str, ...]
    seconds: float
    written: bool = False
    said: str = ""


def document_of(file: str | Path) -> tuple[Document, Path]:
    """A project file (or the one in that folder) and its path. Raises UnreadableFile."""
    path = Path(file)
    path = path / FILE if path.is_dir() else path
    try:
        return read(path.read_bytes(), path.name), path
    except OSError as error:
        way_out = "Name the project file by --file; `modelyard init` writes the first"
        raise UnreadableFile(f"{path} cannot be read: {error.strerror}", way_out=way_out) from None


def try_connection(file: str | Path, name: str, environment: Mapping[str, str]) -> Tried:
    """Open a connection of the file and list its tables. Raises UnknownConnection, MissingVariable, Unreachable,
    AccessDenied, UnknownTable, DatabaseRefused, MissingDriver."""
    document, path = document_of(file)
    return _tried(connections(document, Environment(environment))[name], path.parent)


def add_connection(file: str | Path, entry: Mapping[str, Any], environment: Mapping[str, str]) -> Tried:
    """Try a new connection and write it into the file, of which every other byte stays. Raises as `try_connection`
    does, BadParameter, UnknownKey; the file is then as it was."""
    document, path = document_of(file)
    place = len(document.data.get("connections") or ())
    changed = insert_item(document, "connections", place, dict(entry))
    tried = _tried(connections(changed, Environment(environment))[str(entry["name"])], path.parent)
    replace(path, changed.to_bytes())
    return msgspec.structs.replace(tried, written=True)


def _tried(connection: Connection, folder: Path) -> Tried:
    began = time.perf_counter()
    tables, said = _answered(connection, folder)
    seconds = time.perf_counter() - began
    kind = str(connection.__struct_config__.tag)
    return Tried(name=connection.name, kind=kind, tables=tables, seconds=seconds, said=said)


def _answered(connection: Connection, folder: Path) -> tuple[tuple[str, ...], str]:
    if isinstance(connection, Rest):
        from modelyard.frame.rest.tried import tried

        return (), tried(connection, folder)
    if isinstance(connection, ObjectStore):
        from modelyard.objects.look import look

        return (), look(connection)
    from modelyard.frame.sql.session import opened

    with opened(connection, folder) as session:
        return tuple(session.tables()), ""
