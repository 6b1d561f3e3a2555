"""`columns:` of a step: which columns it works on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from modelyard.errors import did_you_mean
from modelyard.errors.data import BadSelector, MissingColumn
from modelyard.schema.column import NUMERIC, Column
from modelyard.schema.schema import Schema

Columns = str | tuple[str, ...] | dict[str, Any]
"""A name, a list, `numeric | category | text | datetime | boolean | all`, a `"glob_*"`, or `{not: …}`."""

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
    when named. A real column always wins over a word of the same spelling.

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
        return _one(columns, schema, hidden)
    return set().union(*(_one(name, schema, hidden) for name in columns)) if columns else set()


def _one(name: str, schema: Schema, hidden: tuple[str, ...]) -> set[str]:
    if name in schema.places:
        if name in hidden:
            raise BadSelector(f"{name!r} is the target or has a role, so no step may select it")
        return {name}
    free = [column for column in schema if column.name not in hidden]
    if name in WORDS:
        return {column.name for column in free if WORDS[name](column)}
    if any(mark in name for mark in "*?["):
        return {column.name for column in free if fnmatchcase(column.name, name)}
    raise MissingColumn(f"no column {name!r}", way_out=did_you_mean(name, [*schema.names, *WORDS]))


def spelled(word: str, schema: Schema) -> str | list[str]:
    """The word; where a column is called so, which would win over it, the names that the word means.

    >>> spelled("category", Schema((Column(name="category", kind="category"), Column(name="b", kind="category"))))
    ['category', 'b']
    """
    if word not in schema.places:
        return word
    return [column.name for column in schema if WORDS[word](column)]
