"""Flights ten times over (3.4 million rows, 310 MB of CSV) to a checked table, against pandas.read_csv, in one run.

Checked: every record has the header's number of values, every value is of its column's kind, times are times. pandas
checks none of that and leaves times as text; with `parse_dates` its table is nearer to ours, so both are told. With
quarantine: the same file with 34 broken rows in it, which are kept with line, text and reason.

Aim: 1.5 times as fast as pandas.read_csv, with quarantine as fast.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from flights import flights
from modelyard.step.context import Context
from modelyard.step.registry import Registry

ROUNDS = 5
BROKEN = 100_000
"""One row in so many is broken."""


def main(folder: Path) -> None:
    whole, broken = folder / "flights.csv", folder / "broken.csv"
    pl.concat([flights()] * 10).write_csv(whole, null_value="NA")
    rows = spoil(whole, broken)
    csv, ctx = Registry.installed()["read.csv"], Context(folder=folder)
    works: dict[str, Callable[[], object]] = {
        "read.csv": lambda: csv(path=whole.name).run(ctx).collect(),
        "with quarantine": lambda: csv(path=broken.name, quarantine="bad.jsonl").run(ctx).collect(),
    }
    theirs = pandas(whole)
    taken = medians(works | theirs)
    kept = [json.loads(line) for line in (folder / "bad.jsonl").read_text().splitlines()]
    assert len(kept) == rows, (len(kept), rows)
    for name, (clock, processor) in taken.items():
        print(f"{name}: {clock:.2f} s by the clock, {processor:.2f} s of processor")
    for name in theirs:
        for work in works:
            clock, processor = (one / other for one, other in zip(taken[name], taken[work], strict=True))
            print(f"{work} against {name}: {clock:.2f} times by the clock, {processor:.2f} by the processor")


def spoil(whole: Path, into: Path) -> int:
    """Every 100,000th row cut short, or with a word for a number, or with a stray quote. Returns how many."""
    lines = whole.read_bytes().split(b"\n")
    places = range(BROKEN + 1, len(lines) - 1, BROKEN)
    for number, place in enumerate(places):
        cells = lines[place].split(b",")
        cells[3:4] = ([], [b"noon"], [b'5"17'])[number % 3]
        lines[place] = b",".join(cells)
    into.write_bytes(b"\n".join(lines))
    return len(places)


def pandas(path: Path) -> dict[str, Callable[[], object]]:
    if find_spec("pandas") is None:
        print("SKIPPED: pandas is not installed, so there is nothing to compare with")
        return {}
    import pandas as pd

    return {
        "pandas.read_csv": lambda: pd.read_csv(path),
        "pandas.read_csv, parse_dates": lambda: pd.read_csv(path, parse_dates=["time_hour"]),
    }


def medians(works: dict[str, Callable[[], object]]) -> dict[str, tuple[float, float]]:
    """(clock, processor) seconds, medians of some rounds in which they take turns. Where others keep the cores busy,
    the clock measures them too."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            clock, processor = time.perf_counter(), time.process_time()
            work()
            times[name].append((time.perf_counter() - clock, time.process_time() - processor))
    return {n: (median(one for one, _ in each), median(one for _, one in each)) for n, each in times.items()}


with TemporaryDirectory() as name:
    main(Path(name))
