"""Which rows train, which test, which are kept aside.

Why our own and not scikit-learn's: the gap is a length of time and not a number of rows, rows of one moment stay
together, and whatever is too young for its label to be known is left out and counted.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelyard.errors.data import NoRows
from modelyard.errors.run import BadSplit
from modelyard.project.comparison import Holdout, Split, SplitKind
from modelyard.rows.table import Floats
from modelyard.schema.duration import microseconds

Rows = NDArray[np.intp]
SHARE = 0.2
"""Of the rows, held out where nothing else is said."""


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
    usable: Rows
    """All with a label that is old enough, those in the gap too."""
    development: Rows
    holdout: Rows
    folds: tuple[Fold, ...]
    unlabelled: int
    timeless: int
    """Labelled, but without the time that a time split goes by: never used."""
    young: int
    """Labelled, but younger than `known_after` at the table's end: never trained on, tested or scored."""
    in_gap: int


def part(frame: Frame, split: Split, gap: int | None = None, seed: int = 0) -> Parts:
    """`gap`: µs between training and test rows of a time split; by default what a label needs to be known.

    >>> parts = part(Frame(y=np.arange(100.0)), Split(folds=4, holdout=Holdout(share=0.3)))
    >>> len(parts.holdout), [len(fold.test) for fold in parts.folds]
    (30, [18, 18, 17, 17])
    """
    kind = split.kind or _kind(frame)
    _check(frame, split, kind)
    labelled = ~np.isnan(frame.y)
    timed = labelled & _timed(frame, split, kind)
    mature = timed & _mature(frame)
    usable = np.flatnonzero(mature)
    if not len(usable):
        raise NoRows(f"none of {len(frame.y)} rows has a label that is old enough", who="evaluate.compare")
    apart = frame.known_after if gap is None else gap
    development, holdout = _set_aside(frame, split.holdout, kind, usable, apart, seed)
    folds = tuple(_folds(frame, split, kind, development, apart, seed))
    _refuse_empty(folds, holdout)
    return Parts(
        kind=kind,
        usable=usable,
        development=development,
        holdout=holdout,
        folds=folds,
        unlabelled=int(np.count_nonzero(~labelled)),
        timeless=int(np.count_nonzero(labelled & ~timed)),
        young=int(np.count_nonzero(timed & ~mature)),
        in_gap=len(usable) - len(development) - len(holdout),
    )


def _timed(frame: Frame, split: Split, kind: SplitKind) -> NDArray[np.bool_]:
    """Rows that the split can place."""
    if frame.time is None or not (kind == "time" or split.holdout.last or frame.known_after):
        return np.ones(len(frame.y), dtype=np.bool_)
    return np.asarray(~np.isnan(frame.time))


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


def _check(frame: Frame, split: Split, kind: SplitKind) -> None:
    if kind == "time" and frame.time is None:
        raise BadSplit("a time split needs `roles: {time: …}`", who="evaluate.compare", where="split.kind")
    if kind == "group" and frame.group is None:
        raise BadSplit("a group split needs `roles: {group: …}`", who="evaluate.compare", where="split.kind")
    if kind == "stratified" and not frame.classes:
        raise BadSplit("a stratified split needs classes", who="evaluate.compare", where="split.kind")
    if split.folds < 2:
        raise BadSplit(f"{split.folds} folds are too few to compare anything", who="evaluate.compare", where="split")
    if split.holdout.last and frame.time is None:
        raise BadSplit(
            f"a holdout of the last {split.holdout.last} needs `roles: {{time: …}}`", who="evaluate.compare",
            where="split.holdout",
        )  # fmt: skip


def _set_aside(frame: Frame, rule: Holdout, kind: SplitKind, usable: Rows, gap: int, seed: int) -> tuple[Rows, Rows]:
    if rule.last or kind == "time":
        return _latest(frame, rule, usable, gap)
    rng = np.random.default_rng([seed, 99])
    inside = _drawn(frame, kind, usable, SHARE if rule.share is None else rule.share, rng)
    return usable[~inside], usable[inside]


def _drawn(frame: Frame, kind: SplitKind, rows: Rows, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """A `share` of the rows: whole groups where groups stay together, of each class alike where they are stratified."""
    if kind == "group" and frame.group is not None:
        return _drawn_groups(frame.group[rows], share, rng)
    y = frame.y[rows] if kind == "stratified" else np.zeros(len(rows))
    shuffled = rng.permutation(len(rows))
    ordered = shuffled[np.argsort(y[shuffled], kind="stable")]
    upto = np.floor(np.arange(1, len(rows) + 1) * share + 0.5)
    inside = np.zeros(len(rows), dtype=np.bool_)
    inside[ordered] = np.diff(upto, prepend=0.0) > 0
    return inside


def _drawn_groups(groups: Floats, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Groups in random order, as long as each brings the sum nearer to the share; one at least."""
    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    wanted, held = share * len(groups), 0
    taken = np.zeros(len(sizes), dtype=np.bool_)
    for group in rng.permutation(len(sizes)):
        if abs(held + sizes[group] - wanted) < abs(held - wanted):
            taken[group] = True
            held += int(sizes[group])
    if not held:
        taken[np.argmin(sizes)] = True
    return np.asarray(taken[codes])


def _latest(frame: Frame, rule: Holdout, usable: Rows, gap: int) -> tuple[Rows, Rows]:
    if frame.time is None:
        raise BadSplit("there is no time to hold out by", who="evaluate.compare")
    time = frame.time[usable]
    if rule.last:
        start = float(np.max(time)) - microseconds(rule.last)
    else:
        start = float(np.quantile(time, 1 - (SHARE if rule.share is None else rule.share), method="lower"))
    return usable[time <= start - gap], usable[time > start]


def _folds(frame: Frame, split: Split, kind: SplitKind, rows: Rows, gap: int, seed: int) -> Iterator[Fold]:
    if kind == "time":
        yield from _time_folds(frame, split.folds, rows, gap)
        return
    for repeat in range(split.repeats):
        dealt = _deal(frame, kind, rows, split.folds, np.random.default_rng([seed, repeat]))
        for fold in range(split.folds):
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
