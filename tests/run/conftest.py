"""Sources here are SQLite and DuckDB files, a real PostgreSQL and a real MariaDB; each test has a store of its own."""

from databases import database, mariadb, mariadb_database, postgres, postgresql_database
from stores import metadata, store

__all__ = ["database", "mariadb", "mariadb_database", "metadata", "postgres", "postgresql_database", "store"]
