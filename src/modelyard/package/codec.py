"""Structs with arrays as two byte strings: a JSON document, and one flat file of raw little-endian arrays.

Why one flat file and not one per array: a model may hold thousands of small arrays, and each file costs an fsync; in
one file they are still plain bytes that any language reads with (dtype, shape, offset) from the document's table.
Why not numpy's own format: its reader has a switch that unpickles. JSON has no NaN and no infinities, so those are
written as `{"$float": "nan"}`; keys of a user's dict that begin with `$` get a second one. Format: see manifest.FORMAT.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

import msgspec
import numpy as np
from msgspec import Struct

from modelyard.errors.package import BadDocument
from modelyard.rows.table import Values

T = TypeVar("T")
ALIGN = 64
"""Arrays start at multiples of this, so that a memory-mapped file can be read by vector instructions."""
DTYPES = ("<f8", "<f4", "<i8", "<i4", "<u4", "|u1", "|b1")


class Extent(Struct, frozen=True, forbid_unknown_fields=True):
    """Where one array lies in the flat file."""

    dtype: str
    shape: tuple[int, ...]
    offset: int


class Encoded(Struct, frozen=True):
    document: bytes
    extents: tuple[Extent, ...]
    flat: bytes


def encode(value: Any) -> Encoded:
    """Any Struct, list, dict or scalar that msgspec knows, with arrays anywhere inside.

    >>> encode([1.5, np.zeros(2)]).document, len(encode([np.zeros(2)]).flat)
    (b'[1.5,{"$array":0}]', 16)
    """
    writer = _Writer()
    document = msgspec.json.encode(writer.plain(value))
    return Encoded(document, tuple(writer.extents), bytes(writer.flat))


def decode(encoded: Encoded, kind: type[T]) -> T:
    """The value again; its arrays are read-only views of `encoded.flat`. Raises BadDocument."""
    try:
        arrays = [_view(extent, encoded.flat) for extent in encoded.extents]
        plain = _restored(msgspec.json.decode(encoded.document), arrays)
        return msgspec.convert(plain, kind, dec_hook=_array)
    except (msgspec.MsgspecError, ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
        raise BadDocument(f"the stored {getattr(kind, '__name__', kind)} cannot be read: {error}") from error


class _Writer:
    def __init__(self) -> None:
        self.extents: list[Extent] = []
        self.flat = bytearray()

    def plain(self, value: Any) -> Any:
        if value is None or isinstance(value, str | bool | int):
            return value
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else {"$float": repr(float(value))}
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, Struct):
            return self._struct(value)
        if isinstance(value, Mapping):
            return {_escaped(key): self.plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.plain(item) for item in value]
        if isinstance(value, set | frozenset):
            return [self.plain(item) for item in sorted(value)]
        if isinstance(value, np.generic):
            return self.plain(value.item())
        return msgspec.to_builtins(value)

    def _struct(self, value: Struct) -> dict[str, Any]:
        config = value.__struct_config__
        tag = {config.tag_field or "type": config.tag} if config.tag is not None else {}
        names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        return {**tag, **{written: self.plain(getattr(value, name)) for written, name in names}}

    def _array(self, values: Values) -> dict[str, Any]:
        if values.dtype == np.object_:
            return {"$texts": [None if item is None else str(item) for item in values.tolist()]}
        little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
        if little.dtype.str not in DTYPES:
            raise BadDocument(f"arrays of {little.dtype} cannot be stored", way_out=f"use one of {', '.join(DTYPES)}")
        self.flat += bytes(-len(self.flat) % ALIGN)
        self.extents.append(Extent(little.dtype.str, values.shape, len(self.flat)))
        self.flat += little.tobytes()
        return {"$array": len(self.extents) - 1}


def _escaped(key: Any) -> str:
    if not isinstance(key, str):
        raise BadDocument(f"the key {key!r} is not text")
    return "$" + key if key.startswith("$") else key


def _restored(plain: Any, arrays: list[Values]) -> Any:
    if isinstance(plain, list):
        return [_restored(item, arrays) for item in plain]
    if not isinstance(plain, dict):
        return plain
    if len(plain) == 1:
        (key, item), = plain.items()  # fmt: skip
        if key == "$float":
            return float(item)
        if key == "$array":
            return arrays[item] if item >= 0 else arrays[len(arrays)]
        if key == "$texts":
            return _texts(item)
    return {key.removeprefix("$"): _restored(item, arrays) for key, item in plain.items()}


def _texts(items: list[str | None]) -> Values:
    if not all(item is None or isinstance(item, str) for item in items):
        raise TypeError("a text column holds something else than text")
    texts = np.empty(len(items), dtype=np.object_)
    texts[:] = items
    texts.flags.writeable = False
    return texts


def _view(extent: Extent, flat: bytes) -> Values:
    if extent.dtype not in DTYPES or extent.offset % ALIGN or extent.offset < 0 or any(n < 0 for n in extent.shape):
        raise ValueError(f"no array can lie at {extent}")
    count = math.prod(extent.shape)
    if extent.offset + count * np.dtype(extent.dtype).itemsize > len(flat):
        raise ValueError(f"{extent} ends after the file")
    view: Values = np.frombuffer(flat, dtype=np.dtype(extent.dtype), count=count, offset=extent.offset)
    return view.reshape(extent.shape)


def _array(kind: Any, value: Any) -> Any:
    """msgspec hands over what it does not know: an array, whose element type must be the field's."""
    if not isinstance(value, np.ndarray):
        raise TypeError(f"expected an array, got {type(value).__name__}")
    wanted = _element(kind)
    if wanted is not None and value.dtype != wanted:
        raise TypeError(f"expected an array of {wanted}, got {value.dtype}")
    return value


def _element(kind: Any) -> np.dtype[Any] | None:
    """`NDArray[np.float64]` -> float64; `NDArray[Any]` -> None."""
    arguments: tuple[Any, ...] = get_args(kind)
    element = get_args(arguments[1])[0] if len(arguments) == 2 else Any
    return None if element is Any else np.dtype(element)


class _Blob(Struct, frozen=True):
    document: msgspec.Raw
    extents: tuple[Extent, ...]


def to_blob(value: Any) -> bytes:
    """One byte string, for caches and messages between processes: 8 bytes of length, the JSON head, the arrays.

    >>> from_blob(to_blob({"x": float("inf")}), dict[str, float])
    {'x': inf}
    """
    encoded = encode(value)
    head = msgspec.json.encode(_Blob(msgspec.Raw(encoded.document), encoded.extents))
    head += b" " * (-(8 + len(head)) % ALIGN)
    return len(head).to_bytes(8, "little") + head + encoded.flat


def from_blob(blob: bytes, kind: type[T]) -> T:
    """What `to_blob` wrote. Raises BadDocument."""
    length = int.from_bytes(blob[:8], "little")
    try:
        head = msgspec.json.decode(blob[8 : 8 + length], type=_Blob)
    except (ValueError, RecursionError) as error:  # what msgspec raises, and UnicodeDecodeError from inside a string
        raise BadDocument(f"no stored document: {error}") from error
    return decode(Encoded(bytes(head.document), head.extents, blob[8 + length :]), kind)
