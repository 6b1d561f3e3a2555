"""A run's result in lines for people: who won and why, who cannot be told apart, and what the winner is worth."""

from __future__ import annotations

from collections.abc import Iterator

from modelyard.measure.intervals import Interval
from modelyard.run.result import Result, Standing


def lines(result: Result) -> Iterator[str]:
    yield from _rows(result)
    yield ""
    yield from _table(result)
    yield ""
    yield f"Winner: {result.winner} ({result.why})."
    yield from _holdout(result)
    yield from _slices(result)
    yield from _package(result)
    yield from _quality(result)
    for warning in result.warnings:
        yield f"Mind: {warning}"


def _rows(result: Result) -> Iterator[str]:
    left = [
        f"{count:,} {why}"
        for count, why in (
            (result.unlabelled, "without a label"),
            (result.young, "too young for their label to be known"),
            (result.in_gap, "between training and holdout"),
        )
        if count
    ]
    yield f"{result.rows:,} rows: {result.development:,} to learn from, {result.held_out:,} held out ({result.split})."
    if left:
        yield f"Left out: {', '.join(left)}."


def _quality(result: Result) -> Iterator[str]:
    """How many rules held; those that did not are among the warnings."""
    if result.quality:
        held = sum(one.held for one in result.quality)
        yield f"Rules: {held} of {len(result.quality)} held."


def _table(result: Result) -> Iterator[str]:
    folds = max((len(standing.folds) for standing in result.candidates), default=0)
    width = max([9, *(len(standing.name) for standing in result.candidates)])
    better = "more is better" if result.greater_is_better else "less is better"
    yield f"  {'CANDIDATE':{width}}  {result.metric.upper():>12}  {'95 % INTERVAL':23}  {folds} folds, {better}"
    for standing in result.candidates:
        yield _line(standing, result.winner, width)


def _line(standing: Standing, winner: str, width: int) -> str:
    mark = ">" if standing.name == winner else " "
    if standing.error:
        return f"{mark} {standing.name:{width}}  {'failed':>12}  {standing.error}"
    interval = standing.interval
    if interval is None:
        return f"{mark} {standing.name:{width}}"
    tied = f"cannot be told apart from {', '.join(standing.tied_with)}" if standing.tied_with else ""
    spread = f"{_number(interval.low)} to {_number(interval.high)}"
    return f"{mark} {standing.name:{width}}  {_number(interval.value):>12}  {spread:23}  {tied}".rstrip()


def _holdout(result: Result) -> Iterator[str]:
    yield f"On {result.held_out:,} rows that nothing ever saw (95 % intervals):"
    width = max((len(name) for name in result.holdout), default=0)
    for name, interval in result.holdout.items():
        yield f"  {name:{width}}  {_number(interval.value):>12}  {_spread(interval)}".rstrip()


def _slices(result: Result) -> Iterator[str]:
    for column in dict.fromkeys(one.column for one in result.slices):
        own = [one for one in result.slices if one.column == column]
        width = max(len(one.value) for one in own)
        yield f"{result.metric} of the same rows by {column}:"
        for one in own:
            value = f"{_number(one.interval.value):>12}  {_spread(one.interval):23}"
            yield f"  {one.value:{width}}  {value}  {one.rows:,} rows"


def _spread(interval: Interval) -> str:
    known = interval.low == interval.low and interval.high == interval.high
    return f"{_number(interval.low)} to {_number(interval.high)}" if known else ""


def _package(result: Result) -> Iterator[str]:
    parity, package = result.parity, result.package
    if result.apart:
        yield f"Learned on purpose from other rows than are served: those that {', '.join(result.apart)} made."
    yield (
        f"Parity with the library on {parity.rows:,} rows: class {parity.equality}, largest difference "
        f"{parity.max_abs_diff:.3g}, {parity.labels_different} labels different, {parity.at_boundary} at the boundary."
    )
    serving = "serves" if package.serving else f"does not serve yet: modelyard promote {package.name}@{package.version}"
    yield f"Package: {package.name}@{package.version} ({package.digest[:12]}), {serving}. {result.seconds:.1f} s."


def _number(value: float) -> str:
    """Four digits after the point for shares, fewer for what is large.

    >>> _number(0.91234567), _number(12345.678), _number(float("nan"))
    ('0.9123', '12345.7', '-')
    """
    if value != value:
        return "-"
    return f"{value:.4f}" if abs(value) < 100 else f"{value:.1f}"
