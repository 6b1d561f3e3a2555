"""Tables of other libraries: taken in as polars, given back as what came.

No library is imported to find out: a pandas frame can only be there when pandas has been imported by whoever made it,
and an Arrow table says so itself (`__arrow_c_stream__`).
"""

from __future__ import annotations

import sys
from typing import Any

import polars as pl

from modelyard.errors.data import NotRows


def to_frame(data: object) -> pl.DataFrame:
    """polars, pandas or Arrow as polars. Raises NotRows.

    >>> to_frame(pl.LazyFrame({"a": [1]})).height
    1
    """
    if isinstance(data, pl.DataFrame):
        return data
    if isinstance(data, pl.LazyFrame):
        return data.collect()
    if is_pandas(data):
        return _from_pandas(data)
    if hasattr(data, "__arrow_c_stream__"):
        try:
            made = pl.DataFrame(data)
        except (pl.exceptions.PolarsError, ImportError, TypeError, ValueError) as error:
            raise NotRows(f"a {type(data).__qualname__} is no Arrow table that can be read: {error}") from None
        return made
    raise NotRows(f"a {type(data).__module__}.{type(data).__qualname__} is no table that we know")


def is_pandas(data: object) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, pandas.DataFrame)


def _from_pandas(data: Any) -> pl.DataFrame:
    """Column by column, so that neither pandas' index nor pyarrow is needed."""
    odd = [name for name in data.columns if not isinstance(name, str)]
    if odd:
        raise NotRows(f"the column {odd[0]!r} has no name but a {type(odd[0]).__name__}")
    if not data.columns.is_unique:
        twice = data.columns[data.columns.duplicated()][0]
        raise NotRows(f"the frame has two columns called {twice!r}")
    return pl.DataFrame([_series(name, data[name]) for name in data.columns])


def _series(name: str, column: Any) -> pl.Series:
    values = column.astype(object).where(column.notna(), None).tolist()
    try:
        made = pl.Series(name, values, strict=True)
    except (pl.exceptions.PolarsError, TypeError, ValueError):
        raise NotRows(f"the column {name!r} mixes kinds of values, or holds some that are no data") from None
    return made.cast(pl.Float64) if column.dtype.kind == "f" and made.dtype == pl.Null else made


def like(data: object, answers: pl.DataFrame) -> Any:
    """`answers` (as many rows as `data`) as the same kind of table; a pandas index is kept."""
    if isinstance(data, pl.LazyFrame):
        return answers.lazy()
    if is_pandas(data):
        frame: Any = data
        return type(frame)({name: answers[name].to_list() for name in answers.columns}, index=frame.index)
    if hasattr(data, "__arrow_c_stream__") and not isinstance(data, pl.DataFrame):
        made: Any = type(data)
        return made.from_arrow(answers) if hasattr(made, "from_arrow") else _pyarrow(answers)
    return answers


def _pyarrow(answers: pl.DataFrame) -> Any:
    return sys.modules["pyarrow"].table(answers)
