"""Sources here are SQLite and DuckDB files, a real PostgreSQL and a real MariaDB."""

from databases import database, mariadb, mariadb_database, postgres, postgresql_database

__all__ = ["database", "mariadb", "mariadb_database", "postgres", "postgresql_database"]
