"""New columns from expressions, written into the program: computed alike in training and on each request."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta

from modelyard.errors.data import BadSelector, WrongType
from modelyard.lowering.expression import emit, gives
from modelyard.rows.table import Floats, Table
from modelyard.schema.column import Column
from modelyard.schema.contract import Field
from modelyard.schema.expression import Expression as Parsed
from modelyard.schema.expression import parse
from modelyard.schema.expression_kinds import kind_of
from modelyard.schema.schema import Schema
from modelyard.scoring.builder import ProgramBuilder
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns

WHO = "derive.expression"


class Derived(Learned, frozen=True, kw_only=True, tag="derive.expression"):
    """The expressions, and kind and vocabulary of the columns that they read."""

    expressions: dict[str, str]
    reads: tuple[Field, ...]
    zone: str

    @property
    def writes(self) -> tuple[Field, ...]:
        return tuple(gives(parse(text), self.reads, name) for name, text in self.expressions.items())

    def emit(self, program: ProgramBuilder) -> None:
        made = {name: emit(parse(text), program, self.reads, self.zone) for name, text in self.expressions.items()}
        for name, register in made.items():
            program.bind(name, register)


class Expression(Learns, frozen=True, kw_only=True, tag="derive.expression"):
    """`columns: {speed: distance / air_time}`. Each expression reads the table as it was before the step.

    Right: a ratio of two columns that a request has both of; `contains(name, "Mrs.")` of a text. Wrong: anything
    that needs other rows or the target: that is table.aggregate before the split, or encode.target inside it.

    >>> from modelyard.rows.table import table
    >>> step = Expression(columns={"night": "hour < 6"})
    >>> step.learn(Batch(table(hour=[3.0, 12.0])), Context()).learned.writes[0].kind
    'boolean'
    """

    columns: Annotated[dict[str, str], Meta(description="New name: expression.", min_length=1)]

    def schema(self, given: Schema, ctx: Context) -> Schema:
        made = {name: self._parsed(text, ctx) for name, text in self.columns.items()}
        columns = [Column(name=name, kind=kind_of(text, given)) for name, text in made.items()]
        texts = [column.name for column in columns if column.kind == "text"]
        if texts:
            found = f"{self.columns[texts[0]]!r} gives a text, and no step reads a text that was made"
            raise WrongType(found, who=WHO, way_out='Ask of it: == "late", contains(…, "late"), starts_with(…, "late")')
        return given.with_(*columns)

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        parsed = {name: self._parsed(text, ctx) for name, text in self.columns.items()}
        for expression in parsed.values():
            kind_of(expression, batch.X.schema)
        names = dict.fromkeys(name for expression in parsed.values() for name in expression.names)
        vectors = {name: batch.X.vector(name) for name in names}
        reads = tuple(Field(name=n, kind=v.kind, categories=v.categories) for n, v in vectors.items())
        learned = Derived(expressions=self.columns, reads=reads, zone=ctx.zone)
        strings = any(field.kind == "category" for field in reads)
        return Fitted(learned, None if strings else lambda table: _computed(table, parsed, ctx.zone))

    def _parsed(self, text: str, ctx: Context) -> Parsed:
        """The time role may be read (`hour(tx_time)`); what else steps must not select, an expression must not read."""
        expression = parse(text)
        for name in expression.names:
            if name in ctx.hidden and name != ctx.roles.time:
                raise BadSelector(f"{text!r} reads {name!r}, which is the target or has a role", who=WHO)
        return expression


def _computed(table: Table, parsed: dict[str, Parsed], zone: str) -> Floats:
    """(n, k) by polars. Not for strings: an unseen code has no word to compare."""
    import polars as pl

    from modelyard.frame.expression import to_polars_expr
    from modelyard.frame.table import to_polars

    schema = table.schema
    made = [to_polars_expr(e, schema, zone).cast(pl.Float64).alias(name) for name, e in parsed.items()]
    return np.asarray(to_polars(table).select(made).fill_null(float("nan")).to_numpy(), dtype=np.float64)
