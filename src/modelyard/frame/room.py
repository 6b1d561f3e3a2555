"""How much memory there is for one table: a share of what this process may still take."""

from __future__ import annotations

import resource
from pathlib import Path

SHARE = 8
"""One table may fill an eighth: it is copied while it is worked on, and there are others."""
UNKNOWN = 4 * 2**30


def room() -> int:
    """Bytes. The least of what the machine has left and what limits of the process leave."""
    left = [amount for amount in (_available(), _allowed(), _contained()) if amount is not None]
    return max(min(left, default=UNKNOWN) // SHARE, 0)


def _available() -> int | None:
    found = _field(Path("/proc/meminfo"), "MemAvailable:")
    return None if found is None else found * 1024


def _allowed() -> int | None:
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    taken = _field(Path("/proc/self/status"), "VmSize:")
    return None if limit == resource.RLIM_INFINITY else max(limit - (taken or 0) * 1024, 0)


def _contained() -> int | None:
    """What a container leaves."""
    try:
        limit, taken = (Path(f"/sys/fs/cgroup/memory.{word}").read_text().strip() for word in ("max", "current"))
    except OSError:
        return None
    return None if limit == "max" else max(int(limit) - int(taken), 0)


def _field(path: Path, name: str) -> int | None:
    try:
        found = next((line for line in path.read_text().splitlines() if line.startswith(name)), None)
    except OSError:
        return None
    return None if found is None else int(found.split()[1])
