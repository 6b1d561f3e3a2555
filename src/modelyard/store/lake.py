"""The lake: predictions and labels as two Delta tables, by event time, for monitors and for training.

A batch of the shipper is appended under an application transaction whose version is the batch's number, so that a batch
that is shipped again after a crash is in the table once. Rows and values are kept as the JSON that was logged: models
of one store may take different columns. Columns named in `log: {without: […]}` never come here: the server does not
log them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from polars import DataFrame, LazyFrame, Schema

Name = Literal["predictions", "labels"]
APP = "modelyard.ship"
COMPACT_FILES = 32
CONFIGURATION = {"delta.dataSkippingStatsColumns": "event"}
"""The table's log keeps smallest and largest values of this column alone: of others it would remember what was to be
forgotten."""


class Lake:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def append(self, name: Name, rows: DataFrame, batch: int) -> bool:
        """Add a batch; False when that batch is in the table already. Batches are numbered upwards from 1."""
        from deltalake import CommitProperties, Transaction, write_deltalake

        table = self._table(name)
        if table is not None and (table.transaction_version(APP) or 0) >= batch:
            return False
        properties = CommitProperties(app_transactions=[Transaction(APP, batch)])
        write_deltalake(
            str(self.folder / name), rows, mode="append", configuration=CONFIGURATION, commit_properties=properties
        )
        return True

    def scan(self, name: Name, start: int | None = None, end: int | None = None) -> LazyFrame:
        """Rows whose event lies in [start, end), microseconds."""
        import polars as pl

        if self._table(name) is None:
            return pl.LazyFrame(schema=SCHEMAS[name]())
        frame = pl.scan_delta(str(self.folder / name))
        if start is not None:
            frame = frame.filter(pl.col("event") >= start)
        return frame if end is None else frame.filter(pl.col("event") < end)

    def labelled(self, start: int | None = None, end: int | None = None) -> LazyFrame:
        """Predictions of the window with `values` (JSON) and `labelled` (when it came), null where there is none yet.
        Of several labels of one id the last received counts."""
        labels = self.scan("labels", start, end).sort("labelled").unique(["model", "id"], keep="last")
        chosen = labels.select("model", "id", "labelled", "values")
        return self.scan("predictions", start, end).join(chosen, on=["model", "id"], how="left")

    def compact(self) -> None:
        """Make few files of many small ones, and delete what no version needs any more."""
        for name in SCHEMAS:
            table = self._table(name)
            if table is not None and len(table.file_uris()) >= COMPACT_FILES:
                table.optimize.compact()
                self._sweep(table)

    def keep(self, since: int) -> None:
        """Delete, also from the disk, rows whose event is older than `since` (microseconds)."""
        self._delete(f"event < {since}")

    def forget(self, ids: Sequence[str]) -> None:
        """Delete, also from the disk, whatever is known of these ids. By their hashes: the table's log keeps the
        condition."""
        if ids:
            hashes = ", ".join(f"'{hashlib.sha256(name.encode()).hexdigest()}'" for name in ids)
            self._delete(f"encode(sha256(id), 'hex') IN ({hashes})")

    def _delete(self, predicate: str) -> None:
        for name in SCHEMAS:
            table = self._table(name)
            if table is not None:
                table.delete(predicate)
                self._sweep(table)

    def _sweep(self, table: DeltaTable) -> None:
        table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)

    def _table(self, name: str) -> DeltaTable | None:
        from deltalake import DeltaTable

        path = str(self.folder / name)
        return DeltaTable(path) if DeltaTable.is_deltatable(path) else None


def predictions_schema() -> Schema:
    import polars as pl

    texts = [(name, pl.String) for name in ("id", "digest", "model", "package")]
    wholes = [(name, pl.Int64) for name in ("revision", "event", "received")]
    documents = [(name, pl.String) for name in ("row", "prediction", "warnings")]
    return pl.Schema([*texts, *wholes, *documents, ("scores", pl.List(pl.Float64)), ("flagged", pl.Boolean)])


def labels_schema() -> Schema:
    """`event` is that of the prediction; `labelled` is when the label was received."""
    import polars as pl

    return pl.Schema(
        {"id": pl.String, "model": pl.String, "event": pl.Int64, "labelled": pl.Int64, "values": pl.String}
    )


SCHEMAS = {"predictions": predictions_schema, "labels": labels_schema}
