"""Each category as the mean of the target on its rows, drawn towards the mean of all where its rows are few.

Why cross-fitted: a category with one row would be encoded by that row's own target, and a model would learn to trust
it. So the rows that later steps learn from get means of *other* rows (`folds:`), and only what predicts later uses all
rows. Groups stay together: a row is never encoded by its own group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from msgspec import Meta, Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from modelyard.errors.data import BadTarget, NoRows
from modelyard.rows.table import Floats, Table, Vector
from modelyard.schema.column import Column
from modelyard.schema.contract import Field
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Map, reals
from modelyard.step.columns import CODES, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns

if TYPE_CHECKING:
    from sklearn.preprocessing import TargetEncoder

WHO = "encode.target"
MEAN = "target"
Rows = NDArray[np.intp]
Parts = list[tuple[Rows, Rows]]


class Encoding(Struct, frozen=True, kw_only=True):
    """One written column: the mean of every code of `column`, of null, and of anything else."""

    column: str
    name: str
    means: tuple[float, ...]
    null: float
    other: float


class Means(Learned, frozen=True, kw_only=True, tag="encode.target"):
    """What `Target` learned, from all training rows."""

    columns: tuple[str, ...]
    encodings: tuple[Encoding, ...]

    @property
    def writes(self) -> tuple[Field, ...]:
        return tuple(Field(name=one.name, kind="number", nullable=False) for one in self.encodings)

    @property
    def removes(self) -> tuple[str, ...]:
        return self.columns

    def emit(self, program: ProgramBuilder) -> None:
        for one in self.encodings:
            x, means = program.register(one.column), reals(one.means)
            program.bind(one.name, program.add(Map(x=x, table=means, missing=one.null, unseen=one.other)))


class Target(Learns, frozen=True, kw_only=True, tag="encode.target"):
    """Categories as the mean of the target on their rows: `city=target`.

    With three or more classes there is one column for each (`city=red`: how often a row of that city is red). A
    category that training never saw gets the mean of all rows.

    Right: many categories with few rows each (towns, products). Wrong: a column like an id, where every row has its
    own category: that says nothing of new rows, and here it says nothing of the training rows either. Row weights do
    not count. The numbers are those of scikit-learn's `TargetEncoder`.

    >>> from modelyard.rows.table import table
    >>> from modelyard.schema.target import Outcome
    >>> batch = Batch(table(city=["a", "a", "b", "b"]), np.array([1.0, 3.0, 7.0, 9.0]))
    >>> fitted = Target(smooth=2, folds=2).learn(batch, Context(outcome=Outcome(task="regression")))
    >>> fitted.learned.encodings[0].means
    (3.5, 6.5)
    """

    columns: Annotated[Columns, Meta(description="Which categories to encode.")] = "category"
    smooth: Annotated[
        Literal["auto"] | Annotated[float, Meta(ge=0)],
        Meta(description="How many rows' worth the mean of all counts; `auto`: by how much a category's rows differ."),
    ] = "auto"
    folds: Annotated[
        Annotated[int, Meta(ge=2)], Meta(description="Parts of the training rows, each encoded by the others.")
    ] = 5

    def schema(self, given: Schema, ctx: Context) -> Schema:
        names = named(self.columns, given, ctx, CODES, WHO)
        groups = (Column(name=f"{name}=*", kind="number", nullable=False) for name in names)
        return given.without(names).with_(*groups)

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        from sklearn.preprocessing import TargetEncoder

        names = named(self.columns, batch.X.schema, ctx, CODES, WHO)
        y = _known(batch, ctx)
        codes, parts = batch.X.matrix(names), _parts(batch, y, self.folds, ctx)
        labels, targets = _targets(y, ctx)
        encoders = [TargetEncoder(target_type="continuous", smooth=self.smooth, cv=parts) for _ in targets]
        crossed = [encoder.fit_transform(codes, y) for encoder, y in zip(encoders, targets, strict=True)]
        encodings = tuple(
            _encoding(batch.X.vector(name), name, label, encoder, place)
            for place, name in enumerate(names)
            for label, encoder in zip(labels, encoders, strict=True)
        )
        learned = Means(columns=names, encodings=encodings)
        train = replace(batch, X=_replaced(batch.X, learned, _by_column(crossed)))
        return Fitted(
            learned,
            oracle=lambda table: _by_column([encoder.transform(table.matrix(names)) for encoder in encoders]),
            train=train,
        )


def _known(batch: Batch, ctx: Context) -> Floats:
    if batch.y is None or ctx.outcome is None:
        raise BadTarget("there is no target to take the mean of", who=WHO)
    if len(batch.X) < 2:
        raise NoRows(f"{len(batch.X)} training rows: each is encoded by others, so there must be two", who=WHO)
    return batch.y


def _targets(y: Floats, ctx: Context) -> tuple[tuple[str, ...], list[Floats]]:
    """What means are taken of, and the names of these: the number, the second of two classes, or each class."""
    classes = ctx.outcome.classes if ctx.outcome else ()
    if len(classes) <= 2:
        return (MEAN,), [y]
    return classes, [(y == code).astype(np.float64) for code in range(len(classes))]


def _parts(batch: Batch, y: Floats, folds: int, ctx: Context) -> Parts:
    """(rows to take means of, rows to encode): shuffled by the seed, each row encoded once, classes evenly spread."""
    from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

    rows = np.zeros((len(y), 1))
    if batch.group is not None:
        group, count = _groups(batch.group)
        if count < 2:
            raise NoRows("all training rows are of one group, and a group never encodes itself", who=WHO)
        return list(GroupKFold(min(folds, count)).split(rows, y, group))
    folds = min(folds, len(y))
    classes = ctx.outcome is not None and ctx.outcome.task == "classification"
    if classes and np.unique(y, return_counts=True)[1].min() >= folds:
        return list(StratifiedKFold(folds, shuffle=True, random_state=ctx.seed).split(rows, y))
    return list(KFold(folds, shuffle=True, random_state=ctx.seed).split(rows))


def _groups(group: Floats) -> tuple[Floats, int]:
    """Groups as whole numbers, and how many there are; a row without one is a group by itself."""
    alone = np.isnan(group)
    known, codes = np.unique(group[~alone], return_inverse=True)
    numbers = np.empty(len(group))
    numbers[~alone] = codes
    numbers[alone] = len(known) + np.arange(alone.sum())
    return numbers, len(known) + int(alone.sum())


def _encoding(vector: Vector, name: str, label: str, encoder: TargetEncoder, place: int) -> Encoding:
    known = dict(zip(_keys(encoder.categories_[place]), encoder.encodings_[place].tolist(), strict=True))
    mean = float(encoder.target_mean_)
    return Encoding(
        column=name,
        name=f"{name}={label}",
        means=tuple(known.get(code, mean) for code in range(len(vector.categories) or 2)),
        null=known.get(None, mean),
        other=known.get(-1, mean),
    )


def _keys(categories: Floats) -> list[int | None]:
    return [None if np.isnan(code) else int(code) for code in categories]


def _by_column(answers: Sequence[Floats]) -> Floats:
    """One (n, columns) per class as (n, columns · classes): a column's classes beside each other."""
    stacked: Floats = np.stack(answers, axis=2)
    return stacked.reshape(len(stacked), -1)


def _replaced(table: Table, learned: Means, values: Floats) -> Table:
    made = {
        field.name: Vector("number", np.ascontiguousarray(values[:, at])) for at, field in enumerate(learned.writes)
    }
    return table.with_(made).without(learned.removes)
