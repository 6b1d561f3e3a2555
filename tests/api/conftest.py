"""A real PostgreSQL beside SQLite."""

from databases import metadata_url, postgres

__all__ = ["metadata_url", "postgres"]
