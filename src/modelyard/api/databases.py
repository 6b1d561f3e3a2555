"""The connections of a project file, tried and written: what `modelyard connect` does.

A connection is written only after it worked, and then with the name of the variable that holds its password: the
password itself is handed to the driver and to nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from modelyard.errors.project import UnreadableFile
from modelyard.package.synced import replace
from modelyard.project.connections import connections
from modelyard.project.environment import Environment
from modelyard.project.read import Document, read
from modelyard.project.splice import insert_item
from modelyard.schema.connection import Connection

FILE = "modelyard.yaml"


class Tried(Struct, frozen=True, kw_only=True):
    """A connection that works. `tables`: those that this user sees. `written`: whether it is new in the file."""

    name: str
    kind: str
    tables: tuple[str, ...]
    seconds: float
    written: bool = False


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
    return Tried(name=tried.name, kind=tried.kind, tables=tried.tables, seconds=tried.seconds, written=True)


def _tried(connection: Connection, folder: Path) -> Tried:
    from modelyard.frame.sql.session import opened

    began = time.perf_counter()
    with opened(connection, folder) as session:
        tables = tuple(session.tables())
    seconds = time.perf_counter() - began
    return Tried(name=connection.name, kind=str(connection.__struct_config__.tag), tables=tables, seconds=seconds)
