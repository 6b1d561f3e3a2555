"""Tests here run on SQLite and on real servers."""

from databases import database, mariadb, mariadb_database, metadata, metadata_url, postgres, postgresql_database

__all__ = [
    "database",
    "mariadb",
    "mariadb_database",
    "metadata",
    "metadata_url",
    "postgres",
    "postgresql_database",
]
