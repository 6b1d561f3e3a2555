"""One plain record read the short way and the long way: the same numbers, and never where there is a word to say."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from modelyard.errors.serving import BadRows
from modelyard.rows.reading import RowReader
from modelyard.schema.contract import Contract, Field
from modelyard.schema.rules import ColumnRule

FIELDS = (
    Field(name="number", kind="number"),
    Field(name="full", kind="number", nullable=False),
    Field(name="whole", kind="integer"),
    Field(name="yes", kind="boolean"),
    Field(name="word", kind="category", categories=("B", "a", "b")),
    Field(name="when", kind="datetime", zone="America/New_York"),
    Field(name="said", kind="text"),
)
RANGES = (ColumnRule(column="number", min=0, max=9), ColumnRule(column="whole", nulls=False, max=5))
RULES = (
    *RANGES,
    ColumnRule(column="word", regex="[a-z]"),
    ColumnRule(column="word", categories=("a", "B"), otherwise="warn"),
    ColumnRule(column="number", type="integer", otherwise="quarantine"),
    ColumnRule(column="whole", type="boolean", categories=("0", "1", "4"), otherwise="warn"),
    ColumnRule(column="yes", type="number", learned=True),
    ColumnRule(column="when", type="datetime"),
    ColumnRule(column="number", expression="number <= full + 1 or whole > log1p(abs(full))"),
    ColumnRule(column="word", expression="not (lower(word) == 'a' and yes) or starts_with(word, 'A')"),
    ColumnRule(column="when", expression="hour(when) < 20 and when > '2013-01-01'", otherwise="warn"),
    ColumnRule(column="said", regex="[^a]*", nulls=False),
    ColumnRule(column="said", type="category", categories=("", "a", "b", "0"), otherwise="warn"),
    ColumnRule(column="said", type="number", otherwise="quarantine"),
    ColumnRule(column="said", expression="lower(said) != word or contains(said, 'b') or is_null(said)"),
)

plain = {
    "number": some.one_of(some.integers(-3, 12), some.floats(-1, 10), some.none()),
    "full": some.floats(allow_nan=False, allow_infinity=False),
    "whole": some.one_of(some.integers(-3, 8), some.just(4.0), some.none()),
    "yes": some.one_of(some.booleans(), some.none()),
    "word": some.one_of(some.sampled_from(["a", "b", "B"]), some.none()),
    "when": some.sampled_from(["2013-01-31", "2013-07-01T05:15:00", "2013-01-31T05:15:00Z", None]),
    "said": some.one_of(some.text(max_size=3), some.none()),
}
odd: Any = some.one_of(
    some.none(), some.integers(2**53 - 1, 2**53 + 1), some.text(max_size=2), some.just("2013-03-10T02:30:00"),
    some.floats(0, 1), some.booleans(), some.just([])
)  # fmt: skip
usual = some.fixed_dictionaries(plain, optional={"at": some.sampled_from(["2013-01-31", None]), "id": odd})
changed = some.tuples(usual, some.dictionaries(some.sampled_from([*plain, "at", "more"]), odd, max_size=1)).map(
    lambda pair: {**pair[0], **pair[1]}
)
cut = some.tuples(usual, some.sampled_from(list(plain))).map(lambda p: {k: v for k, v in p[0].items() if k != p[1]})


def _long(reader: RowReader, record: dict[str, Any]) -> tuple[list[float], int | None] | None:
    """None where there is something to say."""
    try:
        rows = reader.read([record])
    except BadRows:
        return None
    if rows.warnings or rows.flagged:
        return None
    values = [column[0] for column in rows.inputs]
    return [
        value if isinstance(value, str) else np.nan if value is None else float(value) for value in values
    ], rows.events[0]


@settings(deadline=None, max_examples=600)
@given(some.one_of(usual, changed, cut), some.sets(some.sampled_from(RULES), max_size=5))
def test_a_record_is_plain_exactly_when_nothing_is_to_be_said_of_it_and_then_reads_the_same(
    record: dict[str, Any], rules: set[ColumnRule]
) -> None:
    reader = RowReader(Contract(FIELDS, tuple(rules), time="at", zone="UTC"))
    short, long = reader.plain.read(record), _long(reader, record)
    assert (short is None) == (long is None)
    if short is not None and long is not None:
        assert short[0][-1] == long[0][-1] or (short[0][-1] != short[0][-1] and long[0][-1] != long[0][-1])
        assert np.array(short[0][:-1], dtype=np.float64).tobytes() == np.array(long[0][:-1]).tobytes()
        assert short[1] == long[1]


@pytest.mark.parametrize("asked", [{"nulls": False}, {"regex": "[a-z]*"}, {"categories": ("x",)}], ids=str)
def test_text_under_a_rule_is_judged_by_its_words(asked: Any) -> None:
    ruled = RowReader(Contract(FIELDS[6:], (ColumnRule(column="said", otherwise="warn", **asked),)))
    assert ruled.plain.read({"said": "x"}) == (["x"], None)
    assert ruled.plain.read({"said": None if "nulls" in asked else "9"}) is None
    assert ruled.read([{"said": "x"}]).warnings == {}
    said = ruled.read([{"said": None}, {"said": "9"}]).warnings
    assert set(said) == ({0} if "nulls" in asked else {1})


def test_what_breaks_a_rule_of_words_or_cannot_be_reckoned_is_read_the_long_way() -> None:
    word = RowReader(Contract(FIELDS[4:5], (ColumnRule(column="word", regex="[a-z]", otherwise="warn"),)))
    assert word.plain.read({"word": "a"}) == ([1.0], None)
    assert word.plain.read({"word": "B"}) is None
    ratio = RowReader(Contract(FIELDS[:2], (ColumnRule(column="number", expression="number / full < 2"),)))
    assert ratio.plain.read({"number": 1, "full": 2}) == ([1, 2], None)
    assert ratio.plain.read({"number": 1, "full": 0}) is None
    assert ratio.read([{"number": -1, "full": 0}]).warnings == {}
