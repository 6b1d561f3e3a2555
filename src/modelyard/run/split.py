"""Which rows train, which test, which are kept aside.

Why our own and not scikit-learn's: the gap is a length of time and not a number of rows, rows of one moment stay
together, and whatever is too young for its label to be known is left out and counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelyard.errors.data import NoRows
from modelyard.errors.run import BadSplit
from modelyard.rows.table import Floats
from modelyard.schema.duration import microseconds

Rows = NDArray[np.intp]
SplitKind = Literal["kfold", "stratified", "group", "time"]


class Holdout(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is set aside before anything learns: the `last` stretch of time, or a `share` of the rows."""

    last: str | None = None
    share: float | None = None


class SplitRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`split:` of evaluate.compare. Without a kind: time with a time role, group with a group role, stratified for
    classes, else kfold. Without a holdout: 20 % of the rows, the latest where there is time."""

    kind: SplitKind | None = None
    folds: int = 5
    repeats: int = 1
    gap: str | None = None
    holdout: Holdout = Holdout()


class Fold(Struct, frozen=True, eq=False):
    """Positions in the whole table; `test` rows are scored by what `train` rows taught."""

    train: Rows
    test: Rows


class Frame(Struct, frozen=True, kw_only=True, eq=False):
    """What splitting looks at: y (NaN = no label), and where there are such roles, time (µs) and group codes."""

    y: Floats
    time: Floats | None = None
    group: Floats | None = None
    classes: bool = False
    known_after: int = 0
    """µs that a label needs to be known."""


class Parts(Struct, frozen=True, kw_only=True, eq=False):
    """The rows, parted. `development` ends before the holdout begins, less the gap; the winner is refitted on it."""

    kind: SplitKind
    development: Rows
    holdout: Rows
    folds: tuple[Fold, ...]
    unlabelled: int
    young: int
    """Labelled, but younger than `known_after` at the table's end: never trained on, tested or scored."""
    in_gap: int


def part(frame: Frame, rule: SplitRule, seed: int = 0) -> Parts:
    """
    >>> parts = part(Frame(y=np.arange(100.0)), SplitRule(folds=4, holdout=Holdout(share=0.2)))
    >>> len(parts.holdout), [len(fold.test) for fold in parts.folds]
    (20, [20, 20, 20, 20])
    """
    labelled = ~np.isnan(frame.y)
    mature = labelled & _mature(frame)
    usable = np.flatnonzero(mature)
    if not len(usable):
        raise NoRows(f"none of {len(frame.y)} rows has a label that is old enough", who="evaluate.compare")
    kind = rule.kind or _kind(frame)
    _check(frame, rule, kind)
    gap = microseconds(rule.gap) if rule.gap else frame.known_after
    development, holdout = _set_aside(frame, rule.holdout, kind, usable, gap, seed)
    folds = tuple(_folds(frame, rule, kind, development, gap, seed))
    _refuse_empty(folds, holdout)
    return Parts(
        kind=kind,
        development=development,
        holdout=holdout,
        folds=folds,
        unlabelled=int(np.count_nonzero(~labelled)),
        young=int(np.count_nonzero(labelled & ~mature)),
        in_gap=len(usable) - len(development) - len(holdout),
    )


def _mature(frame: Frame) -> NDArray[np.bool_]:
    if frame.time is None or not frame.known_after:
        return np.ones(len(frame.y), dtype=np.bool_)
    return frame.time <= np.nanmax(frame.time) - frame.known_after


def _kind(frame: Frame) -> SplitKind:
    if frame.time is not None:
        return "time"
    if frame.group is not None:
        return "group"
    return "stratified" if frame.classes else "kfold"


def _check(frame: Frame, rule: SplitRule, kind: SplitKind) -> None:
    if kind == "time" and frame.time is None:
        raise BadSplit("a time split needs `roles: {time: …}`", who="evaluate.compare", where="split.kind")
    if kind == "group" and frame.group is None:
        raise BadSplit("a group split needs `roles: {group: …}`", who="evaluate.compare", where="split.kind")
    if kind == "stratified" and not frame.classes:
        raise BadSplit("a stratified split needs classes", who="evaluate.compare", where="split.kind")
    if rule.folds < 2:
        raise BadSplit(f"{rule.folds} folds are too few to compare anything", who="evaluate.compare", where="split")
    if rule.holdout.last and frame.time is None:
        raise BadSplit(
            f"a holdout of the last {rule.holdout.last} needs `roles: {{time: …}}`", who="evaluate.compare",
            where="split.holdout",
        )  # fmt: skip


