"""Delimited files as one table: columns by name, each of one kind, found in the first rows from where it first appears.

The sample of a column is the same however many rows are read, so that what is promised before a run is what it gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from modelyard.errors import did_you_mean
from modelyard.errors.data import MissingColumn, UnreadableTable
from modelyard.frame.delimited import Delimited
from modelyard.frame.infer import guessed
from modelyard.frame.quarantine import Kept
from modelyard.frame.schema import DTYPES
from modelyard.schema.column import Kind, named

KINDS: dict[Kind, str] = {"integer": "whole numbers", "number": "numbers"}
TOLD = 10
"""Files whose drift is told one by one."""


class Together:
    def __init__(
        self, files: Sequence[Delimited], types: Mapping[str, Kind], columns: Sequence[str] | None, path: str
    ) -> None:
        """A kind that `types` does not say is found in as many rows as the files' samples have. Raises MissingColumn,
        UnreadableTable."""
        self._files, self._infer, self._types = files, files[0].dialect.infer, types
        there = self._union()
        for name in (*types, *(columns or ())):
            if name not in there:
                raise MissingColumn(f"no column {name!r}", where=path, way_out=did_you_mean(name, there))
        self._names = list(dict.fromkeys(there if columns is None else columns))
        self.kinds = self._kinds(types)

    def parts(self, zone: str) -> Iterator[tuple[pl.DataFrame, list[Kept]]]:
        """All rows, block by block, and with each those that do not parse. Raises UnreadableTable."""
        for file in self._files:
            kinds = {name: kind for name, kind in self.kinds.items() if name in file.names}
            lacking = [pl.lit(None, DTYPES[kind]).alias(n) for n, kind in self.kinds.items() if n not in kinds]
            for frame, kept in file.parts(kinds, zone):
                yield frame.with_columns(lacking).select(self._names), kept

    def drift(self) -> Iterator[str]:
        """Which files lack which columns, in words."""
        lacking = {f.path.name: [n for n in self._names if n not in f.names] for f in self._files}
        drifted = [(name, columns) for name, columns in lacking.items() if columns]
        for name, columns in drifted[:TOLD]:
            shown = ", ".join(map(repr, columns[:TOLD])) + (" …" if len(columns) > TOLD else "")
            yield f"{name} has no {shown}: null there"
        if len(drifted) > TOLD:
            yield f"{len(drifted) - TOLD} more files lack columns that others have"

    def codes(self) -> Iterator[str]:
        """Which columns are numbers by their first rows and hold codes further on, in words; after all was read."""
        for name in (one for one in self._names if one not in self._types and self.kinds[one] in KINDS):
            for file in self._files:
                if (found := file.codes.get(name)) is not None:
                    kind, place = KINDS[self.kinds[name]], f"{file.path.name}, line {found.line}"
                    yield (
                        f"{name!r} holds {kind} in its first {self._infer:,} rows, but {place} holds the code "
                        f"{found.reason!r}, read as a number: declare types: {{{name}: category}}"
                    )
                    break

    def _union(self) -> list[str]:
        there: dict[str, None] = {}
        for file in self._files:
            if there and not there.keys() & set(file.names):
                way_out = "narrow the glob to files of one table"
                raise UnreadableTable(
                    "shares no column with the files before it", where=str(file.path), way_out=way_out
                )
            there |= {named(name, str(file.path)): None for name in file.names}
        return list(there)

    def _kinds(self, types: Mapping[str, Kind]) -> dict[str, Kind]:
        wanted = [name for name in self._names if name not in types]
        samples = self._samples(wanted)
        return {name: types.get(name) or guessed(samples[name], self._files[0].dialect.marks) for name in self._names}

    def _samples(self, names: Sequence[str]) -> dict[str, pl.Series]:
        """Per column its first rows from the file on that has it first; what a file lacks is null."""
        left = dict.fromkeys(names, 0)
        parts: dict[str, list[pl.Series]] = {}
        for file in self._files:
            new = [name for name in file.names if name in left and name not in parts]
            parts |= {name: [] for name in new}
            left |= dict.fromkeys(new, self._infer)
            if not any(left[name] for name in parts):
                continue
            sample = file.sample()
            for name in parts:
                column = sample[name] if name in file.names else pl.Series(name, [None] * sample.height, pl.String)
                parts[name].append(column.head(left[name]))
                left[name] -= len(parts[name][-1])
        return {name: pl.concat(columns) if len(columns) > 1 else columns[0] for name, columns in parts.items()}
