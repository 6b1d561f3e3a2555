"""What a rule found in a table: a line of the quality report."""

from __future__ import annotations

from msgspec import Struct


class Finding(Struct, frozen=True, kw_only=True):
    """`checked`: the rows that the rule looked at; `broken`: those that break it (of a rule about the whole table:
    those concerned); `held`: whether it holds; `found`: the first breach, or what was measured, in words."""

    rule: str
    otherwise: str
    checked: int
    broken: int
    held: bool
    found: str = ""
    step: str = ""
