"""A process with little memory that reads, filters, checks and samples a file of flights larger than that."""

from __future__ import annotations

CHILD = """
import json, resource, sys
from pathlib import Path

import msgspec
import polars as pl

from modelyard.step.context import Context
from modelyard.step.registry import Registry

def status(name):
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024

kinds, found = Registry.installed(), []
folder, cap = Path(sys.argv[1]), int(sys.argv[2])
ctx = Context(folder=folder, report=found.append)
(folder / "warm.csv").write_text("a,t\\n1,2013-01-01T00:00:00Z\\n")
warm = kinds["table.filter"](where="a > 0").run(ctx, kinds["read.csv"](path="warm.csv").run(ctx))
list(warm.collect_batches())
held = status("VmRSS")
resource.setrlimit(resource.RLIMIT_AS, (status("VmSize") + cap, resource.RLIM_INFINITY))
rows = kinds["read.csv"](path="flights.csv", quarantine="bad.jsonl").run(ctx)
rows = kinds["table.filter"](where="distance > 100").run(ctx, rows)
check = msgspec.convert({"use": "check.rules", "columns": {"month": {"min": 1, "max": 12},
    "dep_delay": {"max": 600, "else": "quarantine"}}, "table": [{"rule": "rows", "min": 1}]}, kinds["check.rules"])
rows = check.run(ctx, rows)
sample = kinds["table.sample"](share=0.02).run(ctx, rows).collect()
print(json.dumps({"rows": sample.height, "checked": found[0].checked, "out": found[1].broken,
                  "peak": status("VmHWM") - held}))
"""
