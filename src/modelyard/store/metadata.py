"""The metadata store: one SQL database, SQLite beside the project by default, PostgreSQL by URL.

Everything that must be true together is one transaction (`with metadata.begin() as sql`). On SQLite a transaction takes
the write lock when it begins (BEGIN IMMEDIATE): else two readers that both want to write fail halfway with "locked".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select, update
from sqlalchemy.engine import make_url

from modelyard.errors.store import NewerStore
from modelyard.store.tables import META, VERSION, chain, settings

MIGRATIONS: Mapping[int, Callable[[Connection], None]] = {}
"""Version -> what brings a store of the version before to it."""
BUSY_SECONDS = 30


class Metadata:
    """An open metadata store."""

    def __init__(self, url: str) -> None:
        """`sqlite:///path` or `postgresql://user@host/database`; tables are made or brought up to date. Raises
        NewerStore."""
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        elif parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        self.engine = create_engine(parsed, pool_pre_ping=parsed.get_backend_name() == "postgresql")
        if parsed.get_backend_name() == "sqlite":
            _immediate(self.engine)
        try:
            self._make()
        except BaseException:
            self.close()
            raise

    def begin(self) -> AbstractContextManager[Connection]:
        """A transaction: committed at the end of the block, rolled back on an error."""
        return self.engine.begin()

    def sweep(self) -> None:
        """Let what was deleted leave the disk too, as far as the database allows."""
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as sql:
                sql.exec_driver_sql("COMMIT")
                sql.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> Metadata:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _make(self) -> None:
        with self.begin() as sql:
            if sql.dialect.name == "postgresql":
                sql.exec_driver_sql("SELECT pg_advisory_xact_lock(7305)")
            if not inspect(sql).has_table(settings.name):
                META.create_all(sql)
                sql.execute(insert(settings).values(name="version", value=str(VERSION)))
                sql.execute(insert(chain).values(id=1, seq=0, hash=""))
            found = int(sql.execute(select(settings.c.value).where(settings.c.name == "version")).scalar_one())
            if found > VERSION:
                raise NewerStore(f"the metadata has version {found}; this program knows {VERSION}")
            for version in range(found + 1, VERSION + 1):
                MIGRATIONS[version](sql)
            sql.execute(update(settings).where(settings.c.name == "version").values(value=str(VERSION)))


def _immediate(engine: Engine) -> None:
    """SQLAlchemy's own recipe: the driver begins nothing, we do."""

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, record: object) -> None:
        connection.isolation_level = None
        run = connection.execute
        run(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        run("PRAGMA journal_mode=WAL")
        run("PRAGMA synchronous=FULL")
        run("PRAGMA foreign_keys=ON")
        run("PRAGMA secure_delete=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def setting(sql: Connection, name: str) -> str | None:
    found = sql.execute(select(settings.c.value).where(settings.c.name == name)).scalar_one_or_none()
    return None if found is None else str(found)


def set_setting(sql: Connection, name: str, value: str) -> None:
    if sql.execute(update(settings).where(settings.c.name == name).values(value=value)).rowcount == 0:
        sql.execute(insert(settings).values(name=name, value=value))


__all__ = ["Metadata", "set_setting", "setting"]
