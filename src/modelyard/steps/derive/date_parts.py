"""Hour, weekday, day, month and year of datetimes, in the project's zone: what a model can see of a moment."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from msgspec.structs import replace

from modelyard.lowering.dates import emit_part
from modelyard.rows.table import Floats, Table
from modelyard.schema.contract import Field
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.scoring.builder import ProgramBuilder
from modelyard.step.columns import named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns, number

WHO = "derive.date_parts"
Part = Literal["hour", "weekday", "day", "month", "year"]


class Parts(Learned, frozen=True, kw_only=True, tag="derive.date_parts"):
    """What `DateParts` writes down: which parts of which columns, in which zone. Nothing is learned from rows."""

    columns: tuple[str, ...]
    parts: tuple[Part, ...]
    zone: str

    @property
    def writes(self) -> tuple[Field, ...]:
        return tuple(Field(name=f"{name}_{part}", kind="number") for name in self.columns for part in self.parts)

    def emit(self, program: ProgramBuilder) -> None:
        for name in self.columns:
            x = program.register(name)
            for part in self.parts:
                program.bind(f"{name}_{part}", emit_part(part, x, program, self.zone))


class DateParts(Learns, frozen=True, kw_only=True, tag="derive.date_parts"):
    """`departure_hour`, `departure_weekday` (Monday 0) … beside `departure`. The time role may be named: its parts
    are features, it itself is not.

    Right: the hour and the weekday of a departure. Wrong: the year, for a model that will answer next year: it
    has never seen that number.

    >>> from modelyard.rows.table import Vector
    >>> from modelyard.step.chain import replay
    >>> noon = Table({"at": Vector("datetime", np.array([1704110400e6]))}, 1)  # Monday 2024-01-01, 12:00 UTC
    >>> learned = DateParts().learn(Batch(noon), Context(zone="Asia/Tokyo")).learned
    >>> {name: float(replay(learned, noon)[name][0]) for name in ("at_hour", "at_weekday", "at_month")}
    {'at_hour': 21.0, 'at_weekday': 0.0, 'at_month': 1.0}
    """

    columns: Annotated[Columns, Meta(description="Which datetimes to take apart.")] = "datetime"
    parts: Annotated[tuple[Part, ...], Meta(description="Which parts.", min_length=1)] = ("hour", "weekday", "month")

    def schema(self, given: Schema, ctx: Context) -> Schema:
        names = self._names(given, ctx)
        return given.with_(*(number(f"{n}_{p}", given[n].nullable) for n in names for p in self.parts))

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        learned = Parts(columns=self._names(batch.X.schema, ctx), parts=self.parts, zone=ctx.zone)
        return Fitted(learned, lambda table: _calendar(table, learned))

    def _names(self, schema: Schema, ctx: Context) -> tuple[str, ...]:
        timeless = replace(ctx, roles=replace(ctx.roles, time=None))
        return named(self.columns, schema, timeless, ("datetime",), WHO)


def _calendar(table: Table, learned: Parts) -> Floats:
    """(n, k) by polars' own calendar."""
    from modelyard.frame.expression import to_polars_expr
    from modelyard.frame.table import to_polars
    from modelyard.schema.expression import parse

    schema = table.select(learned.columns).schema
    asked = [parse(f"{part}(`{name}`)") for name in learned.columns for part in learned.parts]
    frame = to_polars(table.select(learned.columns)).select(
        to_polars_expr(expression, schema, learned.zone).alias(str(place)) for place, expression in enumerate(asked)
    )
    return np.asarray(frame.fill_null(float("nan")).to_numpy(), dtype=np.float64)
