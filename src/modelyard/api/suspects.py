"""What makes a model look better than it will be: columns that know the target, rows on both sides of the split, and
time that runs backwards. Each with its evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct

from modelyard.measure.associations import pearson
from modelyard.measure.doubts import Doubt, Level, percent
from modelyard.measure.leaks import Halves, bins, filled_class, missing_with, same
from modelyard.measure.repeats import across, repeated, row_digests, steps_back
from modelyard.rows.table import Floats, Values, Vector

NEAR = 0.98
"""Of all there is to tell (0.98 is a ROC-AUC of 0.99): a near-copy of the target."""
WITH_LABEL = 0.9
"""Share of rows without a label in which the column is missing too: it comes with the label."""
HARDLY = 0.02
ONE_CLASS = 0.95
FILLED = 30
LATER = 0.99
BACK = 0.1
"""Of the rows: with more steps back than this the file has no order in time to be broken."""
HEAVY = 0.01
"""Copies among the rows."""
ROWS = 100_000
"""More rows than this are sampled to see what a column tells."""


class Truth(Struct, frozen=True, kw_only=True, eq=False):
    """The target as numbers: class codes or values, NaN where there is none. `classes`: their names, none for
    numbers."""

    column: str
    y: Floats
    classes: tuple[str, ...] = ()


class Sides(Struct, frozen=True, kw_only=True, eq=False):
    """Positions of the rows that are learned from, and of those held out."""

    train: Values
    test: Values


def strengths(vectors: Mapping[str, Vector], truth: Truth) -> dict[str, float]:
    """Of each column, how well it alone tells the target: 0 to 1, NaN left out."""
    rows = np.flatnonzero(~np.isnan(truth.y))
    if len(rows) > ROWS:
        rows = np.sort(np.random.default_rng(0).choice(rows, ROWS, replace=False))
    y = truth.y[rows]
    halves = Halves.of(y, len(truth.classes))
    found = {name: _told(vector.take(rows), y, halves) for name, vector in vectors.items()}
    return {name: round(value, 4) for name, value in found.items() if not np.isnan(value)}


def _told(vector: Vector, y: Floats, halves: Halves) -> float:
    """Bins say little of long tails: a number that goes with a number in a straight line tells at least that."""
    binned = halves.told(bins(vector))
    if halves.classes or vector.kind in ("category", "text"):
        return binned
    straight = float(pearson(np.stack([vector.values, y], axis=1))[0, 1]) ** 2
    known = float(np.isfinite(vector.values).mean())
    return binned if np.isnan(straight) else max(binned, straight * known)


def leaks(
    vectors: Mapping[str, Vector], truth: Truth, strength: Mapping[str, float], time: Floats | None = None
) -> Iterator[Doubt]:
    """Copies and near-copies of the target, and columns only known after the fact. `time`: of each row, in µs."""
    for name, vector in vectors.items():
        if same(vector, truth.y, len(truth.classes)):
            said = f"it is {truth.column} under another name: each of its values stands for one of the target's"
            yield Doubt(kind="target_copy", level="grave", columns=(name, truth.column), value=1.0, evidence=said)
        elif strength.get(name, 0.0) >= NEAR:
            said = f"alone it tells {percent(strength[name])} of {truth.column} in rows it was not looked at with"
            yield Doubt(kind="target_near_copy", level="grave", columns=(name, truth.column), value=strength[name],
                        evidence=said)  # fmt: skip
        else:
            yield from _after(name, vector, truth, time)


def _after(name: str, vector: Vector, truth: Truth, time: Floats | None) -> Iterator[Doubt]:
    for found in (_with_label(name, vector, truth), _for_one_class(name, vector, truth), _later(name, vector, time)):
        if found is not None:
            yield Doubt(kind="after_the_fact", level="grave", columns=(name,), value=found[0], evidence=found[1])
            return


def _with_label(name: str, vector: Vector, truth: Truth) -> tuple[float, str] | None:
    without, labelled = missing_with(vector, truth.y)
    if not (without >= WITH_LABEL and labelled <= HARDLY and np.isnan(truth.y).sum() >= FILLED):
        return None
    return without, (
        f"it is missing in {percent(without)} of the rows whose {truth.column} is missing, and in {percent(labelled)} "
        f"of the others: it is probably known only when {truth.column} is"
    )


def _for_one_class(name: str, vector: Vector, truth: Truth) -> tuple[float, str] | None:
    most, there, elsewhere, rows = filled_class(vector, truth.y, len(truth.classes))
    if rows < FILLED or there < ONE_CLASS or 1 - elsewhere < 2 * (1 - there) + 0.1:
        return None
    return there, (
        f"where it has a value ({rows:,} rows), {truth.column} is {truth.classes[most]!r} in {percent(there)}, "
        f"elsewhere in {percent(elsewhere)}: it is probably written down after the fact"
    )


def _later(name: str, vector: Vector, time: Floats | None) -> tuple[float, str] | None:
    if time is None or vector.kind != "datetime":
        return None
    known = ~np.isnan(time) & ~np.isnan(vector.values)
    later = float((vector.values[known] > time[known]).mean()) if known.sum() >= FILLED else 0.0
    if later < LATER:
        return None
    return later, f"its moment lies after the row's own time in {percent(later)} of the rows"


def duplicate_rows(vectors: Mapping[str, Vector], but: Collection[str] = ()) -> Iterator[Doubt]:
    """Rows that are copies of earlier ones. `but`: columns left out of it beforehand, to be named."""
    rows = _length(vectors)
    if not rows:
        return
    copies = repeated(row_digests(vectors.values(), rows))
    count = int(copies.sum())
    if count:
        level: Level = "warn" if count / rows >= HEAVY else "note"
        first, left_out = int(np.flatnonzero(copies)[0]), f", but for {', '.join(sorted(but))}" if but else ""
        said = (
            f"{count:,} of {rows:,} rows ({percent(count / rows)}) are copies of earlier ones{left_out}; the first is "
            f"row {first}"
        )
        yield Doubt(kind="duplicate_rows", level=level, columns=(), value=count / rows, evidence=said)


def duplicate_columns(vectors: Mapping[str, Vector]) -> Iterator[Doubt]:
    """Columns that hold the same in every row."""
    seen: dict[bytes, list[str]] = {}
    for name, vector in vectors.items():
        if vector.kind != "text" and _length(vectors):
            seen.setdefault(_digest(vector), []).append(name)
    for names in seen.values():
        if len(names) > 1:
            said = f"{', '.join(names[1:])} holds the same as {names[0]} in every row"
            yield Doubt(kind="duplicate_column", level="note", columns=tuple(names), value=1.0, evidence=said)


def order(name: str, time: Floats) -> Iterator[Doubt]:
    """Rows that stand before earlier ones, in a table that is otherwise in order."""
    back, first = steps_back(time)
    if 0 < back < BACK * len(time):
        said = f"rows go by {name}, but {back:,} are earlier than the row before them; the first is row {first}"
        yield Doubt(kind="time_order", level="note", columns=(name,), value=float(back), evidence=said)


def split(vectors: Mapping[str, Vector], features: Sequence[str], sides: Sides, time: Floats | None) -> Iterator[Doubt]:
    """Held-out rows that were learned from, as far as a model can see, and rows learned from that are younger."""
    rows = _length(vectors)
    both = across(row_digests([vectors[name] for name in features], rows), sides.train, sides.test) if features else 0
    share = both / max(len(sides.test), 1)
    if both:
        said = (
            f"{both:,} of {len(sides.test):,} held-out rows ({percent(share)}) have the same features as a row that is "
            "learned from: they are remembered, not predicted"
        )
        yield Doubt(kind="split_duplicates", level="grave" if share >= 0.05 else "warn", columns=(), value=share,
                    evidence=said)  # fmt: skip
    if time is not None and len(sides.test):
        start = float(np.nanmin(time[sides.test]))
        younger = float((time[sides.train] > start).mean())
        if younger > 0:
            said = f"{percent(younger)} of the rows learned from are younger than the oldest held-out row: it is told "
            yield Doubt(kind="split_time", level="grave", columns=(), value=younger, evidence=said + "the future")


def _length(vectors: Mapping[str, Vector]) -> int:
    return len(next(iter(vectors.values())).values) if vectors else 0


def _digest(vector: Vector) -> bytes:
    import hashlib

    words = "\0".join(vector.categories).encode() if vector.kind == "category" else b""
    values = np.where(np.isnan(vector.values), np.nan, vector.values + 0.0)
    return hashlib.blake2b(words + values.tobytes(), digest_size=16).digest()
