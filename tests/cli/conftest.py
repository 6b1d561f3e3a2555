"""Tests here run on real servers, too."""

from databases import mariadb, mariadb_database, postgres, postgresql_database

__all__ = ["mariadb", "mariadb_database", "postgres", "postgresql_database"]
