"""How a web service hands out a table page by page: the five ways that there are.

Where the rows end is never guessed from a short page (a service may cap or filter its pages): a page without rows ends
them, or what the service itself says. What it says of their number is checked against what came.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

At = Annotated[str, Meta(description="The keys, joined by dots, under which the answer says it.", min_length=1)]
Parameter = Annotated[str, Meta(description="The query parameter.", min_length=1)]
Size = Annotated[int, Meta(description="Rows that are asked for at once.", ge=1, le=100_000)]


class Paged(Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    pass


class Link(Paged, frozen=True, kw_only=True, tag="link"):
    """The header `Link: <…>; rel="next"` (RFC 8288). An answer without it is the last."""


class Next(Paged, frozen=True, kw_only=True, tag="next"):
    """The answer holds the URL of the next; null, empty or none ends."""

    at: At


class Page(Paged, frozen=True, kw_only=True, tag="page"):
    """Pages by number. They end with one that has no rows; with `pages` or `total`, as many must have come."""

    parameter: Parameter = "page"
    first: Annotated[int, Meta(description="The number of the first page.", ge=0)] = 1
    size: Size | None = None
    size_parameter: Parameter = "per_page"
    pages: At | None = None
    total: At | None = None


class Offset(Paged, frozen=True, kw_only=True, tag="offset"):
    """Rows from a place on. The next place is after as many rows as came, however many were asked for."""

    parameter: Parameter = "offset"
    size: Size = 100
    size_parameter: Parameter = "limit"
    total: At | None = None


class Cursor(Paged, frozen=True, kw_only=True, tag="cursor"):
    """The answer holds a word that asks for the next; null, empty or none ends, and so does `more` that is false."""

    at: At
    parameter: Parameter = "cursor"
    more: At | None = None
    size: Size | None = None
    size_parameter: Parameter = "limit"


Paging = Link | Next | Page | Offset | Cursor
