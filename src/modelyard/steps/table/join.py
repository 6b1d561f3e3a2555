"""Columns of another table beside the rows of this one: by equal keys, or as they were just before the row's time.

A join is where rows double unseen and where the future leaks in, so both must be asked for: a row of the left table
that meets several of the right one is an error unless `matches: many`, and an as-of join looks strictly before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from modelyard.errors.data import BadSelector, DoubledKey
from modelyard.schema.duration import microseconds
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns, choose
from modelyard.step.context import Context
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame

How = Literal["left", "inner", "right", "full", "semi", "anti"]


class AsOf(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`time` of the left row; of the right row its own `right` (else the same name). `last`: no older than that.
    `delay`: how late the right table's rows become known; strictly before the row's time less that."""

    time: str
    right: str | None = None
    last: str | None = None
    delay: str | None = None


class Join(TableStep, frozen=True, kw_only=True, tag="table.join"):
    """`after: {left: flights, right: planes}`. A null key meets nothing. With `as_of`, each left row gets the latest
    right row of its key whose time is strictly before its own (of several at that time the last), or nulls.

    Right: `as_of` for what was known at the time: prices, weather, a customer's state. Wrong: today's customer
    table joined to last year's orders by key alone: it knows what came after.

    >>> from datetime import datetime
    >>> import polars as pl
    >>> asked = pl.LazyFrame({"at": [datetime(2024, 1, 2), datetime(2024, 1, 3)]})
    >>> rates = pl.LazyFrame({"at": [datetime(2024, 1, 2)], "rate": [0.5]})
    >>> Join(as_of=AsOf(time="at")).run(Context(), asked, rates).collect()["rate"].to_list()
    [None, 0.5]
    """

    by: Annotated[
        str | tuple[str, ...] | dict[str, str], Meta(description="Key columns; {left: right} where the names differ.")
    ] = ()
    how: Annotated[How, Meta(description="Which rows stay; with as_of: left or inner.")] = "left"
    as_of: Annotated[AsOf | None, Meta(description="{time, right, last}: the latest row strictly before.")] = None
    matches: Annotated[Literal["one", "many"], Meta(description="How many right rows a left row may meet.")] = "one"
    columns: Annotated[Columns, Meta(description="Which columns of the right table.")] = "all"
    suffix: Annotated[str, Meta(description="Behind a right column whose name the left has.")] = "_right"

    @property
    def inputs(self) -> tuple[str, ...] | None:
        return ("left", "right")

    @property
    def keys(self) -> dict[str, str]:
        """Left name -> right name."""
        if isinstance(self.by, dict):
            return self.by
        return {name: name for name in ((self.by,) if isinstance(self.by, str) else self.by)}

    def knows(self, known_after: int, *given: Schema) -> dict[str, tuple[str, ...]]:
        delay = microseconds(self.as_of.delay) if self.as_of and self.as_of.delay else 0
        if self.as_of and delay >= known_after:
            return {}
        return {after: (name,) for name, after in self._renamed(*given).items()}

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        after = super().schema(*given, ctx=ctx)
        made = set(self._renamed(*given).values())
        marked = (replace(c, origin="table", nullable=True) if c.name in made else c for c in after)
        return Schema(tuple(replace(c, nullable=True) if self.how in ("right", "full") else c for c in marked))

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        from modelyard.frame.schema import schema_of

        left, right = tables
        schemas = schema_of(left), schema_of(right)
        self._refuse_nonsense(*schemas)
        taken = self._renamed(*schemas)
        return self._before(ctx, left, right, taken) if self.as_of else self._equal(left, right, taken)

    def _renamed(self, left: Schema, right: Schema) -> dict[str, str]:
        """Columns that come from the right -> their names afterwards."""
        if self.how in ("semi", "anti"):
            return {}
        names = [name for name in choose(self.columns, right) if name not in self.keys.values()]
        made = {name: name + self.suffix if name in left.names else name for name in names}
        twice = next((name for name in made.values() if name in left.names or list(made.values()).count(name) > 1), "")
        if twice:
            raise BadSelector(f"two columns would be called {twice!r}", who="table.join", way_out="Set another suffix")
        return made

    def _refuse_nonsense(self, left: Schema, right: Schema) -> None:
        left.keep(self.keys)
        right.keep(self.keys.values())
        if self.as_of is None and not self.keys:
            raise BadSelector("there is no key to join by", who="table.join", way_out="Write by: COLUMN")
        if self.as_of is not None:
            left.keep([self.as_of.time])
            right.keep([self.as_of.right or self.as_of.time])
            if self.how not in ("left", "inner"):
                raise BadSelector(f"as_of with how: {self.how}", who="table.join", way_out="Write how: left or inner")

    def _equal(self, left: LazyFrame, right: LazyFrame, taken: dict[str, str]) -> LazyFrame:
        import polars as pl

        keys = list(self.keys.values())
        right = right.select(*keys, *(pl.col(name).alias(after) for name, after in taken.items() if name not in keys))
        if self.matches == "one" and self.how not in ("semi", "anti"):
            right = right.collect().lazy()
            _single(right, keys)
        order: Literal["left", "right", "left_right"]
        order = "right" if self.how == "right" else "left_right" if self.how == "full" else "left"
        if self.how in ("semi", "anti"):
            return left.join(right, left_on=list(self.keys), right_on=keys, how=self.how, maintain_order="left")
        joined = left.join(
            right.rename(dict(zip(keys, self.keys, strict=True))),
            on=list(self.keys),
            how=self.how,
            coalesce=True,
            maintain_order=order,
        )
        return joined.select(*left.collect_schema().names(), *taken.values())

    def _before(self, ctx: Context, left: LazyFrame, right: LazyFrame, taken: dict[str, str]) -> LazyFrame:
        import polars as pl

        from modelyard.frame.asof import latest_before
        from modelyard.frame.ordered import PLACE, beside, placed

        of = self.as_of or AsOf(time="")
        left, last = placed(left), microseconds(of.last) if of.last else None
        delay = microseconds(of.delay) if of.delay else 0
        keys = {f"__key{place}": pair for place, pair in enumerate(self.keys.items())}
        sought = left.select(PLACE, of.time, **{name: pl.col(pair[0]) for name, pair in keys.items()})
        known = right.select(
            pl.col(of.right or of.time).alias("__when"),
            **{name: pl.col(pair[1]) for name, pair in keys.items()},
            **{after: pl.col(name) for name, after in taken.items()},
        )
        found = latest_before(sought, known, of.time, "__when", list(keys), last, delay, ctx.zone)
        found = found.select(PLACE, "__met", *taken.values())
        joined = beside(left, found)
        return (joined.filter(pl.col("__met")) if self.how == "inner" else joined).drop("__met")


def _single(right: LazyFrame, keys: list[str]) -> None:
    """DoubledKey where two rows of the right table have one key."""
    import polars as pl

    counts = right.drop_nulls(keys).group_by(keys, maintain_order=True).len(name="__n")
    found = counts.filter(pl.col("__n") > 1).head(1).collect()
    if found.height:
        values = ", ".join(f"{name} = {found[name][0]!r}" for name in keys)
        raise DoubledKey(f"the right table has {found['__n'][0]} rows with {values}", who="table.join")
