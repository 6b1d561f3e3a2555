"""Bodies that are not what they seem: each refused with its status and its byte."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.errors import ModelyardError
from modelyard.rows.json import MAX_BODY, MAX_ROWS, parse
from modelyard.rows.scan import scan, scan_python

REFUSED = [
    (b"\xef\xbb\xbf{}", "bad_body", "byte 0"),
    (b'{"a": "\xff"}', "bad_body", "byte 7"),
    (b'{"a": "\xed\xa0\x80"}', "bad_body", "byte 7"),
    (b'{"a": "\\ud800"}', "bad_body", "byte 7"),
    (b'{"a": 1} x', "bad_body", "byte 9"),
    (b'{"a": 1}\x00', "bad_body", "byte 8"),
    (b'[{"a": 1},]', "bad_body", "byte 10"),
    (b'{"a": 01}', "bad_body", "byte 7"),
    (b'{"a": 1', "bad_body", "byte 7"),
    (b"", "bad_body", "byte 0"),
    (b'{"a": 1, "b": 2, "a": 3}', "duplicate_key", "byte 17"),
    (b'[{"a": 1}, {"x": {"b": 1, "b": 2}}]', "duplicate_key", "byte 26"),
    (b'{"a": 1, "\\u0061": 2}', "duplicate_key", ""),
    (b"[" * 100_000, "too_deep", ""),
    (b"null", "not_records", ""),
    (b"[[1]]", "not_records", "row 0"),
    (b'[{"a": 1}, 2]', "not_records", "row 1"),
    (b'{"a": NaN}', "bad_rows", "row 0, a"),
    (b'[{"a": 1}, {"a": -Infinity}]', "bad_rows", "row 1, a"),
    (b'{"rows": [{"a": 1e999}]}', "bad_rows", "row 0, a"),
    (b'{"a": ' + b"9" * 5000 + b"}", "bad_rows", "row 0, a"),
    (b'{"a": "' + b"x" * 20_000 + b'"}', "too_large", ""),
    (b" " * (MAX_BODY + 1), "too_large", ""),
    (b"[" + b"{}," * MAX_ROWS + b"{}]", "too_large", ""),
]


@pytest.mark.parametrize(("body", "code", "where"), REFUSED, ids=range(len(REFUSED)))
def test_a_body_that_is_not_plain_records_is_refused_by_name_and_place(body: bytes, code: str, where: str) -> None:
    with pytest.raises(ModelyardError) as caught:
        parse(body)
    assert caught.value.code == code
    assert where in caught.value.where


def test_as_many_rows_as_allowed_pass_and_none_is_no_error() -> None:
    assert len(parse(b"[" + b"{}," * (MAX_ROWS - 1) + b"{}]")) == MAX_ROWS
    assert parse(b'{"rows": []}') == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), max_size=4)


@given(RECORDS, st.booleans())
@settings(deadline=None, max_examples=300)
def test_every_list_of_plain_records_comes_back_as_it_was_sent(records: list, ascii_only: bool) -> None:
    body = json.dumps(records, ensure_ascii=ascii_only).encode()
    assert parse(body) == records


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":\\a,', max_size=60).map(str.encode))
@settings(deadline=None, max_examples=1000)
def test_the_native_scan_and_its_python_twin_see_the_same(body: bytes) -> None:
    assert scan(body) == scan_python(body)


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":\\a,1e-.', max_size=40).map(str.encode))
@settings(deadline=None, max_examples=1000)
def test_any_bytes_are_parsed_or_refused_with_an_error_of_ours(body: bytes) -> None:
    try:
        records = parse(body)
    except ModelyardError as error:
        refused = error.status
    else:
        assert msgspec.json.decode(body) in (records, {"rows": records}, *(records[:1]))
        return
    assert refused in (400, 413, 422)
