"""Numbers as the interval they lie in: lets a linear model bend, and a person read."""

from __future__ import annotations

import warnings
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from modelyard.errors.data import WrongType
from modelyard.rows.table import Floats, Table
from modelyard.schema.column import Column, Kind
from modelyard.schema.contract import Field
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Bins as BinsWord
from modelyard.scoring.instructions import reals
from modelyard.step.columns import NUMBERS, finite, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns

WHO = "derive.bins"
Strategy = Literal["quantile", "uniform", "kmeans"]
MOST = 1_000


class Binned(Learned, frozen=True, kw_only=True, tag="derive.bins"):
    """What `Bins` learned: the inner edges of each column, ascending. Bin i holds edges[i−1] ≤ x < edges[i]."""

    columns: tuple[str, ...]
    edges: tuple[tuple[float, ...], ...]
    category: bool

    @property
    def writes(self) -> tuple[Field, ...]:
        return tuple(self._field(name, len(edges) + 1) for name, edges in zip(self.columns, self.edges, strict=True))

    def _field(self, name: str, bins: int) -> Field:
        digits = len(str(bins - 1))
        words = tuple(f"{place:0{digits}}" for place in range(bins)) if self.category else ()
        return Field(name=f"{name}_bin", kind="category" if self.category else "number", categories=words)

    def emit(self, program: ProgramBuilder) -> None:
        for name, edges in zip(self.columns, self.edges, strict=True):
            register = program.add(BinsWord(x=program.register(name), edges=reals(edges)))
            program.bind(f"{name}_bin", register)


class Bins(Learns, frozen=True, kw_only=True, tag="derive.bins"):
    """`age_bin` beside `age`: 0 for the lowest interval, then 1, 2 …; an edge belongs to the interval above it. Beyond
    the training rows the first and the last interval go on; a null has none.

    `quantile`: as many training rows in each (fewer intervals where values repeat); `uniform`: equally wide;
    `kmeans`: where values cluster; or `edges:` given.

    Right: `category: true` and encode.one_hot before a linear model, for an effect that rises and falls. Wrong: before
    trees, which find better edges themselves.

    >>> from modelyard.rows.table import table
    >>> learned = Bins(bins=2).learn(Batch(table(age=[10.0, 20.0, 30.0, 40.0])), Context()).learned
    >>> learned.edges
    ((25.0,),)
    """

    columns: Annotated[Columns, Meta(description="Which numbers.")] = "numeric"
    bins: Annotated[int, Meta(ge=2, le=MOST, description="How many intervals at most.")] = 5
    strategy: Annotated[Strategy, Meta(description="Where the edges lie; see above.")] = "quantile"
    edges: Annotated[tuple[float, ...] | None, Meta(description="Inner edges, ascending, instead of learned ones.")] = (
        None
    )
    category: Annotated[bool, Meta(description="Give categories ('0', '1' …) instead of numbers.")] = False

    def schema(self, given: Schema, ctx: Context) -> Schema:
        kind: Kind = "category" if self.category else "number"
        made = (Column(name=f"{n}_bin", kind=kind, nullable=given[n].nullable) for n in self._names(given, ctx))
        return given.with_(*made)

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        names = self._names(batch.X.schema, ctx)
        finite(batch.X, names, WHO)
        edges = tuple(self._edges(batch.X[name], ctx) for name in names)
        learned = Binned(columns=names, edges=edges, category=self.category)
        return Fitted(learned, lambda table: _counted(table, learned))

    def _names(self, given: Schema, ctx: Context) -> tuple[str, ...]:
        edges = self.edges
        if edges is not None and (not edges or list(edges) != sorted(set(edges)) or not np.isfinite(edges).all()):
            raise WrongType(f"edges {list(edges)} do not ascend", who=WHO, way_out="write them from low to high, once")
        return named(self.columns, given, ctx, NUMBERS, WHO)

    def _edges(self, values: Floats, ctx: Context) -> tuple[float, ...]:
        """The inner edges: none where the column is empty or constant."""
        known = values[~np.isnan(values)]
        if self.edges is not None:
            return self.edges
        distinct = len(np.unique(known))
        if distinct < 2:
            return ()
        from sklearn.preprocessing import KBinsDiscretizer

        count = min(self.bins, distinct) if self.strategy == "kmeans" else self.bins
        binner = KBinsDiscretizer(
            count, encode="ordinal", strategy=self.strategy, quantile_method="averaged_inverted_cdf",
            subsample=None, random_state=ctx.seed,
        )  # fmt: skip
        with warnings.catch_warnings():  # it tells that repeated values give fewer bins: so do we, in the docs
            warnings.simplefilter("ignore", UserWarning)
            binner.fit(known.reshape(-1, 1))
        return tuple(binner.bin_edges_[0][1:-1].tolist())


def _counted(table: Table, learned: Binned) -> Floats:
    """(n, k) by comparing with every edge."""
    X, out = table.matrix(learned.columns), []
    for place, edges in enumerate(learned.edges):
        x = X[:, place]
        count = sum(((x >= edge).astype(np.float64) for edge in edges), np.zeros(len(x)))
        out.append(np.where(np.isnan(x), np.nan, count))
    return np.column_stack(out)
