"""Fill missing values, and keep the fact that they were missing.

Why the median by default: one absurd value cannot move it. Why the flag: "was missing" is often a strong feature, and a
silent fill would erase it. Why `model`: where columns tell of each other, their median for all is far from most.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from modelyard.errors.data import WrongType
from modelyard.lowering.filling import Simple, fill, fillings
from modelyard.lowering.imputation import Predictor, Turn, iterated, varying
from modelyard.lowering.neighbours import Neighbours, by_brute_force, neighbours_of
from modelyard.rows.table import Floats, Table
from modelyard.schema.contract import Field
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import IsNan
from modelyard.step.columns import NUMBERS, finite, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns, number

Strategy = Literal[Simple, "model", "knn"]
WHO = "clean.impute"


class Filled(Learned, frozen=True, kw_only=True, tag="clean.impute"):
    """What `Impute` learned: for each column of `fields` the value that fills it (a code for a category), the columns
    that had gaps, and for a category filled with a new word the ranks of the old codes in the new vocabulary."""

    fields: tuple[Field, ...]
    values: tuple[float, ...]
    gaps: tuple[str, ...] = ()
    recodes: dict[str, tuple[float, ...]]
    turns: tuple[Turn, ...] = ()
    """For `strategy: model`: which column is predicted from which, one after the other."""
    neighbours: Neighbours | None = None
    """For `strategy: knn`: the training rows that gaps are filled from."""

    @property
    def writes(self) -> tuple[Field, ...]:
        flags = (Field(name=f"missing={name}", kind="number", nullable=False) for name in self.gaps)
        return (*self.fields, *flags)

    def emit(self, program: ProgramBuilder) -> None:
        for name in self.gaps:
            flag = program.add(IsNan(into=program.next, x=program.register(name)))
            program.bind(f"missing={name}", flag)
        if self.neighbours is not None:
            self.neighbours.emit(program, tuple(field.name for field in self.fields))
            return
        came = {field.name: program.register(field.name) for field in self.fields}
        for field, value in zip(self.fields, self.values, strict=True):
            program.bind(field.name, fill(program, came[field.name], value, self.recodes.get(field.name)))
        self._take_turns(program, came)

    def _take_turns(self, program: ProgramBuilder, came: dict[str, int]) -> None:
        """`came`: the registers that still have the gaps."""
        missing = {name: program.add(IsNan(x=came[name])) for name in dict.fromkeys(t.column for t in self.turns)}
        for turn in self.turns:
            program.bind(turn.column, turn.emit(program, program.columns, missing[turn.column]))


class Impute(Learns, frozen=True, kw_only=True, tag="clean.impute"):
    """Fill missing values with one learned from the training rows. A column without any value is filled with 0.

    `model`: each column is predicted from the others selected, `rounds` times in turn, by a linear model or a tree; a
    prediction stays within the range of the training rows. Numbers only; new gaps in any of the columns are predicted.

    `knn`: the mean of the nearest training rows that know the value, by the columns selected; scale them before. The
    model's package then holds up to `donors` rows of these columns as they are, so it is as secret as they are.

    Right: `strategy: model` for measures of one thing (height, weight, waist). Wrong: filling the target, or `mean`
    where a gap has a meaning of its own: there `flag` or `constant` says so.

    >>> from modelyard.rows.table import table
    >>> learned = Impute().learn(Batch(table(age=[30.0, None, 50.0])), Context()).learned
    >>> learned.values, learned.gaps
    ((40.0,), ('age',))
    """

    columns: Annotated[Columns, Meta(description="Which columns to fill: numbers, or categories.")] = "numeric"
    strategy: Annotated[Strategy, Meta(description="Where the value comes from; see above.")] = "median"
    value: Annotated[float | str | None, Meta(description="The value, for `strategy: constant`.")] = None
    predictor: Annotated[Predictor, Meta(description="What predicts, for `strategy: model`.")] = "linear"
    rounds: Annotated[int, Meta(ge=1, le=20, description="How often each is predicted, for `strategy: model`.")] = 3
    neighbours: Annotated[int, Meta(ge=1, le=100, description="How many rows, for `strategy: knn`.")] = 5
    donors: Annotated[
        int, Meta(ge=1, le=100_000, description="Most training rows to look among, for `strategy: knn`.")
    ] = 1_000
    flag: Annotated[
        bool, Meta(description="Add the column `missing=<column>` (0 or 1) where training rows had gaps.")
    ] = True

    def schema(self, given: Schema, ctx: Context) -> Schema:
        names = named(self.columns, given, ctx, (*NUMBERS, "category"), WHO)
        self._check(given, names)
        return given.with_(number("missing=*", zero_one=True)) if self.flag else given

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        names = named(self.columns, batch.X.schema, ctx, (*NUMBERS, "category"), WHO)
        self._check(batch.X.schema, names)
        finite(batch.X, names, WHO)
        gaps = tuple(name for name in names if self.flag and np.isnan(batch.X[name]).any())
        if self.strategy == "model":
            return self._modelled(batch.X, names, gaps, ctx)
        if self.strategy == "knn":
            return self._from_neighbours(batch.X, names, gaps, ctx)
        return self._each(batch.X, names, gaps, self.strategy)

    def _each(self, X: Table, names: tuple[str, ...], gaps: tuple[str, ...], strategy: Simple) -> Fitted:
        columns, filled = fillings(X, names, strategy, self.value)
        learned = Filled(
            fields=tuple(column.field for column in columns),
            values=tuple(column.value for column in columns),
            gaps=gaps,
            recodes={column.field.name: column.ranks for column in columns if column.ranks is not None},
        )
        return Fitted(learned, lambda table: np.column_stack([filled(table), *_flags(table, gaps)]))

    def _modelled(self, X: Table, names: tuple[str, ...], gaps: tuple[str, ...], ctx: Context) -> Fitted:
        """Columns that do not vary take no part: what is missing there is their one value, or 0."""
        known = varying(X, names)
        found = iterated(X.matrix(known), known, self.predictor, self.rounds, ctx.seed) if known else None
        starts = {name: _only(X[name]) for name in names} | dict(zip(known, found.starts if found else (), strict=True))
        learned = Filled(
            fields=tuple(Field(name=name, kind="number", nullable=False) for name in names),
            values=tuple(starts[name] for name in names),
            gaps=gaps,
            recodes={},
            turns=found.turns if found else (),
        )

        def oracle(table: Table) -> Floats:
            filled = {name: np.where(np.isnan(table[name]), starts[name], table[name]) for name in names}
            if found:
                filled |= dict(zip(known, found.transform(table.matrix(known)).T, strict=True))
            return np.column_stack([*(filled[name] for name in names), *_flags(table, gaps)])

        return Fitted(learned, oracle)

    def _from_neighbours(self, X: Table, names: tuple[str, ...], gaps: tuple[str, ...], ctx: Context) -> Fitted:
        found = neighbours_of(X.matrix(names), self.neighbours, self.donors, ctx.seed)
        learned = Filled(
            fields=tuple(Field(name=name, kind="number", nullable=False) for name in names),
            values=tuple(found.fallback.tolist()),
            gaps=gaps,
            recodes={},
            neighbours=found,
        )
        return Fitted(
            learned,
            lambda table: np.column_stack([by_brute_force(table.matrix(names), found), *_flags(table, gaps)]),
        )

    def _check(self, schema: Schema, names: tuple[str, ...]) -> None:
        if (self.strategy == "constant") != (self.value is not None):
            raise WrongType("`value:` and `strategy: constant` go together", who=WHO, way_out="give both or neither")
        for name in names:
            category = schema[name].kind == "category"
            if category and self.strategy in ("mean", "median", "model", "knn"):
                raise WrongType(f"{name!r} is a category and has no {self.strategy}", who=WHO, way_out="most_frequent")
            if self.value is not None and isinstance(self.value, str) != category:
                raise WrongType(f"{self.value!r} is no value of {name!r}", who=WHO, way_out="give one of its kind")


def _only(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known[0]) if len(known) else 0.0


def _flags(table: Table, gaps: tuple[str, ...]) -> list[Floats]:
    return [np.isnan(table[name]).astype(np.float64) for name in gaps]
