"""A read step as something that can be read on. Files are units of their own: one whose bytes are as they were is not
opened, a new or longer one is read alone."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from modelyard.run.kept import File, Reading
from modelyard.run.reading import REREAD, Fetched, shown
from modelyard.schema.column import Kind
from modelyard.schema.connection import Connection
from modelyard.schema.object_store import ObjectStore
from modelyard.schema.pin import Pin
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.filed import Filed
from modelyard.step.incremental import Bounds, Incremental
from modelyard.step.located import named_files
from modelyard.step.step import Step, TableStep

if TYPE_CHECKING:
    from polars import LazyFrame

    from modelyard.frame.still import Still

SECRET = ("name", "user", "password", "token", "auth", "rate", "ca", "access_key", "secret_key", "session_token",
          "service_account", "account_key", "sas_token")  # fmt: skip
"""Of a connection: who asks is not what is asked."""


class StepFeed:
    def __init__(self, step: Incremental, ctx: Context, schema: Schema) -> None:
        """`schema`: what its peek said."""
        self._step, self._ctx = step, ctx
        self.kind = str(msgspec.to_builtins(step)["use"])
        self.key = identity(step, ctx)
        self.cursor, self.cursor_key = step.cursor or "", step.cursor_key
        self.columns: dict[str, Kind] = {column.name: column.kind for column in schema}
        self.id = id_of(ctx, self.columns)

    def fetch(self, bounds: Bounds, before: Reading) -> Fetched:
        still = still_of(self._step, self._ctx)
        units = list(self._units())
        if not units:
            frame = self._typed(self._step.between(self._ctx, bounds))
            behind = None if bounds.after is None else self._step.counted(self._ctx, Bounds(upto=bounds.after))
            return Fetched(frame=frame, behind=behind, words=tuple(self._without()))
        with still.watched():
            return self._of_files(units, bounds, before)

    def _without(self) -> Iterator[str]:
        """Rows that no bounds will ever hold."""
        lost = self._step.without_cursor(self._ctx)
        if lost:
            yield f"{lost:,} rows have no {self.cursor!r}, so they are not read"

    def _units(self) -> Iterator[Unit]:
        """The files, each alone; all of them as one where rows that do not parse are kept in one file."""
        found = files_of(self._step, self._ctx)
        if getattr(self._step, "quarantine", None) is None:
            for name, digest in found.items():
                yield Unit(name, digest, alone=len(found) > 1)
        elif found:
            name = str(getattr(self._step, "path", ""))
            yield Unit(name, hashlib.sha256(msgspec.json.encode(found)).hexdigest(), alone=False)

    def _alone(self, name: str) -> TableStep:
        """The step over that one file, its columns of the kinds that they have in all of them."""
        one = replace(self._step, path=glob.escape(name), columns=None, types={})
        there = one.peek(self._ctx).names
        columns = [column for column in self.columns if column in there]
        return replace(one, columns=tuple(columns), types={column: self.columns[column] for column in columns})

    def _of_files(self, units: list[Unit], bounds: Bounds, before: Reading) -> Fetched:
        import polars as pl

        from modelyard.frame.arranged import count, taken
        from modelyard.frame.bounded import bounded
        from modelyard.frame.digest import scanned_digest

        words: list[str] = []
        frames, files = [self._typed(pl.LazyFrame()).head(0)], {}
        for unit in units:
            known = before.files.get(unit.name)
            if known is not None and known.digest == unit.digest:
                files[unit.name] = known
                continue
            step = self._alone(unit.name) if unit.alone else self._step
            whole = taken(self._typed(step.run(self._ctx)), self._ctx.spill)
            dated = bounded(whole, self.cursor, None, None)
            lost = count(whole) - count(dated)
            if lost:
                words.append(f"{unit.name}: {lost:,} rows have no {self.cursor!r}, not read")
            words += self._behind(unit, known, dated, before)
            files[unit.name] = File(unit.digest, scanned_digest(dated))
            frames.append(bounded(dated, self.cursor, bounds.after, None))
        gone = [name for name in before.files if name not in files]
        words += [f"{name} is gone; its rows stay among those read; {REREAD}" for name in gone]
        return Fetched(frame=pl.concat(frames), files=files, words=tuple(words))

    def _behind(self, unit: Unit, known: File | None, dated: LazyFrame, before: Reading) -> Iterator[str]:
        from modelyard.frame.arranged import count
        from modelyard.frame.bounded import bounded
        from modelyard.frame.digest import scanned_digest

        there = dated.head(0) if before.upto is None else bounded(dated, self.cursor, None, before.upto)
        where = f"up to {self.cursor} = {shown(before.upto, self.columns[self.cursor])}"
        if known is not None and known.content != scanned_digest(there):
            yield f"{unit.name} was changed {where}, which was read before: those changes are not read; {REREAD}"
        elif known is None and (late := count(there)):
            yield f"{unit.name}: {late:,} rows came late, {where}, and are not read; {REREAD}"

    def _typed(self, frame: LazyFrame) -> LazyFrame:
        return in_columns(frame, self.columns)


def id_of(ctx: Context, columns: Mapping[str, Kind]) -> str:
    """The column of a source that says whose a row is; "" where it has none by the name of the id role."""
    return ctx.roles.id if ctx.roles.id in columns and ctx.roles.id is not None else ""


def in_columns(frame: LazyFrame, columns: Mapping[str, Kind]) -> LazyFrame:
    """All columns, in their order and types; one that is not there is null."""
    import polars as pl

    from modelyard.frame.schema import DTYPES

    there = frame.collect_schema()
    made = {n: (pl.col(n) if n in there else pl.lit(None)).cast(DTYPES[kind]) for n, kind in columns.items()}
    return frame.select(**made)


class Unit(Struct, frozen=True):
    """A file, or files that are read as one. `digest`: of the bytes; `alone`: one of several."""

    name: str
    digest: str
    alone: bool


def pinned(step: Step, ctx: Context, schema: Schema) -> Pin:
    """What is remembered of a source that is read whole: its columns, and the digest of its files."""
    found = files_of(step, ctx)
    return Pin(
        kind=str(msgspec.to_builtins(step)["use"]),
        columns={column.name: column.kind for column in schema},
        digest=hashlib.sha256(msgspec.json.encode(found)).hexdigest() if found else "",
    )


def files_of(step: Step, ctx: Context) -> dict[str, str]:
    """Name as the project's folder sees it, or key in its bucket -> digest of the bytes, of a step that reads files."""
    from modelyard.frame.source import files

    path, connection = getattr(step, "path", None), getattr(step, "connection", None)
    if not isinstance(path, str) or "://" in path:
        return {}
    if isinstance(connection, str):
        if not isinstance(ctx.connections[connection], ObjectStore):
            return {}
        return {key: bytes_digest(copy) for key, copy in named_files(ctx, connection, path).items()}
    return {_name(file, ctx.folder): bytes_digest(file) for file in files(ctx.folder, path, ends_of(step))}


def still_of(step: Step, ctx: Context) -> Still:
    """Watches the files of this machine that the step reads; of other sources there are none."""
    from modelyard.frame.source import files
    from modelyard.frame.still import Still

    path, connection = getattr(step, "path", None), getattr(step, "connection", None)
    if not isinstance(path, str) or connection is not None:
        return Still(list)
    return Still(lambda: files(ctx.folder, path, ends_of(step)))


def ends_of(step: Step | None) -> tuple[str, ...]:
    """Of the names of files that it reads in a folder."""
    return step.ends if isinstance(step, Filed) else ()


def _name(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.as_posix()


def bytes_digest(file: Path) -> str:
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def identity(step: Step, ctx: Context) -> str:
    """32 hex digits: the same for the same source asked for the same things, whoever asks."""
    name = getattr(step, "connection", None)
    where = described(ctx.connections[name]) if isinstance(name, str) else {}
    told = [msgspec.to_builtins(step), where, ctx.zone, ctx.roles.id]
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()[:32]


def described(connection: Connection) -> dict[str, str]:
    """Where a connection leads, without who asks."""
    fields = (field for field in connection.__struct_fields__ if field not in SECRET)
    return {field: str(getattr(connection, field)) for field in fields}
