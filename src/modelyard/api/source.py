"""A file by its name: which step reads it, and what that step must be told."""

from __future__ import annotations

from pathlib import Path

import msgspec

from modelyard.api.sniff import Reading, sniffed
from modelyard.errors.data import UnreadableTable
from modelyard.step.registry import Registry
from modelyard.step.step import Step, TableStep

READERS = {
    ".csv": "read.csv", ".tsv": "read.csv", ".parquet": "read.parquet", ".pq": "read.parquet", ".json": "read.json", ".jsonl": "read.json",
    ".ndjson": "read.json", ".xlsx": "read.excel", ".xls": "read.excel", ".ods": "read.excel", ".arrow": "read.arrow",
    ".feather": "read.arrow",
}  # fmt: skip
PACKED = (".gz", ".zst", ".zip")
"""Ends after which the file's own end stands, for readers that unpack."""
UNPACK = ("read.csv", "read.json")


def reader(path: str | Path, reading: Reading | None = None) -> TableStep:
    """The read step of that file; without `reading`, with what its first lines ask for. Raises UnreadableTable for a
    suffix that nothing here reads."""
    kind: type[Step] = Registry.installed()[kind_of(path)]
    step = msgspec.convert({"path": str(path), **(sniffed(path) if reading is None else reading)}, kind)
    if not isinstance(step, TableStep):
        raise UnreadableTable(f"{kind_of(path)} reads no table", where=str(path))
    return step


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