def _set_aside(frame: Frame, rule: Holdout, kind: SplitKind, usable: Rows, gap: int, seed: int) -> tuple[Rows, Rows]:
    if rule.last or kind == "time":
        return _latest(frame, rule, usable, gap)
    share = 0.2 if rule.share is None else rule.share
    held = _deal(frame, kind, usable, max(2, round(1 / share)) if share else 0, np.random.default_rng([seed, 99]))
    inside = held == 0 if share else np.zeros(len(usable), dtype=np.bool_)
    return usable[~inside], usable[inside]


def _latest(frame: Frame, rule: Holdout, usable: Rows, gap: int) -> tuple[Rows, Rows]:
    if frame.time is None:
        raise BadSplit("there is no time to hold out by", who="evaluate.compare")
    time = frame.time[usable]
    if rule.last:
        start = float(np.nanmax(time)) - microseconds(rule.last)
        inside = time > start
    else:
        start = float(np.nanquantile(time, 1 - (0.2 if rule.share is None else rule.share), method="lower"))
        inside = time > start
    return usable[time <= start - gap], usable[inside]


def _folds(frame: Frame, rule: SplitRule, kind: SplitKind, rows: Rows, gap: int, seed: int) -> Iterator[Fold]:
    if kind == "time":
        yield from _time_folds(frame, rule.folds, rows, gap)
        return
    for repeat in range(rule.repeats):
        dealt = _deal(frame, kind, rows, rule.folds, np.random.default_rng([seed, repeat]))
        for fold in range(rule.folds):
            yield Fold(rows[dealt != fold], rows[dealt == fold])


def _time_folds(frame: Frame, folds: int, rows: Rows, gap: int) -> Iterator[Fold]:
    """`folds` + 1 blocks of equal size in time order; each but the first is tested by all that ended `gap` before."""
    if frame.time is None:
        raise BadSplit("there is no time to fold by", who="evaluate.compare")
    time = frame.time[rows]
    ordered = np.sort(time)
    edges = [ordered[min(len(ordered) - 1, len(ordered) * i // (folds + 1))] for i in range(1, folds + 1)]
    for start, end in zip(edges, [*edges[1:], np.inf], strict=True):
        test = (time >= start) & (time < end)
        train = time < start - gap
        if frame.group is not None:
            train &= ~np.isin(frame.group[rows], frame.group[rows[test]])
        yield Fold(rows[train], rows[test])


def _deal(frame: Frame, kind: SplitKind, rows: Rows, hands: int, rng: np.random.Generator) -> Rows:
    """Which hand (0..hands−1) each row is dealt to."""
    if not hands:
        return np.zeros(len(rows), dtype=np.intp)
    if kind == "group" and frame.group is not None:
        return _deal_groups(frame.group[rows], hands, rng)
    dealt = np.empty(len(rows), dtype=np.intp)
    shuffled = rng.permutation(len(rows))
    if kind == "stratified":
        shuffled = shuffled[np.argsort(frame.y[rows][shuffled], kind="stable")]
    dealt[shuffled] = np.arange(len(rows)) % hands
    return dealt


def _deal_groups(groups: Floats, hands: int, rng: np.random.Generator) -> Rows:
    """Whole groups, the largest first, each to the hand that holds least."""
    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    hand = np.empty(len(sizes), dtype=np.intp)
    held = np.zeros(hands)
    shuffled = rng.permutation(len(sizes))
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        hand[group] = np.argmin(held)
        held[hand[group]] += sizes[group]
    return np.asarray(hand[codes], dtype=np.intp)


def _refuse_empty(folds: tuple[Fold, ...], holdout: Rows) -> None:
    for number, fold in enumerate(folds):
        if not len(fold.train) or not len(fold.test):
            raise NoRows(
                f"fold {number} has {len(fold.train)} training and {len(fold.test)} test rows", who="evaluate.compare",
                where="split", way_out="Ask for fewer folds, a smaller gap or a shorter holdout.",
            )  # fmt: skip
    if not len(holdout):
        raise NoRows("the holdout is empty", who="evaluate.compare", where="split.holdout")
