"""A source with a cursor that memory has no room for: a CSV of 1,025 MiB, in no order, in a child whose address space
is limited (RLIMIT_AS) to a gibibyte beyond its imports: read, put in order, kept, its digest told, and one row in fifty
of it taken from what is kept. In no order is the worst case: each part that is kept is a pass over all rows on disk.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

ROWS, TIMES, CAP = 3_000_000, 5, 2**30
CHILD = """
import json, resource, sys, time
from pathlib import Path
import polars as pl
from modelyard.run.feed import StepFeed
from modelyard.run.kept import Kept
from modelyard.run.reading import read_on
from modelyard.step.context import Context
from modelyard.step.registry import Registry
from modelyard.store.place import Store

def status(name):
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024

def read(path):
    ctx = Context(folder=folder, cache=store.cache)
    step = Registry.installed()["read.csv"](path=path, cursor="n", delimiter=",")
    return read_on(StepFeed(step, ctx, step.peek(ctx)), Kept(store), print)

folder = Path(sys.argv[1])
store = Store(folder / "yard").make()
(folder / "warm.csv").write_text("n,a\\n1,2.5\\n2,3.5\\n")
list(read("warm.csv").rows.collect_batches())
held = status("VmRSS")
resource.setrlimit(resource.RLIMIT_AS, (status("VmSize") + int(sys.argv[2]), resource.RLIM_INFINITY))
began = time.perf_counter()
found = read("big.csv")
left = found.rows.filter(pl.col("n") % 50 == 0).collect().height
print(json.dumps({"rows": found.pin.rows, "left": left, "peak": status("VmHWM") - held,
                  "seconds": time.perf_counter() - began}))
"""


def main(folder: Path) -> None:
    rng = np.random.default_rng(0)
    numbers = {f"x{k}": rng.normal(size=ROWS).round(4) for k in range(8)}
    words = pl.Series(rng.integers(0, 1000, ROWS)).cast(pl.String)
    part = pl.DataFrame({"n": rng.permutation(ROWS), **numbers, "w": "w" + words})
    with open(folder / "big.csv", "wb") as file:
        for time in range(TIMES):
            part.write_csv(file, include_header=not time)
    size = (folder / "big.csv").stat().st_size
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder), str(CAP)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    said = json.loads(done.stdout)
    assert (said["rows"], said["left"]) == (TIMES * ROWS, TIMES * ROWS // 50)
    print(
        f"{size / 2**20:,.0f} MiB of CSV, {part.estimated_size() * TIMES / 2**20:,.0f} MiB of rows, {CAP / 2**20:,.0f} "
        f"MiB of memory: {said['rows']:,} rows read on and kept in {said['seconds']:.0f} s; most in memory "
        f"{said['peak'] / 2**20:,.0f} MiB more than with the imports alone"
    )


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        main(Path(name))
