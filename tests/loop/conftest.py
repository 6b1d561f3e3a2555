"""Tests here run in a store with SQLite, and where it says `metadata_url` or `database` on real servers too."""

from databases import database, mariadb, mariadb_database, metadata_url, postgres, postgresql_database
from stores import metadata, store

__all__ = [
    "database",
    "mariadb",
    "mariadb_database",
    "metadata",
    "metadata_url",
    "postgres",
    "postgresql_database",
    "store",
]
