"""What every connection has: a name that steps call it by, and a kind."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class Named(Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    """What every connection has."""

    name: Annotated[str, Meta(description="What steps call it.", pattern="^[A-Za-z][A-Za-z0-9_-]{0,62}$")]
