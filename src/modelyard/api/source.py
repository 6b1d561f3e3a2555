"""A source by its name, a file or CONNECTION:TABLE: which step reads it, and what that step must be told."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from modelyard.api.sniff import Reading, sniffed
from modelyard.errors.data import UnreadableTable
from modelyard.step.context import Context
from modelyard.step.registry import Registry
from modelyard.step.step import Step, TableStep

READERS = {
    ".csv": "read.csv", ".tsv": "read.csv",
    ".parquet": "read.parquet", ".pq": "read.parquet",
    ".json": "read.json", ".jsonl": "read.json", ".ndjson": "read.json",
    ".xlsx": "read.excel", ".xls": "read.excel", ".ods": "read.excel",
    ".arrow": "read.arrow", ".feather": "read.arrow",
}  # fmt: skip
PACKED = (".gz", ".zst", ".zip")
"""Ends after which the file's own end stands, for readers that unpack."""
CONNECTION = re.compile(r"(?P<connection>[A-Za-z][A-Za-z0-9_-]+):(?P<table>[^/\\\\:]+)")
"""Two letters at least: one is a Windows drive."""
UNPACK = ("read.csv", "read.json")


class Source(Struct, frozen=True, kw_only=True):
    """`fields`: of the read step, as they hold in `ctx`; `entry`: the connection that it reads through."""

    name: str
    kind: str
    fields: dict[str, str]
    ctx: Context
    entry: dict[str, Any] | None = None

    def sniffed(self) -> Reading:
        """What the step must be told besides; of a database nothing."""
        return sniffed(self.fields["path"]) if "path" in self.fields else {}

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


def source_of(name: str | Path) -> Source:
    """A file, or CONNECTION:TABLE with a connection of the `modelyard.yaml` in this folder. Raises UnreadableTable,
    UnreadableFile, UnknownConnection."""
    named = CONNECTION.fullmatch(str(name))
    if named and not Path(name).exists():
        return _connected(str(name), named["connection"], named["table"])
    return Source(name=str(name), kind=kind_of(name), fields={"path": str(name)}, ctx=Context())


def _connected(name: str, connection: str, table: str) -> Source:
    from modelyard.api.databases import document_of
    from modelyard.project.connections import connections
    from modelyard.project.environment import Environment

    document, path = document_of(".")
    known = connections(document, Environment(dict(os.environ)))
    known[connection]
    entry = next(dict(one) for one in document.data["connections"] if one["name"] == connection)
    return Source(
        name=name,
        kind="read.sql",
        fields={"connection": connection, "table": table},
        ctx=Context(folder=path.parent, connections=known),
        entry=entry,
    )


def _seen_from(folder: Path, fields: dict[str, Any], base: Path) -> dict[str, Any]:
    """With a relative `path` that began at `base` beginning at `folder`."""
    if "path" not in fields:
        return dict(fields)
    path = Path(fields["path"])
    relative = path if path.is_absolute() else Path(os.path.relpath(base / path, folder))
    return {**fields, "path": relative.as_posix()}


def kind_of(path: str | Path) -> str:
    """
    >>> kind_of("data/churn.csv"), kind_of("2013.json.gz")
    ('read.csv', 'read.json')
    """
    name, installed = Path(path), Registry.installed()
    known = {end: kind for end, kind in READERS.items() if kind in installed}
    packed = name.suffix.lower() in PACKED
    suffix = Path(name.stem if packed else name.name).suffix.lower()
    if suffix not in known or (packed and known[suffix] not in UNPACK):
        way_out = f"Name a file that ends in {', '.join(known)}"
        found = "".join(name.suffixes[-2:]) if packed else suffix
        raise UnreadableTable(f"{found or 'no suffix'} is no table that we read", where=str(path), way_out=way_out)
    return known[suffix]
