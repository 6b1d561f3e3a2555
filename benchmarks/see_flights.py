"""A profile of 336,776 flights, from a frame in memory to one HTML page, against ydata-profiling as it comes and in its
`minimal` mode (no correlations, no interactions). Aim: 20 times as fast as it comes.

The rival is half a gigabyte, so it gets an environment of its own, made here, or named: `see_flights.py PYTHON`.
Rounds are interleaved, each in a process of its own; imports are not counted. Fewer rounds for the rival, which takes
minutes.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROUNDS = 3
RIVAL = """
import sys, time, warnings
warnings.filterwarnings("ignore")
import pandas
from ydata_profiling import ProfileReport
frame = pandas.read_csv(sys.argv[1], low_memory=False)
began = time.perf_counter()
page = ProfileReport(frame, minimal=sys.argv[2] == "minimal", progress_bar=False).to_html()
print(time.perf_counter() - began, len(page))
"""


def ours(table: Path) -> None:
    import polars as pl

    from modelyard.api.page import page
    from modelyard.api.profile import Asked, profile
    from modelyard.frame.schema import schema_of

    frame = pl.read_csv(table, infer_schema_length=10_000)
    began = time.perf_counter()
    text = page(profile(frame, schema_of(frame), Asked(source="flights", kind="frame")))
    print(time.perf_counter() - began, len(text))


def taken(*command: str | Path) -> tuple[float, int]:
    """(seconds, letters of the page)."""
    done = subprocess.run([*command], capture_output=True, text=True, check=True)
    seconds, letters = done.stdout.split()[-2:]
    return float(seconds), int(letters)


def rival(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "ydata-profiling", "setuptools<81"], check=True)
    return python


def main(table: Path, python: Path) -> None:
    rounds = [(taken(sys.executable, __file__, "--ours", table), taken(python, "-c", RIVAL, table, "minimal"))
              for _ in range(ROUNDS)]  # fmt: skip
    own = statistics.median(round_[0][0] for round_ in rounds)
    minimal = statistics.median(round_[1][0] for round_ in rounds)
    whole, letters = taken(python, "-c", RIVAL, table, "whole")
    print(f"ours: {own:.2f} s, {rounds[0][0][1]:,} letters")
    print(f"ydata-profiling: {whole:.1f} s ({whole / own:.0f} times ours; aim 20), {letters:,} letters")
    print(f"ydata-profiling, minimal: {minimal:.1f} s ({minimal / own:.0f} times ours)")


if __name__ == "__main__":
    if "--ours" in sys.argv:
        ours(Path(sys.argv[-1]))
    else:
        sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
        from flights import flights

        with tempfile.TemporaryDirectory() as made:
            path = Path(made) / "flights.csv"
            flights().write_csv(path)
            main(path, Path(sys.argv[1]) if len(sys.argv) > 1 else rival(Path(made) / "rival"))
