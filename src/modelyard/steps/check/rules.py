"""What rows must be, in training and on each request; and what a table must be as a whole, in runs.

The step's row rules become part of the program's contract; `rows.rules.Checks` evaluates them in both places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from msgspec import Meta, Struct, field

from modelyard.errors.data import BadExpression, RuleBroken, WrongType
from modelyard.errors.project import BadParameter
from modelyard.rows.rules import Checks, Mask
from modelyard.rows.table import Table
from modelyard.rows.table_rules import judge
from modelyard.schema.column import Kind
from modelyard.schema.expression import parse
from modelyard.schema.expression_kinds import STRINGS, kind_of
from modelyard.schema.quality import Finding
from modelyard.schema.rules import ColumnRule, Otherwise, TableRule, columns_of, refuse_undated
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one column's values must be; a part not said is not checked."""

    type: Kind | None = None
    min: float | None = None
    max: float | None = None
    nulls: bool | None = None
    categories: tuple[str | int | float, ...] | Literal["learned"] | None = None
    regex: str | None = None
    otherwise: Otherwise = field(default="stop", name="else")

    def of(self, column: str) -> ColumnRule:
        return ColumnRule(
            column=column,
            type=self.type,
            min=self.min,
            max=self.max,
            nulls=self.nulls,
            categories=tuple(map(str, self.categories)) if isinstance(self.categories, tuple) else None,
            learned=self.categories == "learned",
            regex=self.regex,
            otherwise=self.otherwise,
        )


