"""What the server counts, as Prometheus text. Labels are bounded: names served, routes, statuses, never client text."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from typing import Protocol

EDGES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Numbered(Protocol):
    """Which model serves: the pointer's revision and the registry's version."""

    @property
    def revision(self) -> int: ...

    @property
    def version(self) -> int: ...


class Meters:
    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.rows = self.warnings = self.replayed = self.log_failures = self.swaps = self.swap_failures = 0
        self.short_door = 0
        """Predictions that came in through the protocol's own door, past ASGI."""
        self.seconds = 0.0
        self._slots = [0] * (len(EDGES) + 1)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """One request ended. `route` is one of ours, never a path of the client."""
        self.requests[route, status] += 1
        self.seconds += seconds
        self._slots[bisect_left(EDGES, seconds)] += 1

    def text(self, served: Mapping[str, Numbered], waiting: int) -> str:
        """
        >>> meters = Meters()
        >>> meters.answered("predict", 200, 0.002)
        >>> 'modelyard_requests_total{route="predict",status="200"} 1' in meters.text({}, 0)
        True
        """
        lines = ["# TYPE modelyard_requests_total counter"]
        for (route, status), count in sorted(self.requests.items()):
            lines.append(f'modelyard_requests_total{{route="{route}",status="{status}"}} {count}')
        lines += self._histogram()
        for name in ("rows", "warnings", "replayed", "short_door", "log_failures", "swaps", "swap_failures"):
            lines += [f"# TYPE modelyard_{name}_total counter", f"modelyard_{name}_total {getattr(self, name)}"]
        lines += ["# TYPE modelyard_waiting_requests gauge", f"modelyard_waiting_requests {waiting}"]
        for what in ("revision", "version"):
            lines.append(f"# TYPE modelyard_{what} gauge")
            lines += [
                f'modelyard_{what}{{model="{name}"}} {getattr(one, what)}' for name, one in sorted(served.items())
            ]
        return "\n".join(lines) + "\n"

    def _histogram(self) -> list[str]:
        lines, total = ["# TYPE modelyard_request_seconds histogram"], 0
        for edge, count in zip((*map(str, EDGES), "+Inf"), self._slots, strict=True):
            total += count
            lines.append(f'modelyard_request_seconds_bucket{{le="{edge}"}} {total}')
        return [*lines, f"modelyard_request_seconds_sum {self.seconds:.6f}", f"modelyard_request_seconds_count {total}"]
