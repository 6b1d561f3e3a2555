"""What a run found, in lines for people: the candidates best first, and which of them cannot be told apart."""

from __future__ import annotations

from collections.abc import Iterator

from modelyard.measure.intervals import Interval
from modelyard.run.result import Result, Standing


def lines(result: Result) -> Iterator[str]:
    learned = f"{result.development:,} rows to learn from, {result.held_out:,} held out"
    yield f"{learned}, {result.unlabelled:,} never got a label"
    yield f"{'':24}{result.metric:>10}  {'95 % interval':18}tied with"
    for standing in result.candidates:
        yield _line(standing, chosen=standing.name == result.winner)
    yield f"Chosen: {result.winner}. {result.why}"
    shown = ", ".join(f"{name} {_spread(value)}" for name, value in result.holdout.items())
    yield f"On the holdout that nothing saw: {shown}"
    parity = result.parity
    yield (
        f"The package answers as the library does on {parity.rows:,} rows: class {parity.equality}, largest difference "
        f"{parity.max_abs_diff:.2g}, {parity.labels_different} labels different, {parity.at_boundary} at the boundary"
    )


def _line(standing: Standing, chosen: bool) -> str:
    mark = "> " if chosen else "  "
    if standing.error:
        return f"{mark}{standing.name:22}{'failed':>10}  {standing.error}"
    mean = sum(standing.folds) / len(standing.folds) if standing.folds else float("nan")
    interval = standing.interval
    spread = "" if interval is None else f"{interval.low:.4f} to {interval.high:.4f}"
    return f"{mark}{standing.name:22}{mean:10.4f}  {spread:18}{', '.join(standing.tied_with)}".rstrip()


def _spread(value: Interval) -> str:
    return f"{value.value:.4f} ({value.low:.4f} to {value.high:.4f})"
