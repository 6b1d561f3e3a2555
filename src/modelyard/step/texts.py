"""The text columns of a learned step, and how a text is cut: what every step over text asks alike."""

from __future__ import annotations

from collections.abc import Sequence

from modelyard.errors.data import BadSelector, WrongType
from modelyard.rows.table import Table
from modelyard.schema.column import Kind
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns, choose
from modelyard.scoring.verify import LONGEST_GRAM
from modelyard.step.columns import named
from modelyard.step.context import Context

Ngrams = tuple[int, int]


def texts_named(columns: Columns, schema: Schema, ctx: Context, who: str) -> tuple[str, ...]:
    """The names that `columns` means, all of them text. A column of words is a category until it is read as text."""
    for name in () if isinstance(columns, dict) else choose(columns, schema, ctx.hidden):
        if schema[name].kind != "text":
            raise not_text(name, schema[name].kind, who)
    return named(columns, schema, ctx, ("text",), who)


def not_text(name: str, kind: Kind, who: str) -> WrongType:
    way_out = f"Declare it where it is read: types: {{{name}: text}}"
    return WrongType(f"column {name!r} is a {kind}, not text", who=who, way_out=way_out)


def documents(table: Table, name: str) -> Sequence[str]:
    """The texts of a column; a null is an empty one."""
    return ["" if text is None else text for text in table[name].tolist()]


def checked(ngrams: Ngrams, who: str) -> Ngrams:
    """Raises BadSelector unless 1 ≤ shortest ≤ longest ≤ 10."""
    if not 1 <= ngrams[0] <= ngrams[1] <= LONGEST_GRAM:
        raise BadSelector(f"n-grams of {list(ngrams)}", who=who, way_out=f"[shortest, longest], 1 to {LONGEST_GRAM}")
    return ngrams
