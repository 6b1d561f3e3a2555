"""What the columns of a table are for, guessed from what was seen in them. Every guess says why.

Names count only together with values: a column called `user_id` names rows where every row has its own, and groups
them where rows share it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from modelyard.measure.doubts import Doubt, DoubtKind
from modelyard.schema.column import NUMERIC, Column, Kind
from modelyard.schema.schema import Schema
from modelyard.schema.target import Task

FEW = 20
"""A whole number with no more values than this is taken for a class."""
GROUPS = 20
"""Fewer groups than this cannot be parted into folds and a holdout that say anything."""
PROSE = 3.0
"""Words of a value on average: a label has fewer."""
OWN_WORDS = 0.1
"""Distinct values per row: labels come again and again, however long they are."""
ALIKE = 0.9
"""Groups per row: with more, nearly every row is a group of its own and grouping changes nothing."""
MOST = 50
"""Rows of a group on average: with more it is a place or a kind, which a model may know."""
SECRET: tuple[DoubtKind, ...] = ("target_copy", "target_near_copy", "after_the_fact")
SURELY: tuple[DoubtKind, ...] = ("target_copy", "after_the_fact")
_ID = re.compile(r"id|key|uuid|guid|.*([_ -](id|key|no|nr|number|uuid)|[a-z](Id|ID|Key|Number))|.*id", re.ASCII)
_GROUP = re.compile(r"(user|customer|client|patient|person|subject|member|account|household|session|device)s?", re.I)


class ColumnFacts(Struct, frozen=True, kw_only=True):
    """What a look at the rows tells: nulls and distinct values as counts, the range of numbers, and for columns with
    few values how often each occurs. `days`: a datetime whose clock always stands at midnight. `form`: the pattern that
    all words are written like. `words`: runs of letters of a value, on average. `age`: µs from the newest moment to
    now."""

    nulls: int = 0
    distinct: int = 0
    low: float | None = None
    high: float | None = None
    counts: tuple[tuple[bool | int | float | str, int], ...] = ()
    days: bool = False
    form: str | None = None
    words: float = 0.0
    age: int | None = None


class Facts(Struct, frozen=True, kw_only=True):
    rows: int
    columns: dict[str, ColumnFacts]
    doubts: tuple[Doubt, ...] = ()

    def of(self, name: str) -> ColumnFacts:
        return self.columns.get(name, ColumnFacts())


class Guess(Struct, frozen=True, kw_only=True):
    """`ignored`: column -> why. `features`: what a model may read; `dates`: datetimes to take apart; `texts`: to read
    the words of."""

    id: str | None
    time: str | None
    group: str | None
    ignored: dict[str, str]
    features: tuple[Column, ...]
    dates: tuple[str, ...]
    texts: tuple[str, ...] = ()

    @property
    def taught(self) -> bool:
        """Whether anything is left to learn from."""
        return bool(self.features or self.dates or self.texts)


def guess(schema: Schema, target: str, facts: Facts) -> Guess:
    """The roles of the columns that are not the target. A near-copy of the target is left out only where something else
    is left to learn from."""
    found = _guess(schema, target, facts, SECRET)
    return found if found.taught else _guess(schema, target, facts, SURELY)


def _guess(schema: Schema, target: str, facts: Facts, secret_kinds: tuple[DoubtKind, ...]) -> Guess:
    others = [column for column in schema if column.name != target]
    secret = {name: why for name, why in _secrets(facts, secret_kinds) if name != target}
    free = [column for column in others if column.name not in secret]
    unique = [c.name for c in free if _names_rows(c, facts)]
    id_ = next((name for name in unique if _ID.fullmatch(name)), next(iter(unique), None))
    time = next((c.name for c in free if _times_rows(c, facts)), None)
    group = next((c.name for c in free if c.name != id_ and _groups(c, facts)), None)
    roles = (id_, time, group)
    useless = {c.name: why for c in free if c.name not in roles for why in [_useless(c, facts)] if why}
    why_not = {**secret, **useless}
    left = [c for c in free if c.name not in useless and c.name not in (id_, group)]
    return Guess(
        id=id_,
        time=time,
        group=group,
        ignored={c.name: why_not[c.name] for c in others if c.name in why_not},
        features=tuple(c for c in left if c.kind not in ("datetime", "text")),
        dates=tuple(c.name for c in left if c.kind == "datetime"),
        texts=tuple(c.name for c in left if c.kind == "text"),
    )


def task_of(kind: Kind, distinct: int, rows: int) -> Task:
    """Words, booleans, two whole numbers (or few for that many rows) are classes; other numbers are a regression.

    >>> task_of("integer", 10, 201), task_of("integer", 10, 200), task_of("number", 2, 200)
    ('classification', 'regression', 'regression')
    """
    few = distinct == 2 or (2 < distinct <= FEW and distinct < rows / 20)
    whole = kind == "integer" and few
    return "classification" if whole or kind in ("category", "boolean", "text") else "regression"


def prose(schema: Schema, facts: Facts) -> list[str]:
    """Columns of words that somebody wrote: several to a value, and values that hardly ever come again."""
    named = [c.name for c in schema if c.kind == "category"]
    return [name for name in named if _prose(facts.of(name), facts.rows) and not _dated(name, facts)]


def _prose(found: ColumnFacts, rows: int) -> bool:
    return found.words >= PROSE and found.distinct > max(FEW, OWN_WORDS * (rows - found.nulls))


def ranged(columns: tuple[Column, ...], facts: Facts) -> list[Column]:
    """Those whose range is known."""
    return [c for c in columns if c.kind in NUMERIC and facts.of(c.name).low is not None]


def _secrets(facts: Facts, kinds: tuple[DoubtKind, ...]) -> Iterator[tuple[str, str]]:
    for doubt in facts.doubts:
        if doubt.kind in kinds:
            yield doubt.columns[0], f"{doubt.kind.replace('_', ' ')}: {doubt.evidence}"


def _names_rows(column: Column, facts: Facts) -> bool:
    """Every row has its own: words that are no dates, or whole numbers that are called so."""
    found = facts.of(column.name)
    if found.distinct != facts.rows or found.nulls:
        return False
    word = column.kind == "category" and not _dated(column.name, facts)
    return word or (column.kind == "integer" and _ID.fullmatch(column.name) is not None)


def _groups(column: Column, facts: Facts) -> bool:
    """Rows share it, by name it is somebody's, and it has neither few values nor nearly one for each row."""
    found = facts.of(column.name)
    named = re.fullmatch(r".*([_ -]id|[a-z]I[dD])", column.name) or _GROUP.fullmatch(column.name)
    whole = column.kind in ("integer", "category") and not found.nulls
    return bool(named) and whole and max(GROUPS, facts.rows / MOST) <= found.distinct <= ALIKE * facts.rows


def _times_rows(column: Column, facts: Facts) -> bool:
    found = facts.of(column.name)
    return column.kind == "datetime" and not found.nulls and found.distinct != 1


def _useless(column: Column, facts: Facts) -> str:
    found = facts.of(column.name)
    if found.distinct <= 1:
        return "one value" if found.distinct else "no value"
    if _dated(column.name, facts):
        return "dates kept as text: declare it under types: {…: datetime} or derive one"
    known = facts.rows - found.nulls
    many = column.kind == "category" and found.distinct > max(0.5 * known, FEW)
    return "nearly every row has its own" if many else ""


def _dated(name: str, facts: Facts) -> bool:
    return any(d.kind == "dates_as_text" and d.columns == (name,) and facts.of(name).low is None for d in facts.doubts)
