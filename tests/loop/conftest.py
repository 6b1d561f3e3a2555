"""Tests here run on SQLite and on a real PostgreSQL."""

from databases import metadata, metadata_url, postgres

__all__ = ["metadata", "metadata_url", "postgres"]
