"""By the end of a file's name: what kind of table it is, and how it is packed."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from modelyard.errors.data import UnreadableTable

CSV, PARQUET = (".csv",), (".parquet", ".pq")
TEXT = (*CSV, ".tsv")
JSON = (".json", ".jsonl", ".ndjson")
EXCEL = (".xlsx", ".xlsm", ".xls", ".ods")
ARROW = (".arrow", ".arrows", ".feather")
PACKED = (".gz", ".zst", ".zip")


def packable(ends: tuple[str, ...]) -> tuple[str, ...]:
    """Also those behind which files may be packed.

    >>> packable((".csv",))
    ('.csv', '.csv.gz', '.csv.zst', '.csv.zip')
    """
    return (*ends, *(f"{end}{packed}" for end in ends for packed in PACKED))


class Named(Struct, frozen=True):
    """`suffix`: the table's own. `packed`: the end that comes after it, or nothing."""

    suffix: str
    packed: str = ""


def named(path: Path) -> Named:
    """Raises UnreadableTable for what is no table that we read.

    >>> named(Path("2013.CSV.gz")), named(Path("a.parquet"))
    (Named(suffix='.csv', packed='.gz'), Named(suffix='.parquet', packed=''))
    """
    packed = path.suffix.lower() if path.suffix.lower() in PACKED else ""
    suffix = Path(path.stem if packed else path.name).suffix.lower()
    if suffix in (*TEXT, *JSON) or (not packed and suffix in (*PARQUET, *EXCEL, *ARROW)):
        return Named(suffix, packed)
    ends = ", ".join((*TEXT, *JSON, *PARQUET, *EXCEL, *ARROW))
    way_out = f"Name a file that ends in {ends}; those of text may be packed ({', '.join(PACKED)})"
    found = f"{suffix}{packed}" or "no suffix"
    raise UnreadableTable(f"{found} is no table that we read", where=str(path), way_out=way_out)
