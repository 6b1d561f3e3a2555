"""How much a read from outside may take. Going past it is an error: a part of a table is no table."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from modelyard.schema.duration import microseconds


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    >>> Limits(time="5m").seconds
    300.0
    """

    pages: Annotated[int, Meta(description="Answers in all.", ge=1)] = 10_000
    bytes: Annotated[int, Meta(description="Bytes in all, unpacked.", ge=1)] = 2_000_000_000
    page_bytes: Annotated[int, Meta(description="Bytes of one answer, unpacked.", ge=1)] = 64_000_000
    time: Annotated[str, Meta(description="From the first request to the last byte: 30m.")] = "1h"

    def __post_init__(self) -> None:
        microseconds(self.time)

    @property
    def seconds(self) -> float:
        return microseconds(self.time) / 1e6
