"""A source by its name (a file, CONNECTION:TABLE, :KEY or :/PATH): which step reads it, and what it must be told."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from modelyard.api.sniff import Reading, sniffed, unknown
from modelyard.errors.data import UnreadableTable
from modelyard.frame.folder import in_folder, within
from modelyard.frame.suffixes import ARROW, EXCEL, JSON, PACKED, PARQUET, TEXT
from modelyard.schema.object_store import ObjectStore
from modelyard.step.context import Context
from modelyard.step.filed import Filed
from modelyard.step.located import files_of
from modelyard.step.registry import Registry
from modelyard.step.step import Step, TableStep

READERS = {
    **dict.fromkeys(TEXT, "read.csv"),
    **dict.fromkeys(PARQUET, "read.parquet"),
    **dict.fromkeys(JSON, "read.json"),
    **dict.fromkeys(EXCEL, "read.excel"),
    **dict.fromkeys(ARROW, "read.arrow"),
}
CONNECTION = re.compile(r"(?P<connection>[A-Za-z][A-Za-z0-9_-]+):(?P<rest>[^/\\\\:][^\\\\:]*)")
"""Of a database the rest is a table, of an object store a key or a pattern. Two letters at least: one is a Windows
drive."""
SERVICE = re.compile(r"(?P<connection>[A-Za-z][A-Za-z0-9_-]+):(?P<path>/[^\s?#]*)(\?(?P<query>[^\s#]*))?")
"""A path of a web service, perhaps with what is asked of it."""
UNPACK = ("read.csv", "read.json")


class Source(Struct, frozen=True, kw_only=True):
    """`fields`: of the read step, as they hold in `ctx`; `entry`: the connection that it reads through."""

    name: str
    kind: str
    fields: dict[str, Any]
    ctx: Context
    entry: dict[str, Any] | None = None

    def sniffed(self) -> Reading:
        """What the step must be told besides; of a database nothing. A service is asked: raises what that raises."""
        if self.kind == "read.rest":
            return self._looked()
        return {} if "path" not in self.fields else sniffed(self._first())

    def unread(self) -> dict[str, str]:
        """Columns that no step knows, and what they hold; `sniffed` leaves them out."""
        return {} if self.kind == "read.rest" or "path" not in self.fields else unknown(self._first())

    def _first(self) -> str | Path:
        """Of its files."""
        path = str(self.fields["path"])
        if not self.entry and not Path(path).is_dir():
            return path
        return files_of(self.ctx, self.fields.get("connection"), path, _ends(self.kind))[0]

    def step(self, reading: Reading) -> TableStep:
        """Raises UnreadableTable where that kind reads no table."""
        kind: type[Step] = Registry.installed()[self.kind]
        step = msgspec.convert({**self.fields, **reading}, kind)
        if not isinstance(step, TableStep):
            raise UnreadableTable(f"{self.kind} reads no table", where=self.name)
        return step

    def written(self, folder: Path) -> dict[str, Any]:
        """`fields` as a project file in that folder has them."""
        return _seen_from(folder, self.fields, Path())

    def entry_for(self, folder: Path) -> dict[str, Any] | None:
        """`entry` likewise: the path of SQLite's or DuckDB's file changes, secrets stay names of variables."""
        return None if self.entry is None else _seen_from(folder, self.entry, self.ctx.folder)

    def _looked(self) -> Reading:
        from modelyard.frame.rest.look import look
        from modelyard.frame.rest.read import Asked

        connection = self.ctx.connections[self.fields["connection"]]
        parameters = self.fields.get("parameters", {})
        return look(
            Asked(connection=connection, folder=self.ctx.folder, path=self.fields["path"], parameters=parameters)
        )


def source_of(name: str | Path) -> Source:
    """A file, or CONNECTION:TABLE, :KEY or :/PATH with a connection of the `modelyard.yaml` in this folder. Raises
    UnreadableTable, UnreadableFile, UnknownConnection."""
    asked = SERVICE.fullmatch(str(name))
    if asked and not Path(name).exists():
        query = dict(parse_qsl(asked["query"] or "", keep_blank_values=True))
        fields = {"path": asked["path"], **({"parameters": query} if query else {})}
        return _connected(str(name), asked["connection"], "read.rest", fields)
    named = CONNECTION.fullmatch(str(name))
    if named and not Path(name).exists():
        return _named(str(name), named["connection"], named["rest"])
    return Source(name=str(name), kind=kind_of(name), fields={"path": str(name)}, ctx=Context())


def _named(name: str, connection: str, rest: str) -> Source:
    """A table or an object, as the connection is."""
    table = _connected(name, connection, "read.sql", {"table": rest})
    if not isinstance(table.ctx.connections[connection], ObjectStore):
        return table
    return replace(table, kind=kind_of(rest), fields={"connection": connection, "path": rest})


def _connected(name: str, connection: str, kind: str, fields: dict[str, Any]) -> Source:
    from modelyard.api.databases import document_of
    from modelyard.project.connections import connections
    from modelyard.project.environment import Environment

    document, path = document_of(".")
    known = connections(document, Environment(dict(os.environ)))
    known[connection]
    entry = next(dict(one) for one in document.data["connections"] if one["name"] == connection)
    return Source(
        name=name,
        kind=kind,
        fields={"connection": connection, **fields},
        ctx=Context(folder=path.parent, connections=known),
        entry=entry,
    )


def _seen_from(folder: Path, fields: dict[str, Any], base: Path) -> dict[str, Any]:
    """With relative paths of files that began at `base` beginning at `folder`; a service's path is none of a file."""
    files = () if "connection" in fields else tuple(name for name in ("path", "ca") if name in fields)
    return {**fields, **{name: _relative(folder, base, fields[name]) for name in files}}


def _relative(folder: Path, base: Path, name: str) -> str:
    path = Path(name)
    return (path if path.is_absolute() else Path(os.path.relpath(base / path, folder))).as_posix()


def kind_of(path: str | Path) -> str:
    """
    >>> kind_of("data/churn.csv"), kind_of("2013.json.gz")
    ('read.csv', 'read.json')
    """
    name, installed = Path(path), Registry.installed()
    known = {end: kind for end, kind in READERS.items() if kind in installed}
    if name.is_dir():
        return _kind_of_folder(name)
    packed = name.suffix.lower() in PACKED
    suffix = Path(name.stem if packed else name.name).suffix.lower()
    if suffix not in known or (packed and known[suffix] not in UNPACK):
        way_out = f"Name a file that ends in {', '.join(known)}"
        found = "".join(name.suffixes[-2:]) if packed else suffix
        raise UnreadableTable(f"{found or 'no suffix'} is no table that we read", where=str(path), way_out=way_out)
    return known[suffix]


def _kind_of_folder(folder: Path) -> str:
    """The one kind that all of its files are of that are tables at all. Raises UnreadableTable."""
    found = {kind for kind in dict.fromkeys(READERS.values()) if within(folder, _ends(kind)).files}
    if len(found) > 1:
        way_out = f"Name the files of one format by a glob: {folder}/*.csv"
        raise UnreadableTable(f"holds files of {' and '.join(sorted(found))}", where=str(folder), way_out=way_out)
    if not found:
        in_folder(folder, tuple(READERS))
    return found.pop()


def _ends(kind: str) -> tuple[str, ...]:
    """Of the names of files that such a step reads in a folder."""
    made = Registry.installed()[kind]
    return made.ends if issubclass(made, Filed) else ()
