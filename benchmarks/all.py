"""Every claim, one file each; each prints its own lines: `python benchmarks/all.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

for claim in sorted(Path(__file__).parent.glob("*.py")):
    if claim.name != Path(__file__).name:
        print(f"== {claim.stem}", flush=True)
        subprocess.run([sys.executable, claim], check=True)
