"""What `columns:` selects: words, names, patterns and their opposite, whatever a table calls its columns."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from modelyard.errors.data import BadSelector, MissingColumn
from modelyard.schema.column import Column, Kind
from modelyard.schema.schema import Schema
from modelyard.schema.selector import WORDS, choose

KINDS: tuple[Kind, ...] = ("number", "integer", "boolean", "category", "text", "datetime")
names = some.sampled_from([*WORDS, "a", "b", "a*", "?", "[a]", "town=*"])
schemas = some.lists(some.builds(Column, name=names, kind=some.sampled_from(KINDS)), unique_by=lambda c: c.name).map(
    lambda columns: Schema(tuple(columns))
)


@settings(deadline=None)
@given(schemas, some.sampled_from(sorted(WORDS)))
def test_a_word_alone_is_its_kind_whatever_the_columns_are_called(schema: Schema, word: str) -> None:
    kinds = tuple(column.name for column in schema if WORDS[word](column))
    assert choose(word, schema) == kinds
    assert set(choose({"not": word}, schema)) == set(schema.names) - set(kinds)


@settings(deadline=None)
@given(schemas, some.data())
def test_names_in_a_list_are_meant_by_name(schema: Schema, data: some.DataObject) -> None:
    chosen = data.draw(some.sets(some.sampled_from(schema.names))) if schema.names else set()
    assert set(choose(tuple(chosen), schema)) == chosen


def test_what_has_a_role_is_skipped_by_words_and_patterns_and_refused_by_name() -> None:
    schema = Schema(tuple(Column(name=name, kind="text") for name in ("text", "tune", "late")))
    assert choose("text", schema, ("text",)) == ("tune", "late")
    assert choose(("t*",), schema, ("text",)) == ("tune",)
    with pytest.raises(BadSelector, match="'text' is the target or has a role"):
        choose(("text",), schema, ("text",))


def test_a_word_misspelt_is_told() -> None:
    with pytest.raises(MissingColumn) as error:
        choose("numerc", Schema((Column(name="a", kind="number"),)))
    assert error.value.advice == "did you mean 'numeric'?"
