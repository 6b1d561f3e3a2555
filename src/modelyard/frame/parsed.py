"""One block of whole records as typed columns, and which texts are of another type than their column.

Natively where the extension was built (`_records.c`: all cores at once, since it holds no lock), else by polars. The
native part reads what every reader reads alike; a cell that it finds odd (`+1`, ` 5`, `1e400`, twenty digits) is judged
by polars in both ways, so that both give the same table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import polars as pl
from msgspec import Struct

from modelyard.frame.exported import exported, side_by_side
from modelyard.frame.infer import WHOLE_CODE
from modelyard.frame.zone import to_utc

NUMBERS: dict[str, pl.DataType] = {"i": pl.Int64(), "f": pl.Float64()}
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?")
NONE: Mapping[str, str] = {}
Found = tuple[tuple[object, object], list[tuple[int, int, int, int]], list[int]]
Parse = Callable[[bytes, int, int, int, int, int, bytes, tuple[bytes, ...]], Found | None]
Wrong = dict[str, pl.Series]
"""Column -> (n,) where its text is no number."""
Parsed = tuple[pl.DataFrame, Wrong, frozenset[str]]
"""Also the columns of numbers where one is written like a code: `007`."""


class Form(Struct, frozen=True, kw_only=True):
    """How records are written. `names`: all columns, in the file's order."""

    names: tuple[str, ...]
    delimiter: str
    quote: str
    null_words: tuple[str, ...]


class Records(Struct, frozen=True, eq=False):
    """Whole records, written in one form. `rows`: how many there are; `end`: where they end, if not with the body."""

    body: bytes
    rows: int
    form: Form
    end: int | None = None

    @property
    def own(self) -> bytes:
        return self.body[: self.end]


def parsed(records: Records, kinds: Mapping[str, str], like: Mapping[str, str] = NONE, zone: str = "UTC") -> Parsed:
    """Those columns, each as `i`, `f` or `s` says; null where a text is no such number. `like`: how moments are written
    in some of the `s` columns; where all are, they come as moments.

    >>> form = Form(names=("a", "b"), delimiter=",", quote='"', null_words=("NA",))
    >>> frame, wrong, coded = parsed(
    ...     Records(b'1,"x, y"\\nNA,z\\n+3,\\nq,w\\n', 4, form), {"a": "i", "b": "s"}
    ... )
    >>> frame["a"].to_list(), frame["b"].to_list(), wrong["a"].to_list(), sorted(coded)
    ([1, None, 3, None], ['x, y', 'z', None, 'w'], [False, False, False, True], [])
    """
    found = _native(records, kinds, like, zone)
    return _polars(records.own, records.form, kinds) if found is None else found


def _moments(column: pl.Series, shape: int, like: str, zone: str) -> pl.Series | None:
    """Microseconds as moments, UTC; None where they are not all written like that one (`2013-01-01T05:00:00Z`)."""
    zoned = like.endswith("Z")
    if shape not in (0, ord(like[10]) * 2 + zoned):
        return None
    made = column.cast(pl.Datetime("us"))
    return made.dt.replace_time_zone("UTC") if zoned else to_utc(made, zone)


def _native(
    records: Records, kinds: Mapping[str, str], like: Mapping[str, str] = NONE, zone: str = "UTC"
) -> Parsed | None:
    if native is None:
        return None
    body, rows, form = records.body, records.rows, records.form
    timed = {name: word for name, word in like.items() if MOMENT.fullmatch(word)}
    codes = "".join("t" if name in timed else kinds.get(name, "-") for name in form.names).encode()
    last = len(body) if records.end is None else records.end
    found = native(body, 0, last, rows, *_words(form), codes, _nulls(form))
    if found is None:
        return None
    capsules, odd, shapes = found
    columns = exported(capsules, [name for name in form.names if name in kinds])
    for name, word in timed.items():
        made = _moments(columns[name], shapes[form.names.index(name)], word, zone)
        columns[name] = _text(records, name) if made is None else made
    wrong: Wrong = {}
    coded = {name for name, shape in zip(form.names, shapes, strict=True) if kinds.get(name) in NUMBERS and shape}
    for place in sorted({column for _, column, _, _ in odd}):
        name = form.names[place]
        own = [(row, body[start:end]) for row, column, start, end in odd if column == place]
        judged = _judged([text for _, text in own], form, NUMBERS[kinds[name]])
        if judged is None:
            return None
        at = pl.Series([row for row, _ in own], dtype=pl.UInt32)
        values, bad, code = judged
        columns[name] = columns[name].scatter(at, values)
        wrong[name] = pl.zeros(rows, dtype=pl.Boolean, eager=True).scatter(at.filter(bad), True)
        coded |= {name} if code else set()
    return side_by_side({name: columns[name] for name in kinds}), wrong, frozenset(coded)


def _text(records: Records, name: str) -> pl.Series:
    return parsed(records, {name: "s"})[0][name]


def _judged(texts: Sequence[bytes], form: Form, dtype: pl.DataType) -> tuple[pl.Series, pl.Series, bool] | None:
    """What polars makes of each, where that is nothing, and whether one is a code. None: it takes them for other lines
    than they are."""
    one = Form(names=("x",), delimiter=form.delimiter, quote=form.quote, null_words=form.null_words)
    frame, wrong, coded = _polars(b"\n".join(texts) + b"\n", one, {"x": "i" if dtype == pl.Int64() else "f"})
    if frame.height != len(texts):
        return None
    return frame["x"], wrong.get("x", pl.zeros(frame.height, dtype=pl.Boolean, eager=True)), bool(coded)


def _polars(body: bytes, form: Form, kinds: Mapping[str, str]) -> Parsed:
    frame = _read(body, form, {name: NUMBERS.get(kind, pl.String()) for name, kind in kinds.items()})
    texts = _read(body, form, {name: pl.String() for name, kind in kinds.items() if kind in NUMBERS})
    doubted = [s.name for s in frame if s.dtype.is_numeric() and s.null_count()]
    coded = frozenset(text.name for text in texts if text.str.contains(WHOLE_CODE).any())
    return frame, {name: frame[name].is_null() & texts[name].is_not_null() for name in doubted}, coded


def _read(body: bytes, form: Form, dtypes: Mapping[str, pl.DataType]) -> pl.DataFrame:
    schema = {name: dtypes.get(name, pl.String()) for name in form.names}
    if not body:
        return pl.DataFrame(schema={name: schema[name] for name in dtypes})
    return pl.scan_csv(
        body, has_header=False, separator=form.delimiter, quote_char=form.quote or None, infer_schema=False,
        null_values=list(form.null_words), schema=schema, ignore_errors=True, glob=False,
    ).select(list(dtypes)).collect()  # fmt: skip


def _words(form: Form) -> tuple[int, int]:
    return ord(form.delimiter), ord(form.quote) if form.quote else -1


def _nulls(form: Form) -> tuple[bytes, ...]:
    return tuple(word.encode() for word in form.null_words)


def _built() -> Parse | None:
    try:
        from modelyard.frame._records import parse
    except ImportError:
        return None
    return parse


native: Parse | None = _built()
