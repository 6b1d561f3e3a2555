"""Principal components: few columns at right angles that hold most of what many columns vary by.

Written down as scikit-learn computes it since 1.5: project first, subtract the projected mean after. The sums go left
to right, so that a row alone gives the bits that it gives in a batch, which the library's own do not.
Source: Pearson (1901); Jolliffe, "Principal Component Analysis" (2002).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from msgspec import Meta

from modelyard.errors.data import NoRows, WrongType
from modelyard.rows.table import Floats, Table
from modelyard.schema.column import Column
from modelyard.schema.contract import Field
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import ArithConst, Linear, reals, wholes
from modelyard.step.columns import NUMBERS, finite, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns

if TYPE_CHECKING:
    from sklearn.decomposition import PCA

WHO = "reduce.pca"


class Components(Learned, frozen=True, kw_only=True, tag="reduce.pca"):
    """What `Pca` learned: for each component the weight of every column, the projected mean, and with `whiten` the
    deviation that it is divided by."""

    columns: tuple[str, ...]
    name: str
    weights: tuple[tuple[float, ...], ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...] = ()

    @property
    def writes(self) -> tuple[Field, ...]:
        return tuple(Field(name=f"{self.name}={place + 1}", kind="number") for place in range(len(self.means)))

    @property
    def removes(self) -> tuple[str, ...]:
        return self.columns

    def emit(self, program: ProgramBuilder) -> None:
        xs = wholes([program.register(name) for name in self.columns])
        first = program.add(Linear(xs=xs, weights=reals(self.weights), bias=-reals(self.means)))
        for place, field in enumerate(self.writes):
            made = first + place
            if self.deviations:
                made = program.add(ArithConst(f="div", x=made, value=self.deviations[place]))
            program.bind(field.name, made)


class Pca(Learns, frozen=True, kw_only=True, tag="reduce.pca"):
    """Numbers as their principal components `pca=1`, `pca=2` …, in the order of how much they vary.

    The numbers themselves go. A row with a null has no components.

    Right: many measurements of one thing (sensors, pixels), after clean.impute and clean.scale. Wrong: without
    clean.scale on columns of different units, where the largest unit is the first component; and where a person must
    understand what the model read. The numbers are those of scikit-learn's `PCA`, up to the rounding of its sums.

    >>> from modelyard.rows.table import table
    >>> batch = Batch(table(a=[0.0, 3.0, 6.0], b=[0.0, 4.0, 8.0]))
    >>> [[round(abs(weight), 9) for weight in row] for row in Pca(components=1).learn(batch, Context()).learned.weights]
    [[0.6, 0.8]]
    """

    columns: Annotated[Columns, Meta(description="Which numbers to reduce.")] = "numeric"
    components: Annotated[
        Annotated[int, Meta(ge=1)] | Annotated[float, Meta(gt=0, lt=1)],
        Meta(description="How many components, or the share of the variance that they must hold."),
    ] = 0.95
    whiten: Annotated[bool, Meta(description="Divide every component by its deviation.")] = False
    name: Annotated[
        Annotated[str, Meta(min_length=1)], Meta(description="What the components are called before their number.")
    ] = "pca"

    def schema(self, given: Schema, ctx: Context) -> Schema:
        names = named(self.columns, given, ctx, NUMBERS, WHO)
        self._enough(names, [name for name in names if given[name].open])
        return given.without(names).with_(Column(name=f"{self.name}=*", kind="number"))

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        from sklearn.decomposition import PCA

        names = named(self.columns, batch.X.schema, ctx, NUMBERS, WHO)
        self._enough(names, [])
        self._learnable(batch.X, names)
        pca = PCA(self.components, whiten=self.whiten, random_state=ctx.seed).fit(batch.X.matrix(names))
        learned = Components(
            columns=names,
            name=self.name,
            weights=tuple(tuple(row) for row in pca.components_.tolist()),
            means=tuple((pca.mean_.reshape(1, -1) @ pca.components_.T)[0].tolist()),
            deviations=_deviations(pca) if self.whiten else (),
        )
        return Fitted(learned, lambda table: _oracle(pca, table.matrix(names)))

    def _enough(self, names: tuple[str, ...], groups: list[str]) -> None:
        if isinstance(self.components, int) and self.components > len(names) and not groups:
            found = f"{self.components} components of {len(names)} columns"
            raise WrongType(
                found, who=WHO, way_out="Ask for fewer, or for a share of the variance (`components: 0.95`)"
            )

    def _learnable(self, table: Table, names: tuple[str, ...]) -> None:
        wanted = max(self.components, 2) if isinstance(self.components, int) else 2
        if len(table) < wanted:
            raise NoRows(f"{len(table)} training rows, and at least {wanted} are needed", who=WHO)
        finite(table, names, WHO)
        for name in names:
            if np.isnan(table[name]).any():
                raise WrongType(f"column {name!r} has nulls", who=WHO, way_out="Put clean.impute before this step")


def _deviations(pca: PCA) -> tuple[float, ...]:
    deviations = np.sqrt(pca.explained_variance_)
    return tuple(np.maximum(deviations, np.finfo(np.float64).eps).tolist())


def _oracle(pca: PCA, X: Floats) -> Floats:
    """scikit-learn takes no nulls: such a row has no components."""
    there = ~np.isnan(X).any(axis=1)
    made = np.full((len(X), len(pca.components_)), np.nan)
    if there.any():
        made[there] = pca.transform(X[there])
    return made
