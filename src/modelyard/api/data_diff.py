"""What changed between two versions of data: rows, columns, and how values lie.

Sizes, not verdicts: two versions of a table that grows share most of their rows, so no test of chance fits. A change is
listed where it is larger than two samples of these sizes would commonly differ by; the others are counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from modelyard.api.data import Versions
from modelyard.api.data_taken import sources
from modelyard.errors import did_you_mean
from modelyard.errors.data import MissingColumn, WrongType
from modelyard.measure.effect import Effect, effect
from modelyard.measure.profile import count, profile
from modelyard.run.kept import Kept
from modelyard.schema.column import Column, Kind
from modelyard.schema.schema import Schema
from modelyard.store.in_use import in_use

if TYPE_CHECKING:
    from polars import DataFrame

NOW = "now"
"""In place of a name: the sources as they are."""
USUAL = 2.0
"""Standard errors that two samples of one table commonly differ by."""
COMPARED: tuple[Kind, ...] = ("number", "integer", "boolean", "category", "datetime")


class Moved(Struct, frozen=True, kw_only=True):
    """A column whose values lie otherwise. `what`: in words; `effect`: the sizes; of a category, `new` is the share of
    rows whose value the older version did not have."""

    column: str
    what: str
    effect: Effect
    new: float = 0.0


class SourceDiff(Struct, frozen=True, kw_only=True):
    """`rows`: of both. `key`: what finds a row; without one, a row that changed is one removed and one added, and
    `changed` is None. `values`: column -> rows of both whose value differs. `columns`: column -> come, gone, or kinds.
    `compared`: columns whose values were compared, those in `moved` among them."""

    rows: tuple[int, int]
    added: int
    removed: int
    changed: int | None
    key: tuple[str, ...]
    values: dict[str, int]
    columns: dict[str, str]
    moved: tuple[Moved, ...]
    compared: int
    same: bool
    said: str = ""


def data_diff(versions: Versions, before: str, after: str = NOW, key: Sequence[str] = ()) -> dict[str, SourceDiff]:
    """By source. `key`: columns; unless said, the id role where a source has it and no two rows share one. Raises
    UnknownSnapshot, MissingColumn."""
    old, new = _side(versions, before), _side(versions, after)
    role = versions.project.head.roles.id
    return {
        id_: _diff(old.get(id_, _nothing(new[id_])), new.get(id_, _nothing(old[id_])), key, role)
        for id_ in dict.fromkeys((*old, *new))
        if id_ in old or id_ in new
    }


class _Rows(Struct, frozen=True, eq=False):
    frame: DataFrame
    columns: Mapping[str, Kind]


def _side(versions: Versions, name: str) -> dict[str, _Rows]:
    if name == NOW:
        return {one.id: _Rows(one.rows(), one.columns) for one in sources(versions.project)}
    kept = Kept(versions.store)
    found = versions.open(name).sources
    with in_use(versions.store):
        return {id_: _Rows(kept.rows(kept.version(taken.version)), taken.columns) for id_, taken in found.items()}


def _nothing(other: _Rows | None) -> _Rows:
    import polars as pl

    return _Rows(pl.DataFrame(), {}) if other is None else _Rows(other.frame.head(0), other.columns)


def _diff(old: _Rows, new: _Rows, key: Sequence[str], role: str | None) -> SourceDiff:
    shared = [name for name in old.columns if new.columns.get(name) == old.columns[name]]
    named, said = _key(old, new, shared, key, role)
    added, removed, changed, values = _rows(old.frame, new.frame, shared, named)
    moved, compared = _moved(old, new, shared)
    columns = _columns(old.columns, new.columns)
    return SourceDiff(
        rows=(old.frame.height, new.frame.height),
        added=added,
        removed=removed,
        changed=changed,
        key=tuple(named),
        values=values,
        columns=columns,
        moved=tuple(moved),
        compared=compared,
        same=not (added or removed or changed or columns),
        said=said,
    )


def _key(
    old: _Rows, new: _Rows, shared: Sequence[str], asked: Sequence[str], role: str | None
) -> tuple[list[str], str]:
    named = list(asked) or ([role] if role is not None and role in shared else [])
    for name in named:
        if name not in shared:
            raise MissingColumn(f"`--key` names {name!r}, which not both have", way_out=did_you_mean(name, shared))
    for rows in (old, new):
        if named and rows.frame.select(named).is_duplicated().any():
            return [], f"rows share a {', '.join(named)}, so they were compared whole"
    return named, ""


def _columns(old: Mapping[str, Kind], new: Mapping[str, Kind]) -> dict[str, str]:
    """
    >>> _columns({"a": "integer", "b": "text"}, {"a": "number", "c": "text"})
    {'b': 'gone', 'c': 'new', 'a': 'integer -> number'}
    """
    gone, come = {n: "gone" for n in old if n not in new}, {n: "new" for n in new if n not in old}
    return {**gone, **come, **{n: f"{old[n]} -> {new[n]}" for n in old if n in new and new[n] != old[n]}}


def _rows(
    old: DataFrame, new: DataFrame, shared: Sequence[str], key: Sequence[str]
) -> tuple[int, int, int | None, dict[str, int]]:
    import polars as pl

    if not shared:
        return new.height, old.height, None, {}
    if not key:
        counts = [frame.select(shared).group_by(shared).len(name="__rows") for frame in (old, new)]
        both = counts[1].join(counts[0], on=shared, how="full", nulls_equal=True, suffix="__before")
        more = pl.col("__rows").fill_null(0).cast(pl.Int64) - pl.col("__rows__before").fill_null(0).cast(pl.Int64)
        found = both.select(added=more.clip(0).sum(), removed=(-more).clip(0).sum()).row(0)
        return int(found[0]), int(found[1]), None, {}
    added = new.join(old, on=key, how="anti", nulls_equal=True).height
    removed = old.join(new, on=key, how="anti", nulls_equal=True).height
    rest = [name for name in shared if name not in key]
    pairs = new.select(shared).join(old.select(shared), on=key, how="inner", nulls_equal=True, suffix="__before")
    differs = pairs.select(pl.col(name).ne_missing(pl.col(f"{name}__before")) for name in rest)
    values = {name: int(differs[name].sum()) for name in rest}
    changed = int(differs.select(pl.any_horizontal(pl.all())).to_series().sum()) if rest else 0
    return added, removed, changed, {name: rows for name, rows in values.items() if rows}


def _moved(old: _Rows, new: _Rows, shared: Sequence[str]) -> tuple[list[Moved], int]:
    if not (old.frame.height and new.frame.height):
        return [], 0
    found, compared = [], 0
    noise = USUAL * (1 / old.frame.height + 1 / new.frame.height) ** 0.5
    for name in shared:
        one = _one(old, new, name)
        if one is not None:
            compared += 1
            what = _words(*one, noise)
            found += [Moved(column=name, what=what, effect=one[0], new=one[1])] if what else []
    return found, compared


def _one(old: _Rows, new: _Rows, name: str) -> tuple[Effect, float, tuple[float, float]] | None:
    """(sizes, share of new values, share of nulls before and after)."""
    from modelyard.frame.table import to_table

    if old.columns[name] not in COMPARED:
        return None
    schema = Schema((Column(name=name, kind=old.columns[name]),))
    try:
        then = profile(to_table(old.frame, schema))
        now = count(then, to_table(new.frame, schema)).columns[0]
    except WrongType:  # whole numbers beyond 2^53: an id
        return None
    was = then.reference.columns[0]
    sizes = effect(then.columns[0].bins, now.bins, was.bins)
    nulls = (was.nulls / old.frame.height, now.nulls / new.frame.height)
    return sizes, now.unseen / new.frame.height, nulls


def _words(sizes: Effect, new: float, nulls: tuple[float, float], noise: float) -> str:
    """What is larger than `noise` standard deviations, or shares of as much; nothing where nothing is.

    >>> _words(Effect(shift=0.5, scale=1.0), 0.0, (0.0, 0.0), 0.1)
    'values are higher, by 0.50 standard deviations'
    """
    said = []
    if sizes.shift is not None and abs(sizes.shift) > noise:
        said.append(
            f"values are {'higher' if sizes.shift > 0 else 'lower'}, by {abs(sizes.shift):.2f} standard deviations"
        )
    if sizes.scale is not None and abs(sizes.scale - 1) > noise:
        said.append(f"they spread {sizes.scale:.2f} times as wide")
    if sizes.shift is None and abs(sizes.share) > noise / 2:
        said.append(
            f"{sizes.label} has {100 * abs(sizes.share):.1f} points {'more' if sizes.share > 0 else 'less'} of the rows"
        )
    if new > 0:
        said.append(f"{100 * new:.1f} % of the rows have values that are new")
    if abs(nulls[1] - nulls[0]) > noise / 2:
        said.append(f"nulls: {100 * nulls[0]:.1f} % -> {100 * nulls[1]:.1f} %")
    return "; ".join(said)
