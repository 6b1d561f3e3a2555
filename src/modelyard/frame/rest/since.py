"""A cursor's value as a service takes it. A moment is cut to what the form can say, never rounded up: rows that are
sent twice are left out, rows that are not sent would be lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from modelyard.schema.column import Kind
from modelyard.schema.pin import Mark

Form = Literal["iso", "date", "seconds", "milliseconds"]


def since(mark: Mark, kind: Kind, form: Form) -> str | int | float:
    """
    >>> since(1_767_225_600_250_000, "datetime", "iso"), since(1_767_225_600_250_000, "datetime", "seconds")
    ('2026-01-01T00:00:00.250000Z', 1767225600)
    >>> since(7, "integer", "iso")
    7
    """
    if kind != "datetime" or isinstance(mark, str):
        return mark
    micros = int(mark)
    if form in ("seconds", "milliseconds"):
        return micros // (1_000_000 if form == "seconds" else 1_000)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    return moment.strftime("%Y-%m-%d") if form == "date" else moment.isoformat().replace("+00:00", "Z")
