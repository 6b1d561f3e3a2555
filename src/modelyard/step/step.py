"""A step: parameters declared once, and one of three things it can do with rows.

A kind is a frozen Struct whose tag is its name (`clean.impute`) and whose fields are its parameters: they give
validation, JSON Schema, the form, the help and the docs. Stable: plugins build on this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from msgspec import Struct

from modelyard.schema.column import Column
from modelyard.schema.rules import ColumnRule
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted

if TYPE_CHECKING:
    from polars import LazyFrame

Need = Literal["no_nulls", "numbers", "scaled"]


class Step(Struct, frozen=True, kw_only=True, tag_field="use", forbid_unknown_fields=True):
    revision: ClassVar[int] = 1
    """Bump when equal inputs would give a different answer: it is in the cache key."""
    renamed_from: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = ""


class TableStep(Step, frozen=True, kw_only=True):
    """read, table, write: polars in, polars out, on the training side and in batch."""

    rows: ClassVar[Literal["keeps", "changes"]] = "changes"
    """`keeps`: as many rows out as in, so that a batch prediction may replay it."""

    @property
    def inputs(self) -> tuple[str, ...] | None:
        """The tables that `run` takes, in its order, by the names of `after: {left: a, right: b}`. None: any number of
        them, in the order written."""
        return ("table",)

    def knows(self, known_after: int, *given: Schema) -> dict[str, tuple[str, ...]]:
        """Columns made here -> what they are made of, so that what is made of the target counts as target. Not named:
        a column whose values were known before the row, where a label is known `known_after` µs late."""
        return {}

    def peek(self, ctx: Context) -> Schema:
        """What a source will give, found without reading it through (read steps only)."""
        raise NotImplementedError(f"{type(self).__name__} is no source")

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        """What comes out, before a row is read: by default the step runs on empty typed frames."""
        from modelyard.frame.schema import empty, schema_of

        return schema_of(self.run(ctx, *(empty(schema) for schema in given)), *given)

    def rules(self, given: Schema) -> tuple[ColumnRule, ...]:
        """What this step promises of rows, on each request too: the compiler puts the rules whose columns the program
        reads into `Contract.rules` (check.rules)."""
        return ()

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        raise NotImplementedError


class Learns(Step, frozen=True, kw_only=True):
    """clean, encode, derive, select, reduce, model, decide: what must also happen when predicting."""

    sees: ClassVar[Literal["rows", "out_of_fold"]] = "rows"
    """`out_of_fold`: the batch's X holds `score[k]` columns made by models that never saw the row."""
    needs: ClassVar[frozenset[Need]] = frozenset()
    """What a model cannot do without; `prepare: auto` puts the missing steps before it."""

    def schema(self, given: Schema, ctx: Context) -> Schema:
        """The columns after this step; a group whose width is learned is one open column (`carrier=*`)."""
        return given

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        raise NotImplementedError


class Policy(Step, frozen=True, kw_only=True):
    """evaluate, deploy, monitor, retrain: parameters only, honoured by run/ and loop/."""


def number(name: str, nullable: bool = False, zero_one: bool = False) -> Column:
    """The commonest promise of a learned step."""
    return Column(name=name, kind="number", nullable=nullable, zero_one=zero_one)
