"""Objects are found wherever the blocks of a file end, and what is no array of objects is refused, with its line."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from modelyard.frame.json_blocks import objects
from modelyard.frame.objects import NotJson, flat

texts = some.text(alphabet='ab"\\{}[],:\n é', max_size=6)
values: Any = some.recursive(
    some.one_of(some.none(), some.booleans(), some.integers(-9, 9), texts),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
rows = some.lists(some.dictionaries(texts, values, max_size=3), max_size=6)


class Drops(io.RawIOBase):
    """A file that gives a few bytes at a time."""

    def __init__(self, content: bytes, size: int) -> None:
        self.content, self.size, self.at = content, size, 0

    def read(self, most: int = -1) -> bytes:
        given = self.content[self.at : self.at + min(self.size, most)]
        self.at += len(given)
        return given


@settings(deadline=None, max_examples=300)
@given(rows, some.integers(1, 9), some.sampled_from([None, 1]), some.booleans(), some.booleans())
def test_what_was_written_is_found_whatever_a_block_holds(
    given_rows: list[dict[str, Any]], size: int, indent: int | None, plain: bool, array: bool
) -> None:
    if array:
        text = json.dumps(given_rows, indent=indent, ensure_ascii=plain)
    else:
        text = "".join(json.dumps(row, ensure_ascii=plain) + "\n" for row in given_rows)
    found = [json.loads(item.text) for item in objects(Drops(b"\n " * array + text.encode(), size))]
    assert found == given_rows


@settings(deadline=None, max_examples=300)
@given(some.text(alphabet='[]{},:"1a\\ \n', max_size=30), some.integers(1, 9))
def test_any_text_that_begins_like_an_array_is_one_or_is_refused(text: str, size: int) -> None:
    body = b"[" + text.encode()
    try:
        found = [flat(item.text) for item in objects(Drops(body, size))]
    except NotJson:
        found = ["refused"]
    try:
        known = json.loads(body)
        right = all(isinstance(row, dict) for row in known)
    except ValueError:
        right = False
    if right:
        assert "refused" not in found
        assert len(found) == len(known)
    else:
        assert any(isinstance(row, str) for row in found)


@pytest.mark.parametrize(
    ("body", "line"),
    [(b'[{"a": 1},\n\n2]', 3), (b'[{"a": 1}\n', 2), (b'\n[{"a": 1}]\n{}', 3), (b'[{"a":\n1}\n{}]', 3)],
)
def test_what_is_refused_has_its_line(body: bytes, line: int) -> None:
    with pytest.raises(NotJson) as caught:
        list(objects(io.BytesIO(body)))
    assert caught.value.line == line


def test_rows_know_their_lines() -> None:
    body = b'[\n{"a": 1}, {"b":\n2},\n\n{"c": 3}]'
    assert [item.line for item in objects(io.BytesIO(body))] == [2, 2, 5]
    assert [item.line for item in objects(io.BytesIO(b'{"a": 1}\n\n{"b": 2}'))] == [1, 3]