class Across(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition over several columns of a row. It is broken where it is false; a null breaks nothing."""

    check: str
    otherwise: Otherwise = field(default="stop", name="else")

    def rule(self) -> ColumnRule:
        names = parse(self.check).names
        if not names:
            raise BadExpression(f"{self.check!r} looks at no column", who="check.rules")
        return ColumnRule(column=names[0], expression=self.check, otherwise=self.otherwise)


class Rules(TableStep, frozen=True, kw_only=True, tag="check.rules"):
    """Of a row: `stop` ends the run (422 on a request), `warn` is told, `quarantine` keeps the row out of training (a
    request is answered and flagged). Of the table: `stop` or `warn`, on the rows that came in. What each rule found is
    in the run's result.

    Right: `else: quarantine` for rows that a broken export wrote, `table:` rules for what a whole file must
    hold. Wrong: `stop` for what is merely rare: then one odd request is refused, and one odd row ends a run.

    >>> import polars as pl
    >>> rules = Rules(columns={"age": Rule(max=120, otherwise="quarantine")})
    >>> rules.run(Context(), pl.LazyFrame({"age": [30.0, 300.0]})).collect()["age"].to_list()
    [30.0]
    """

    columns: Annotated[
        dict[str, Rule], Meta(description="Column: {type, min, max, nulls, categories, regex, else}.")
    ] = field(default_factory=dict)
    across: Annotated[tuple[Across, ...], Meta(description="[{check: arrived > departed, else: warn}, …].")] = ()
    table: Annotated[
        tuple[TableRule, ...],
        Meta(description="[{rule: key, columns: [id]}, …]: rows, null_share, unique, key, fresh."),
    ] = ()

    def rules(self, given: Schema) -> tuple[ColumnRule, ...]:
        given.keep(self.columns)
        rules = tuple(rule.of(column) for column, rule in self.columns.items())
        across = tuple(one.rule() for one in self.across)
        for rule in (*rules, *across):
            _refuse_nonsense(rule, given)
        return (*rules, *across)

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        self.rules(given[0])
        refuse_undated(self.table, given[0], "check.rules")
        return given[0]

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        import polars as pl

        from modelyard.frame.schema import schema_of
        from modelyard.frame.spilled import Gathering, parts
        from modelyard.frame.table import to_table

        schema = schema_of(tables[0])
        checks = Checks(self.rules(schema), ctx.zone)
        names = dict.fromkeys(name for rule in checks.rules for name in rule.reads)
        judged = schema.keep(dict.fromkeys(name for rule in self.table for name in columns_of(rule)))
        kept, tallies, sums = Gathering(ctx.folder), [Tally(rule) for rule in checks.rules], []
        came = 0
        for part in parts(tables[0]):
            held = _rows(checks, to_table(part, schema.keep(names), ctx.zone), tallies)
            kept.add(part.filter(~held) if held.any() else part)
            sums.append(part.select(judged.names))
            came += part.height
        rows = to_table(pl.concat(sums), judged, ctx.zone) if judged.names else Table({}, came)
        found = [(tally.finding, f"row {tally.first + 1}") for tally in tallies]
        _told([*found, *((finding, "") for finding in judge(self.table, rows, ctx.now))], ctx)
        return kept.lazy()


class Tally:
    """What one rule found so far, part by part."""

    def __init__(self, rule: ColumnRule) -> None:
        self.rule = rule
        self.checked = self.broken = self.first = 0
        self.found = ""

    def add(self, mask: Mask, checks: Checks, table: Table) -> None:
        broken = int(mask.sum())
        if broken and not self.broken:
            row = int(mask.argmax())
            self.first, self.found = self.checked + row, checks.explain(self.rule, table, row)
        self.broken += broken
        self.checked += len(mask)

    @property
    def finding(self) -> Finding:
        return Finding(
            rule=str(self.rule),
            otherwise=self.rule.otherwise,
            checked=self.checked,
            broken=self.broken,
            held=not self.broken,
            found=self.found,
        )


def _rows(checks: Checks, table: Table, tallies: Sequence[Tally]) -> Mask:
    """(n,) the rows to keep out."""
    held = np.zeros(len(table), dtype=np.bool_)
    for (rule, mask), tally in zip(checks.masks(table), tallies, strict=True):
        tally.add(mask, checks, table)
        if rule.otherwise == "quarantine":
            held |= mask
    return held


def _told(findings: Sequence[tuple[Finding, str]], ctx: Context) -> None:
    """All into the report, aloud what does not hold; then the run stops where one says so, and names all that do.
    Beside each finding the first row of it, "" for a rule of the table."""
    stops: list[tuple[str, str]] = []
    for finding, where in findings:
        ctx.report(finding)
        if finding.held:
            continue
        if finding.otherwise == "stop":
            rows = f"{finding.found}; {finding.broken} rows in all" if where else f"{finding.rule}: {finding.found}"
            stops.append((rows, where))
        else:
            said = f"{finding.broken} rows, first: {finding.found}" if where else f"{finding.rule}: {finding.found}"
            ctx.tell(f"{said} ({finding.otherwise})")
    if stops:
        others = "".join(f"; and {found} ({where})" if where else f"; and {found}" for found, where in stops[1:])
        raise RuleBroken(stops[0][0] + others, who="check.rules", where=stops[0][1])


def _refuse_nonsense(rule: ColumnRule, given: Schema) -> None:
    """Before a row is read: a pattern that does not parse or is of numbers, a condition that is none."""
    Checks([rule])
    if rule.expression is not None:
        kind = kind_of(parse(rule.expression), given)
        if kind != "boolean":
            raise BadExpression(f"a rule needs a condition, {rule.expression!r} is a {kind}", who="check.rules")
        return
    kind = given[rule.column].kind
    if rule.regex is not None and kind not in STRINGS:
        raise WrongType(f"regex: {rule.column!r} is a {kind}, which is not written in letters", who="check.rules")
    if (rule.min is not None or rule.max is not None) and kind in STRINGS:
        raise WrongType(f"min, max: {rule.column!r} is a {kind}, which has no size", who="check.rules")
    if rule.min is not None and rule.max is not None and rule.min > rule.max:
        raise BadParameter(f"no {rule.column} is at least {rule.min} and at most {rule.max}", who="check.rules")
    if rule.learned and kind != "category":
        raise WrongType(f"categories: {rule.column!r} is a {kind}, of which none are learned", who="check.rules")
