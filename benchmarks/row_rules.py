"""One request of one row, bytes in, bytes out, under rules of each sort, against the same model without a rule.
Median of 5 rounds, every row a new one. Aim: no sort of rule costs a quarter of the request.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from msgspec.structs import replace
from pipelines.flights import OUTCOME, TRAIN, labelled, pair, records, seconds

from modelyard.schema.rules import ColumnRule
from modelyard.serve.answer import Answerer
from modelyard.serve.served import Served

MANY = 2000
SORTS = {
    "ranges": [ColumnRule(column="distance", min=0.0, max=6000.0, nulls=False)],
    "a pattern": [ColumnRule(column="carrier", regex="[0-9A-Z]{2}", otherwise="warn")],
    "a list": [ColumnRule(column="origin", categories=("EWR", "JFK", "LGA"))],
    "two columns": [ColumnRule(column="distance", expression="distance > 0 or dep_delay < 100")],
}


def door(rules: list[ColumnRule]) -> Answerer:
    contract = replace(both.contract, rules=tuple(rules))
    return Answerer(Served(name="late", digest="0" * 64, revision=1, contract=contract, outcome=OUTCOME), both.scorer)


def each_once(rules: list[ColumnRule]) -> Callable[[], object]:
    """A door of its own each time: an answer given before is found again, and that costs something else."""
    return lambda: [answer(body) for answer in [door(rules).answer] for body in bodies]


both = pair("LightGBM")
rows = [row for row in records(labelled(6000, start=TRAIN)[0]) if None not in row.values()][:MANY]
bodies = [json.dumps(row).encode() for row in rows]
everything = [rule for rules in SORTS.values() for rule in rules]
plain, *ruled = seconds(each_once([]), *(each_once(rules) for rules in [*SORTS.values(), everything]))
print(f"without a rule: {plain / len(rows) * 1e6:.1f} µs a request")
for name, took in zip([*SORTS, "all of them"], ruled, strict=True):
    print(f"{name}: {took / len(rows) * 1e6:.1f} µs, {took / plain:.2f} times")
