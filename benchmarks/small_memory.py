"""A file of three times the memory that a process may have: read → filter → check → sample, in a child whose address
space is limited (RLIMIT_AS), by a project's own steps.

The cap is on what the child may take beyond what its imports have: 1 GiB of a file of flights, repeated, of 3 GiB
(`--cap 256` for less). A sample of one row in fifty is what is left; the child says how many rows came, how many the
rules kept out, and the most memory that it held.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from flights import flights
from small_memory import CHILD

MIB = 2**20


def main(folder: Path, cap: int) -> None:
    part = flights().write_csv(null_value="NA").encode()
    header, _, rows = part.partition(b"\n")
    times = 3 * cap * MIB // len(rows) + 1
    with open(folder / "flights.csv", "wb") as file:
        file.write(header + b"\n")
        for _ in range(times):
            file.write(rows)
    size = (folder / "flights.csv").stat().st_size
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder), str(cap * MIB)], capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    said = json.loads(done.stdout)
    assert said["checked"] == times * flights().filter(flights()["distance"] > 100).height
    print(
        f"{size / MIB:,.0f} MiB of CSV, {cap:,} MiB of memory: {said['checked']:,} rows checked, "
        f"{said['rows']:,} in the sample, in {seconds:.0f} s; most in memory {said['peak'] / MIB:,.0f} MiB more than "
        "with the imports alone"
    )


parser = argparse.ArgumentParser()
parser.add_argument("--cap", type=int, default=1024)
with TemporaryDirectory() as name:
    main(Path(name), parser.parse_args().cap)
