"""An expression means the same to polars and to a program."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.errors.data import BadExpression
from modelyard.frame.expression import to_polars_expr
from modelyard.frame.schema import schema_of
from modelyard.frame.table import to_table, to_vector
from modelyard.lowering.expression import evaluate
from modelyard.rows.expression import Evaluation
from modelyard.rows.one_row import on_one_row
from modelyard.schema.column import Column
from modelyard.schema.expression import Expression, parse, walk
from modelyard.schema.expression_kinds import STRINGS, kind_of

NUMBERS = st.recursive(
    st.sampled_from(["x", "y", "i", "0", "2.5", "null"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(st.sampled_from(["abs", "sqrt", "floor", "-"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
    ),
    max_leaves=6,
)
SIMPLE = st.one_of(
    st.tuples(NUMBERS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMBERS).map(" ".join),
    NUMBERS.map(lambda x: f"is_null({x})"),
    st.sampled_from(['c == "a"', '"B" != c', 'contains(lower(c), "b")', 'starts_with(c, "a")', "b", "is_null(c)",
                     'w == "a"', '"B" != w', 'contains(lower(w), "b")', 'starts_with(w, "a")', "is_null(w)",
                     'w in ["a", "B"]', 'is_null(lower(w))',
                     'c in ["a", "B"]', "month(t) == 3", "hour(t) < 6", 't > "2013-03-10T01:30"']),
)  # fmt: skip
CONDITIONS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        inner.map(lambda x: f"not ({x})"),
    ),
    max_leaves=4,
)
EITHER = st.one_of(
    NUMBERS, CONDITIONS, st.tuples(CONDITIONS, NUMBERS, NUMBERS).map(lambda t: f"if({t[0]}, {t[1]}, {t[2]})")
)
FRAME = pl.DataFrame(
    {
        "x": [1.5, None, -2.0, 0.0, float("nan"), 1e300],
        "y": [0.0, 3.0, None, -1.0, 2.5, -1e300],
        "i": [1, 2, None, -3, 0, 5],
        "b": [True, None, False, True, False, None],
        "c": ["a", "B", None, "ab", "a", "zz"],
        "w": ["a", "B", None, "AB", "", "İß"],
        "t": pl.Series([1_362_900_600_000_000, None, 0, 1_383_456_600_000_000, 1, 2_000_000_000_000_000])
        .cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
    }
)  # fmt: skip
SCHEMA = schema_of(FRAME).with_(Column(name="w", kind="text"))
TABLE = to_table(FRAME, SCHEMA)


@settings(deadline=None, max_examples=300)
@given(EITHER)
def test_polars_the_program_and_the_rules_agree_on_every_expression(text: str) -> None:
    expression, schema = parse(text), SCHEMA
    try:
        kind = kind_of(expression, schema)
    except BadExpression:
        return
    made = FRAME.with_columns(it=to_polars_expr(expression, schema, "America/New_York"))
    theirs = to_vector(made["it"], Column(name="it", kind=kind))
    ours = evaluate(expression, TABLE, "America/New_York")
    np.testing.assert_array_equal(ours.values, theirs.values)
    plain = Evaluation(expression, TABLE, {}, "America/New_York").result()
    np.testing.assert_array_equal(plain, theirs.values)
    if kind not in STRINGS:
        np.testing.assert_array_equal(_row_by_row(expression, plain), theirs.values)


def _row_by_row(expression: Expression, otherwise: np.ndarray) -> np.ndarray:
    """As one request's rules see it; where Python raises, the row would be read the long way."""
    table = TABLE
    on_row = on_one_row(expression, {name: v.kind for name, v in table.vectors.items()}, "America/New_York")
    found = []
    for row, record in enumerate(FRAME.to_dicts()):
        try:
            found.append(on_row([v.values[row] for v in table.vectors.values()], record))
        except (ArithmeticError, ValueError):
            found.append(otherwise[row])
    return np.array(found)


def test_an_unseen_category_equals_nothing_and_is_unknown_to_a_search() -> None:
    table = to_table(FRAME)
    unseen = table.with_({"c": type(table.vector("c"))("category", np.full(6, -1.0), table.vector("c").categories)})
    assert evaluate(parse('c == "a"'), unseen).values.tolist() == [0.0] * 6
    assert evaluate(parse('c != "a"'), unseen).values.tolist() == [1.0] * 6
    assert np.isnan(evaluate(parse('contains(c, "a")'), unseen).values).all()


def test_lower_makes_a_category_of_its_own() -> None:
    made = evaluate(parse("lower(c)"), to_table(FRAME))
    assert made.categories == ("a", "ab", "b", "zz")
    assert made.values[:2].tolist() == [0.0, 2.0]


@pytest.mark.parametrize(
    ("text", "found", "place"),
    [
        ("a = 1", "'=' means nothing", "character 3"), ("x +", "missing at the end", "character 4"),
        ("x < y < i", "do not chain", "character 7"), ("foo(x)", "no function", "character 1"),
        ("if(x > 1, 2)", "takes 3", "character 1"), ("x and b", "a condition is needed", "character 1"),
        ("x + nope", "no column", "character 5"), ("c > 'a'", "strings have no >", "character 1"),
        ("x == null", "never true", "character 1"), ("(" * 80 + "x" + ")" * 80, "nests deeper", "character 61"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_place(text: str, found: str, place: str) -> None:
    with pytest.raises(BadExpression, match=found) as error:
        kind_of(parse(text), schema_of(FRAME))
    assert place in error.value.where


WORDS = [
    "x", "`a b`", "1", ".5", "'a'", "true", "null", "and", "or", "not", "in", "if", "is_null", "min", "(", ")", "[",
    "]", ",", "+", "-", "*", "/", "<", "<=", "==", "!=", "=", "&", '"', "é",
]  # fmt: skip
ANY_TEXT = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))


@settings(deadline=None, max_examples=400)
@given(ANY_TEXT)
def test_any_text_parses_or_is_a_bad_expression_that_points_into_it(text: str) -> None:
    try:
        found = parse(text)
    except BadExpression as error:
        said, place = error.where.rsplit(", character ", 1)
        assert said == repr(text)
        assert 1 <= int(place) <= len(text) + 1
    else:
        assert found.text == text
        assert all(0 <= node.at < len(text) for node in walk(found.root))
        assert all(name in text for name in found.names)
