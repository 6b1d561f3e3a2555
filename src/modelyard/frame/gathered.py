"""Rows of plain values (of JSON, of a spreadsheet) as one table: columns by name, each of one kind, found in the first
rows of each file and then held to. A row that breaks it is kept, or is the error; none is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl

from modelyard.errors import did_you_mean
from modelyard.errors.data import MissingColumn, UnreadableTable
from modelyard.frame.quarantine import Kept
from modelyard.frame.values import Value, kind_of_values, series
from modelyard.schema.column import Kind

WIDEST = 20_000


class Gathered:
    def __init__(self, infer: int, keep: bool) -> None:
        """`infer`: rows of each file in which columns and kinds are found. `keep`: keep what does not parse."""
        self._infer, self._keep = infer, keep
        self._rows: list[dict[str, Value]] = []
        self._places: list[tuple[Path | str, int, bytes]] = []
        self._named: dict[str, None] = {}
        self._samples: list[dict[str, Value]] = []
        self._told: dict[Path | str, int] = {}
        self._looked = 0
        self.kept: list[Kept] = []

    def add(self, file: Path | str, line: int, text: bytes, row: dict[str, Value] | str) -> None:
        """A row, or why it is none; `file`: as people are told. Raises UnreadableTable unless that is kept."""
        if isinstance(row, str):
            self._refuse(file, line, text, row)
            return
        self._rows.append(row)
        self._places.append((file, line, text))
        seen = self._told.get(file, 0)
        if seen < self._infer:
            self._samples.append(row)
        self._told[file] = seen + 1

    def named(self, names: Iterable[str]) -> None:
        """Columns that are there whether or not a row has them: of a header."""
        self._named |= dict.fromkeys(names)

    def full(self, file: Path | str) -> bool:
        """Whether the file's sample is complete: what a look before the run stops at."""
        return self._told.get(file, 0) >= self._infer

    def kinds(self, types: Mapping[str, Kind], columns: Sequence[str] | None, path: str) -> dict[str, Kind]:
        """Per column its kind; what `types` declares may come later than the sample. Raises MissingColumn."""
        self._looked = len(self._samples)
        there = self._named | dict.fromkeys(name for row in self._samples for name in row) | dict.fromkeys(types)
        if len(there) > WIDEST:
            way_out = "name the ones to read under `columns:`"
            raise UnreadableTable(f"has more than {WIDEST:,} columns", where=path, way_out=way_out)
        for name in columns or ():
            if name not in there:
                raise MissingColumn(f"no column {name!r}", where=path, way_out=did_you_mean(name, there))
        names = list(dict.fromkeys(there if columns is None else columns))
        if not names:
            raise UnreadableTable("there are no columns", where=path, way_out="check `path:` and what it holds")
        return {n: types.get(n) or kind_of_values([row.get(n) for row in self._samples]) for n in names}

    def frame(self, kinds: Mapping[str, Kind], zone: str, every: bool = True) -> pl.DataFrame:
        """All rows as those columns. `every`: a key that is none of them is a row that does not parse."""
        absent = next((n for n in kinds if self._rows and not any(n in row for row in self._rows)), None)
        if absent is not None:
            raise MissingColumn(f"`types:` names {absent!r}, which no row has", where=str(self._places[0][0]))
        frame = self.part(kinds, zone, every)
        self.most(frame.height)
        return frame

    def part(self, kinds: Mapping[str, Kind], zone: str, every: bool = True) -> pl.DataFrame:
        """The rows added since the last part, which are then let go; what they hold is no longer a sample."""
        reasons: dict[int, str] = self._strange(kinds) if every else {}
        done: list[pl.Series] = []
        for name, kind in kinds.items():
            made, wrong = series(name, [row.get(name) for row in self._rows], kind, zone)
            done.append(made)
            for row in wrong.arg_true().to_list():
                reasons.setdefault(row, f"column {name!r} holds no {kind}")
        for row in sorted(reasons):
            self._refuse(*self._places[row], reasons[row])
        frame = pl.DataFrame({made.name: made for made in done})
        good = [row for row in range(frame.height) if row not in reasons] if reasons else []
        self._rows, self._places, self._samples = [], [], []
        return frame[good] if reasons else frame

    def _strange(self, kinds: Mapping[str, Kind]) -> dict[int, str]:
        known = kinds.keys()
        found = {}
        for place, row in enumerate(self._rows):
            if not row.keys() <= known:
                name = next(name for name in row if name not in known)
                found[place] = f"{name!r} is in none of the first {min(self._infer, self._looked):,} rows"
        return found

    def _refuse(self, file: Path | str, line: int, text: bytes, reason: str) -> None:
        name = file.name if isinstance(file, Path) else file
        row = Kept(name, line, text.decode("utf-8", errors="backslashreplace").rstrip("\r\n"), reason)
        if not self._keep:
            shown = row.text if len(row.text) <= 80 else row.text[:80] + "…"
            raise UnreadableTable(
                f"{reason}: {shown!r}", where=f"{file}, line {line}",
                way_out="correct it, declare the column's kind under `types:`, or keep such rows with `quarantine:`",
            )  # fmt: skip
        self.kept.append(row)

    def most(self, good: int) -> None:
        """Raises UnreadableTable where more rows are kept out than come in."""
        if len(self.kept) > max(good, 1):
            raise UnreadableTable(
                f"{len(self.kept)} of {len(self.kept) + good} rows do not parse", where=self.kept[0].file,
                way_out=f"the first is line {self.kept[0].line}: {self.kept[0].reason}",
            )  # fmt: skip
