"""Bring numbers to one scale: what linear models and distances need.

Why several: `standard` for what is roughly normal; `robust` when a few values are absurd; `min_max` and `max_abs` to
bring a range to 0–1 or to keep zeros zero; `quantile` when only the order counts; `yeo_johnson` and `box_cox` (only
what is positive) to straighten a skew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from modelyard.errors.data import WrongType
from modelyard.lowering.curves import Centred, Curve, Power, Ranked, Stretched
from modelyard.rows.table import Floats, Table
from modelyard.schema.contract import Field
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import reals
from modelyard.step.columns import NUMBERS, finite, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns, number

WHO = "clean.scale"
Method = Literal["standard", "robust", "min_max", "max_abs", "quantile", "yeo_johnson", "box_cox"]
Transform = Callable[[Floats], Floats]
Found = tuple[Curve, Transform]
QUANTILES = 1_000
IDENTITY: Curve = Centred(0.0, 1.0)


class Scaled(Learned, frozen=True, kw_only=True, tag="clean.scale"):
    """What `Scale` learned: the curve of each column. A constant column is only centred."""

    columns: tuple[str, ...]
    curves: tuple[Curve, ...]

    @property
    def writes(self) -> tuple[Field, ...]:
        return tuple(Field(name=name, kind="number") for name in self.columns)

    def emit(self, program: ProgramBuilder) -> None:
        for name, curve in zip(self.columns, self.curves, strict=True):
            program.bind(name, curve.emit(program, program.register(name)))


class Scale(Learns, frozen=True, kw_only=True, tag="clean.scale"):
    """Bring numbers to one scale; nulls stay. A column without any value is left as it is.

    `standard`: mean 0, deviation 1. `robust`: median 0, quartiles 1 apart. `min_max`: training rows between 0 and 1.
    `max_abs`: between −1 and 1, zero stays zero. `quantile`: the share of training rows below. `yeo_johnson`,
    `box_cox`: the power that makes the column most normal, then standard; `box_cox` wants positive numbers, and what
    is not positive later becomes null.

    Right: `robust` or `quantile` before a linear model on amounts with a long tail. Wrong: any of them for trees only,
    which see the order of values and nothing else.

    >>> from modelyard.rows.table import table
    >>> Scale().learn(Batch(table(age=[30.0, 50.0])), Context()).learned.curves
    (Centred(centre=40.0, scale=10.0),)
    """

    revision = 2
    columns: Annotated[Columns, Meta(description="Which columns to scale.")] = "numeric"
    method: Annotated[Method, Meta(description="Which scale; see above.")] = "standard"

    def schema(self, given: Schema, ctx: Context) -> Schema:
        names = named(self.columns, given, ctx, NUMBERS, WHO)
        free = self.method == "box_cox"
        return given.with_(*(number(name, free or given[name].nullable) for name in names))

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        names = named(self.columns, batch.X.schema, ctx, NUMBERS, WHO)
        finite(batch.X, names, WHO)
        held = tuple(name for name in names if not np.isnan(batch.X[name]).all())
        curves, transform = self._fitted(batch.X, held, ctx)
        found = dict.fromkeys(names, IDENTITY) | dict(zip(held, curves, strict=True))
        learned = Scaled(columns=names, curves=tuple(found[name] for name in names))
        return Fitted(learned, lambda table: _oracle(table, names, held, transform))

    def _fitted(self, X: Table, names: tuple[str, ...], ctx: Context) -> tuple[Sequence[Curve], Transform]:
        """The curve of each column, and the library's transform of all of them; each holds a value somewhere."""
        if self.method in LINEAR and names:
            return LINEAR[self.method](X.matrix(names))
        found = [self._column(name, X[name], ctx) for name in names]
        return [curve for curve, _ in found], lambda rows: _each(rows, [transform for _, transform in found])

    def _column(self, name: str, values: Floats, ctx: Context) -> Found:
        known = values[~np.isnan(values)].reshape(-1, 1)
        if self.method == "quantile":
            return _ranked(known, ctx)
        if self.method == "yeo_johnson":
            return _power(known, "yeo_johnson")
        if known.min() <= 0:
            found = f"column {name!r} holds {known.min():g}, and box_cox wants positive numbers"
            raise WrongType(found, who=WHO, way_out="`method: yeo_johnson` takes any number")
        if np.ptp(known) > 0:
            return _power(known, "box_cox")
        (curve,), transform = _standard(known)  # a constant has no best power, and the library stops at it
        return curve, transform


def _standard(X: Floats) -> tuple[Sequence[Curve], Transform]:
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(X)
    return _centred(scaler.mean_, scaler.scale_), scaler.transform


def _robust(X: Floats) -> tuple[Sequence[Curve], Transform]:
    from sklearn.preprocessing import RobustScaler

    scaler = RobustScaler().fit(X)
    return _centred(scaler.center_, scaler.scale_), scaler.transform


def _max_abs(X: Floats) -> tuple[Sequence[Curve], Transform]:
    from sklearn.preprocessing import MaxAbsScaler

    scaler = MaxAbsScaler().fit(X)
    return _centred(np.zeros(X.shape[1]), scaler.scale_), scaler.transform


def _min_max(X: Floats) -> tuple[Sequence[Curve], Transform]:
    from sklearn.preprocessing import MinMaxScaler

    scaler = MinMaxScaler().fit(X)
    pairs = zip(scaler.scale_.tolist(), scaler.min_.tolist(), strict=True)
    return [Stretched(scale, low) for scale, low in pairs], scaler.transform


def _centred(centres: Floats, scales: Floats) -> list[Centred]:
    return [Centred(centre, scale) for centre, scale in zip(centres.tolist(), scales.tolist(), strict=True)]


LINEAR: dict[str, Callable[[Floats], tuple[Sequence[Curve], Transform]]] = {
    "standard": _standard,
    "robust": _robust,
    "min_max": _min_max,
    "max_abs": _max_abs,
}


def _ranked(values: Floats, ctx: Context) -> Found:
    from sklearn.preprocessing import QuantileTransformer

    count = min(QUANTILES, len(values))
    scaler = QuantileTransformer(n_quantiles=count, subsample=None, random_state=ctx.seed).fit(values)
    return Ranked(reals(scaler.quantiles_[:, 0]), reals(scaler.references_)), scaler.transform


def _power(values: Floats, method: Literal["yeo_johnson", "box_cox"]) -> Found:
    """The mean is taken after, by a scaler of ours: the library keeps its own to itself."""
    from sklearn.preprocessing import PowerTransformer, StandardScaler

    power = PowerTransformer(method=method.replace("_", "-"), standardize=False).fit(values)
    scaler = StandardScaler().fit(power.transform(values))
    after = Centred(float(scaler.mean_[0]), float(scaler.scale_[0]))

    def transform(x: Floats) -> Floats:
        allowed = np.where(x > 0, x, np.nan) if method == "box_cox" else x
        return scaler.transform(power.transform(allowed))

    return Power(method, float(power.lambdas_[0]), after), transform


def _each(rows: Floats, transforms: list[Transform]) -> Floats:
    columns = [f(rows[:, [place]]) for place, f in enumerate(transforms)]
    return np.hstack(columns) if columns else rows


def _oracle(table: Table, names: tuple[str, ...], held: tuple[str, ...], transform: Transform) -> Floats:
    """(n, k); columns that never held a value come back as they are."""
    scaled = dict(zip(held, transform(table.matrix(held)).T, strict=True)) if held else {}
    return np.column_stack([scaled.get(name, table[name]) for name in names])
