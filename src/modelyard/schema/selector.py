"""`columns:` of a step: which columns it works on.

A word alone is always a kind of column: what a step does by default, and what `prepare: auto` and `init` write, may not
turn on what a table calls its columns. In a list a column comes first, so `[text]` is the column of that name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from modelyard.errors import did_you_mean
from modelyard.errors.data import BadSelector, MissingColumn
from modelyard.schema.column import NUMERIC, Column
from modelyard.schema.schema import Schema

Columns = str | tuple[str, ...] | dict[str, Any]
"""A name, a list, `numeric | category | text | datetime | boolean | all`, a `"glob_*"`, or `{not: …}`. A column that
is called like one of the words is named in a list: `[text]`."""

WORDS: Mapping[str, Callable[[Column], bool]] = {
    "numeric": lambda column: column.kind in NUMERIC,
    "number": lambda column: column.kind in NUMERIC,
    "category": lambda column: column.kind == "category",
    "text": lambda column: column.kind == "text",
    "datetime": lambda column: column.kind == "datetime",
    "boolean": lambda column: column.kind == "boolean",
    "all": lambda column: True,
}


def choose(columns: Columns, schema: Schema, hidden: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The names selected, in the table's order. `hidden` (target, roles) is skipped by words and globs, and refused
    when named. A column wins over a glob of the same spelling, and in a list over a word.

    >>> s = Schema((Column(name="a", kind="number"), Column(name="b", kind="category")))
    >>> choose("numeric", s), choose({"not": "a"}, s), choose("b*", s)
    (('a',), ('b',), ('b',))
    """
    chosen = _chosen(columns, schema, hidden)
    return tuple(name for name in schema.names if name in chosen)


def _chosen(columns: Columns, schema: Schema, hidden: tuple[str, ...]) -> set[str]:
    if isinstance(columns, dict):
        if set(columns) != {"not"}:
            raise BadSelector(f"a selector is written {{not: …}}, not {columns!r}")
        return set(schema.names) - set(hidden) - _chosen(columns["not"], schema, ())
    if isinstance(columns, str):
        return _kind(columns, schema, hidden) if columns in WORDS else _one(columns, schema, hidden)
    return set().union(*(_one(name, schema, hidden) for name in columns)) if columns else set()


def _one(name: str, schema: Schema, hidden: tuple[str, ...]) -> set[str]:
    if name in schema.places:
        if name in hidden:
            raise BadSelector(f"{name!r} is the target or has a role, so no step may select it")
        return {name}
    if name in WORDS:
        return _kind(name, schema, hidden)
    if any(mark in name for mark in "*?["):
        return {column for column in schema.names if column not in hidden and fnmatchcase(column, name)}
    raise MissingColumn(f"no column {name!r}", way_out=did_you_mean(name, [*schema.names, *WORDS]))


def _kind(word: str, schema: Schema, hidden: tuple[str, ...]) -> set[str]:
    return {column.name for column in schema if column.name not in hidden and WORDS[word](column)}


def said(columns: Columns) -> frozenset[str]:
    """What a selector may say by name: a word alone is no name, and what `not` says is not selected.

    >>> said("text"), said(("text",)), said({"not": "late"})
    (frozenset(), frozenset({'text'}), frozenset())
    """
    if isinstance(columns, dict) or (isinstance(columns, str) and columns in WORDS):
        return frozenset()
    return frozenset({columns} if isinstance(columns, str) else columns)
