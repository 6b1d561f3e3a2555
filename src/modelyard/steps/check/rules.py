"""What rows must be: in training, and on each request.

The step's `rules` become part of the program's contract; `rows.rules.breaches` evaluates them in both places.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from msgspec import Meta, Struct, field

from modelyard.errors.data import RuleBroken
from modelyard.rows.rules import breaches, explain
from modelyard.rows.table import Table
from modelyard.schema.column import Kind
from modelyard.schema.rules import ColumnRule, Otherwise
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one column's values must be; a part not said is not checked."""

    type: Kind | None = None
    min: float | None = None
    max: float | None = None
    nulls: bool | None = None
    categories: tuple[str, ...] | Literal["learned"] | None = None
    otherwise: Otherwise = field(default="stop", name="else")

    def of(self, column: str) -> ColumnRule:
        return ColumnRule(
            column=column,
            type=self.type,
            min=self.min,
            max=self.max,
            nulls=self.nulls,
            categories=self.categories if isinstance(self.categories, tuple) else None,
            learned=self.categories == "learned",
            otherwise=self.otherwise,
        )


class Rules(TableStep, frozen=True, kw_only=True, tag="check.rules"):
    """`stop` ends the run (422 on a request), `warn` is told, `quarantine` keeps the row out of training (a request
    is answered and flagged)."""

    columns: Annotated[dict[str, Rule], Meta(description="Column: {type, min, max, nulls, categories, else}.")]

    def rules(self, given: Schema) -> tuple[ColumnRule, ...]:
        given.keep(self.columns)
        return tuple(rule.of(column) for column, rule in self.columns.items())

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        import polars as pl

        from modelyard.frame.schema import schema_of
        from modelyard.frame.table import to_table

        schema = schema_of(tables[0])
        rules = self.rules(schema)
        frame = tables[0].collect()
        checked = to_table(frame, schema.keep(dict.fromkeys(self.columns)), ctx.zone)
        stop(rules, checked)
        held = [mask for rule, mask in breaches(rules, checked) if rule.otherwise == "quarantine"]
        if not held:
            return frame.lazy()
        return frame.filter(pl.Series(~np.logical_or.reduce(held))).lazy()

    def warnings(self, table: Table) -> tuple[str, ...]:
        """`warn` and `quarantine` breaches in words, counted, for the report."""
        rules = [rule.of(column) for column, rule in self.columns.items() if rule.otherwise != "stop"]
        found = breaches(rules, table)
        return tuple(
            f"{int(m.sum())} rows, first: {explain(r, table, int(m.argmax()))} ({r.otherwise})" for r, m in found
        )


def stop(rules: Iterable[ColumnRule], table: Table) -> None:
    """RuleBroken at the first row that breaks a `stop` rule."""
    for rule, mask in breaches([rule for rule in rules if rule.otherwise == "stop"], table):
        row = int(mask.argmax())
        found = f"{explain(rule, table, row)}; {int(mask.sum())} rows in all"
        raise RuleBroken(found, who="check.rules", where=f"row {row + 1}")
