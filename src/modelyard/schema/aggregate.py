"""What several rows come to: `count()`, `mean(amount)`, `sum(if(refund, 0, amount))`.

One function around one expression, so that what is aggregated is written as it is everywhere else.
"""

from __future__ import annotations

import re

from msgspec import Struct

from modelyard.errors import did_you_mean
from modelyard.errors.data import BadExpression
from modelyard.schema.expression import Expression, parse

FUNCTIONS = ("count", "sum", "mean", "min", "max", "std", "median", "first", "last", "distinct")
"""Of what is not null. `count()`: rows; `std`: divided by n − 1; `distinct`: how many different values."""
_CALL = re.compile(r"\s*([A-Za-z_]+)\s*\((.*)\)\s*", re.DOTALL)


class Aggregation(Struct, frozen=True):
    function: str
    of: Expression | None
    """None: rows are counted."""

    @property
    def names(self) -> tuple[str, ...]:
        return self.of.names if self.of else ()


def parse_aggregation(text: str) -> Aggregation:
    """
    >>> parse_aggregation("mean(amount / 2)").names, parse_aggregation("count()").of
    (('amount',), None)
    """
    found = _CALL.fullmatch(text)
    if not found:
        raise BadExpression(f"{text!r} aggregates nothing", way_out="Write FUNCTION(column), such as mean(amount)")
    function, inside = found[1], found[2].strip()
    if function not in FUNCTIONS:
        raise BadExpression(f"no function {function!r} of several rows", way_out=did_you_mean(function, FUNCTIONS))
    if not inside and function != "count":
        raise BadExpression(f"{text!r} names no column", way_out=f"Write {function}(column)")
    return Aggregation(function, parse(inside) if inside else None)
