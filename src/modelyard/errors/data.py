"""Errors about tables: columns, types, rows, expressions."""

from __future__ import annotations

from modelyard.errors import ModelyardError, Refused


class MissingColumn(ModelyardError):
    """A step, a rule or a request names a column that the table does not have."""

    way_out = "Name a column that is there, or keep it in the steps before this one."
    status = 422
    exit = 2


class BadColumnName(ModelyardError):
    """A column is called `*`, or `^…$` from end to end. The engine under the tables takes such a name for a pattern of
    other columns, so it would silently be all of them or none."""

    way_out = "Rename the column where the table is written."
    status = 422
    exit = 2


class WrongType(ModelyardError):
    """A column holds another kind of value than the step that reads it needs."""

    way_out = "Declare the column's type under `types:` of the read step, or choose other columns."
    exit = 2


class BadSelector(ModelyardError):
    """`columns:` selects nothing, or selects what a model must never see (target, id, time, group …)."""

    way_out = (
        'Give a name, a list, numeric | category | text | datetime | boolean, a "glob_*" or {not: …}. '
        "A column that is called like one of the words is named in a list: [text]."
    )
    exit = 2


class BadExpression(ModelyardError):
    """An expression does not parse, or compares things that cannot be compared."""

    way_out = "See docs/expressions.md for the grammar: arithmetic, comparison, if(…), dates, text equality."
    exit = 2


class BadPattern(ModelyardError):
    """A regular expression of check.rules does not parse, or uses what could stall a server."""

    way_out = "Write literals, ., [a-z], \\d \\w \\s, groups, | and * + ? {2,5}; the whole value is matched."
    exit = 2


class BadQuery(ModelyardError):
    """table.sql: the query is not one SELECT over the tables before it, or polars cannot run it."""

    way_out = "Write one SELECT over the tables that `tables:` names."
    exit = 2


class BadDuration(ModelyardError):
    """A duration (`45d`) or a rate (`1 per 90d`) is not in the grammar."""

    way_out = "Write a whole number and one of s, m, h, d, w: 45d, 24h, 2w; a rate is `3 per 7d`."
    exit = 2


class UnreadableTable(ModelyardError):
    """A file cannot be read as the table it is said to be."""

    way_out = "Open the file at the place named: it is of another format than the step reads, damaged or cut short."


class SchemaChanged(Refused):
    """A source is not what the champion learned from: a column that it learned from is gone, renamed or of another
    kind, or a new one would be learned from. Nothing was read, and the champion goes on serving."""

    way_out = "Mend the source, or the file; to learn from it as it is: modelyard run --accept-schema."


class NoRows(ModelyardError):
    """Nothing is left to work with: the table, a fold, the holdout or a window is empty."""

    way_out = "Check the filters and the split of the steps before this one."


class BadTarget(ModelyardError):
    """The target column cannot be learned: one class only, text in a regression, unlabelled throughout …"""

    way_out = "Check `target:` and `task:` against the column's values (`modelyard show`)."
    exit = 2


class RuleBroken(ModelyardError):
    """A row breaks a `stop` rule of check.rules."""

    way_out = "Correct the row, or set the rule's `else:` to warn or quarantine."
    status = 422


class DoubledKey(ModelyardError):
    """A join would multiply rows: the right table has several rows with one key."""

    way_out = "Put table.drop_duplicates or table.aggregate before it, or write `matches: many`."


class BeyondFloat32(ModelyardError):
    """A number is beyond what the model can hold: scikit-learn's trees take float32, up to 3.4e38."""

    way_out = "Put clean.clip before the model, or correct the row."
    status = 422


class BadCursor(ModelyardError):
    """`cursor:` names a column that does not grow with each new row, or whose kind has changed since it was read."""

    way_out = "Name a column of numbers, dates or words that only grows: an id, a time of insertion or of change."
    exit = 2


class NotRows(ModelyardError):
    """What was handed over to be predicted is no table that we know."""

    way_out = "Hand over a list of dicts, or a polars, pandas or Arrow table with named columns."
    exit = 2
