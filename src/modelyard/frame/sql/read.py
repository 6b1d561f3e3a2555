"""A table or a query of a database as a lazy frame: its columns known at once, its rows read in batches when they are
wanted, and of both only what is asked for.

Columns that no later step reads are not asked for, `where:` is decided in the database as far as it can be, and what
was declared is cast batch by batch. A connection that fails, a missing table or column is met before anything runs.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl
from msgspec import Struct
from msgspec.structs import replace
from polars.io.plugins import register_io_source

from modelyard.errors import did_you_mean
from modelyard.errors.connection import UnknownTable
from modelyard.errors.data import BadExpression, MissingColumn, UnreadableTable, WrongType
from modelyard.frame.bounded import bounded
from modelyard.frame.expression import to_polars_expr
from modelyard.frame.schema import DTYPES, schema_of
from modelyard.frame.source import first_line, typed
from modelyard.frame.sql.between import Within, within
from modelyard.frame.sql.session import Field, Session, opened
from modelyard.frame.sql.where import pushed
from modelyard.schema.column import Kind
from modelyard.schema.connection import Connection
from modelyard.schema.expression import Call, Expression, Name, Prefix, parse
from modelyard.schema.expression_kinds import kind_of
from modelyard.schema.pin import Mark
from modelyard.schema.schema import Schema


class Asked(Struct, frozen=True, kw_only=True):
    """Rows of a database: of a `table`, or of a `query` that is one SELECT. `order`: the columns that put them in an
    order, so that two readings of the same rows are equal."""

    connection: Connection
    folder: Path
    zone: str = "UTC"
    table: str | None = None
    query: str | None = None
    columns: tuple[str, ...] | None = None
    types: dict[str, Kind] = {}
    where: str | None = None
    order: tuple[str, ...] = ()
    order_if_there: tuple[str, ...] = ()
    cursor: str = ""
    """Where it is set: only rows with after < cursor <= upto."""
    after: Mark | None = None
    upto: Mark | None = None

    def text(self, session: Session) -> str:
        if self.query is not None:
            return self.query.strip().rstrip(";")
        return f"SELECT * FROM {session.table(self.table or '')}"


class _Source(Struct, frozen=True, kw_only=True, eq=False):
    """What was asked, and what the database said of it. `fields`: all columns that may be needed, those that are not
    given on last; `schema`: of these, as they arrive here."""

    asked: Asked
    fields: dict[str, Field]
    schema: Schema
    gives: tuple[str, ...]
    where: Expression | None
    order: tuple[str, ...]


def peek(asked: Asked) -> Schema:
    """The columns, without reading the table. Raises Unreachable, AccessDenied, UnknownTable, MissingColumn …"""
    source = _source(asked)
    return source.schema.keep(source.gives)


def scan(asked: Asked) -> pl.LazyFrame:
    """The rows, lazily. Raises as `peek` does; DatabaseRefused and UnreadableTable when they are read."""
    source = _source(asked)

    def batches(
        wanted: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        yield from _batches(source, wanted, predicate, n_rows)

    dtypes = {name: DTYPES[source.schema[name].kind] for name in source.gives}
    return register_io_source(batches, schema=dtypes)


def of_kinds(asked: Asked, kinds: Mapping[str, Kind], as_they_are: Container[str | None] = ()) -> Asked:
    """Of those columns the ones that are there, with words where a contract has words."""
    with opened(asked.connection, asked.folder) as session:
        there = {field.name for field in _told(session, asked)}
    said = {name: kind for name, kind in kinds.items() if name in there and name not in as_they_are}
    types = {name: kind for name, kind in said.items() if kind in ("category", "text", "boolean")}
    return replace(asked, columns=tuple(name for name in kinds if name in there), types=types)


def counted(asked: Asked) -> int | None:
    """How many rows there are, where that can be told without sending them."""
    source = _source(asked)
    with opened(asked.connection, asked.folder) as session:
        bounds = _bounds(session, source)
        if bounds.exact and (source.where is None or _told_exactly(source.where, source.fields)):
            condition = None if source.where is None else pushed(source.where, source.fields, session, asked.zone)
            where = " AND ".join(one for one in (bounds.sql, condition) if one)
            found = session.rows(f"SELECT count(*) FROM ({asked.text(session)}) AS q WHERE {where}")
            return int(str(found[0][0]))
        near = session.local
    return int(scan(asked).select(pl.len()).collect().item()) if near else None


def _told_exactly(where: Expression, fields: Mapping[str, Field]) -> bool:
    """Whether it only asks that a column is known, which a database decides as we do (but for NaN)."""
    match where.root:
        case Prefix(op="not", x=Call(function="is_null", args=(Name(name=name),))):
            return fields[name].dtype != pl.Float64
        case _:
            return False


def _source(asked: Asked) -> _Source:
    with opened(asked.connection, asked.folder) as session:
        told = {field.name: field for field in _told(session, asked)}
    for name, what in _named(asked):
        if name not in told:
            raise MissingColumn(f"{what} names {name!r}", way_out=did_you_mean(name, told))
    gives = tuple(asked.columns if asked.columns is not None else told)
    condition = parse(asked.where) if asked.where else None
    for name in condition.names if condition else ():
        if name not in told:
            raise MissingColumn(f"`where:` names {name!r}", way_out=did_you_mean(name, told))
    needed = dict.fromkeys(
        (*gives, *(condition.names if condition else ()), *((asked.cursor,) if asked.cursor else ()))
    )
    words = {name for name, kind in asked.types.items() if kind in ("category", "text")}
    fields = {name: told[name].as_words() if name in words else told[name] for name in needed}
    _known(fields)
    schema = _schema(asked, fields)
    order = asked.order or tuple(name for name in asked.order_if_there if name in told)
    if condition is not None and (kind := kind_of(condition, schema)) != "boolean":
        raise BadExpression(f"`where:` needs a condition, {asked.where!r} is a {kind}")
    return _Source(asked=asked, fields=fields, schema=schema, gives=gives, where=condition, order=order)


def _told(session: Session, asked: Asked) -> list[Field]:
    try:
        found = session.describe(asked.text(session))
    except UnknownTable:
        if asked.table is None:
            raise
        raise session.no_table(asked.table) from None
    names = [field.name for field in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UnreadableTable(f"the query gives {twice!r} twice", way_out="name one of them anew: SELECT … AS …")
    return found


def _known(fields: dict[str, Field]) -> None:
    for field in fields.values():
        if field.unknown:
            way_out = "leave it out with `columns:`, or declare it a category under `types:` to have its words"
            raise WrongType(f"column {field.name!r} holds {field.unknown}, which no step knows", way_out=way_out)


def _named(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((name, "`columns:`") for name in asked.columns or ())
    yield from ((name, "`types:`") for name in asked.types)
    yield from ((name, "`order:`") for name in asked.order)
    yield from ((name, "`cursor:`") for name in (asked.cursor,) if name)


def _schema(asked: Asked, fields: dict[str, Field]) -> Schema:
    """Of the columns as they will be, found on an empty frame; polars has no word for `text`."""
    empty = pl.LazyFrame(schema={name: field.dtype for name, field in fields.items()})
    said = schema_of(typed(empty, _types(asked, fields), asked.zone))
    return Schema(tuple(replace(c, kind=asked.types.get(c.name, c.kind)) for c in said))


def _types(asked: Asked, fields: dict[str, Field]) -> dict[str, Kind]:
    return {name: kind for name, kind in asked.types.items() if name in fields}


def _batches(
    source: _Source, wanted: list[str] | None, predicate: pl.Expr | None, n_rows: int | None
) -> Iterator[pl.DataFrame]:
    names = [name for name in source.gives if wanted is None or name in wanted] or list(source.gives[:1])
    cursor = (source.asked.cursor,) if source.asked.cursor else ()
    read = list(dict.fromkeys((*names, *(source.where.names if source.where else ()), *cursor)))
    fields = [source.fields[name] for name in read]
    left = n_rows
    with opened(source.asked.connection, source.asked.folder) as session:
        query = _query(session, source, fields, n_rows)
        for raw in session.batches(query, fields):
            part = _kept(source, raw)
            part = part.select(names) if left is None else part.select(names).head(left)
            left = None if left is None else left - part.height
            yield part if predicate is None else part.filter(predicate)
            if left == 0:
                return


def _query(session: Session, source: _Source, fields: Sequence[Field], n_rows: int | None) -> str:
    asked = source.asked
    columns = ", ".join(
        f"{field.sql.format(session.quote(field.name))} AS {session.quote(field.name)}" for field in fields
    )
    query = f"SELECT {columns} FROM ({asked.text(session)}) AS q"
    pushed_down = None if source.where is None else pushed(source.where, source.fields, session, asked.zone)
    conditions = [one for one in (pushed_down, _bounds(session, source).sql) if one]
    query += f" WHERE {' AND '.join(conditions)}" if conditions else ""
    if source.order:
        query += f" ORDER BY {', '.join(f'q.{session.quote(name)}' for name in source.order)}"
    whole = n_rows is None or source.where is not None or asked.cursor
    return query if whole else f"{query} LIMIT {n_rows}"


def _bounds(session: Session, source: _Source) -> Within:
    asked = source.asked
    if not asked.cursor:
        return Within()
    return within(session, source.fields[asked.cursor], asked.after, asked.upto, asked.zone)


def _kept(source: _Source, raw: pl.DataFrame) -> pl.DataFrame:
    """One batch, as declared, and of it the rows that match."""
    asked = source.asked
    frame = typed(raw.lazy(), {n: k for n, k in asked.types.items() if n in raw.columns}, asked.zone)
    try:
        read = frame.select(pl.col(name).cast(DTYPES[source.schema[name].kind]) for name in raw.columns).collect()
    except pl.exceptions.PolarsError as error:
        said = first_line(error)
        raise UnreadableTable(said, who=f"connection {asked.connection.name!r}",
                              way_out="correct `types:` or the value") from None  # fmt: skip
    if asked.cursor:
        read = bounded(read.lazy(), asked.cursor, asked.after, asked.upto).collect()
    if source.where is None:
        return read
    return read.filter(to_polars_expr(source.where, source.schema, asked.zone))
