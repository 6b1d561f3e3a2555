"""What is written is what is read, and what is damaged is an error and nothing else."""

import contextlib
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from small_model import model

from modelyard.errors.package import BadDocument
from modelyard.package.codec import decode, encode, from_blob, to_blob
from modelyard.package.model import Model
from modelyard.rows.table import Floats

PLAIN = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-(2**53), 2**53)
    | some.floats(allow_nan=False)
    | some.text(max_size=5),
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.dictionaries(some.sampled_from(["a", "$float", "$array", "$$texts", "type"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=200)
@given(PLAIN)
def test_any_document_comes_back_as_it_was(value: object) -> None:
    assert from_blob(to_blob(value), Any) == value


@settings(deadline=None, max_examples=100)
@given(some.lists(some.floats(width=64), max_size=20))
def test_arrays_come_back_bit_by_bit_and_read_only(values: list[float]) -> None:
    array = np.array(values)
    back = from_blob(to_blob({"a": array}), dict[str, Floats])["a"]
    assert back.tobytes() == array.tobytes()
    assert not back.flags.writeable


def test_a_whole_model_comes_back_as_it_was() -> None:
    blob = to_blob(model())
    again = from_blob(blob, Model)
    assert to_blob(again) == blob
    assert again.program.instructions[0].low == -math.inf
    assert math.isnan(again.program.instructions[1].missing)
    assert again.evidence.metrics == {"roc_auc": 0.75, "$odd": None}


def test_a_head_that_is_no_utf8_inside_a_string_is_a_bad_document() -> None:
    blob = to_blob(model())
    place = blob.index(b'"<f8"') + 2
    with pytest.raises(BadDocument, match="utf-8"):
        from_blob(blob[:place] + b"\xe5" + blob[place + 1 :], Model)


@settings(deadline=None, max_examples=300)
@given(some.data())
def test_a_damaged_blob_is_a_bad_document_or_a_model_never_another_error(data: some.DataObject) -> None:
    blob = bytearray(to_blob(model()))
    place = data.draw(some.integers(0, len(blob) - 1))
    blob[place] ^= 1 << data.draw(some.integers(0, 7))
    length = data.draw(some.integers(0, len(blob)))
    found = None
    with contextlib.suppress(BadDocument):
        found = from_blob(bytes(blob[:length]), Model)
    assert found is None or to_blob(from_blob(to_blob(found), Model)) == to_blob(found)


@pytest.mark.parametrize(
    ("document", "extent"),
    [
        ('{"$array":1}', None),
        ('{"$array":-1}', None),
        ('{"$array":"0"}', None),
        ('{"$array":0}', {"offset": 64}),
        ('{"$array":0}', {"shape": (-1,)}),
        ('{"$array":0}', {"shape": (2**62, 2**62)}),
        ('{"$array":0}', {"dtype": "|O"}),
        ('{"$float":"1;import os"}', None),
        ('{"$texts":[1]}', None),
        ("[" * 100_000, None),
    ],
)
def test_references_that_point_nowhere_are_refused(document: str, extent: dict[str, object] | None) -> None:
    from msgspec.structs import replace

    good = encode(np.zeros(2))
    extents = tuple(replace(one, **(extent or {})) for one in good.extents)
    with pytest.raises(BadDocument):
        decode(replace(good, document=document.encode(), extents=extents), Floats)


def test_arrays_that_would_need_pickle_are_not_written() -> None:
    with pytest.raises(BadDocument):
        encode(np.zeros(2, dtype="complex128"))
