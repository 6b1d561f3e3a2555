"""The tables of the metadata store, for SQLite and PostgreSQL alike.

Times are microseconds since 1970 UTC as 64-bit integers; documents are JSON text written by msgspec. A change of a
table raises VERSION and adds its step to MIGRATIONS in metadata.py.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint

VERSION = 1
META = MetaData()


def _key(name: str) -> Column[str]:
    return Column(name, String(200), primary_key=True)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _whole(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _sequence() -> Column[int]:
    return Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


settings = Table("settings", META, _key("name"), _text("value"))

versions = Table(
    "versions",
    META,
    _key("model"),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
    _whole("created"),
    _text("run"),
    _text("document"),
    UniqueConstraint("model", "digest"),
)
"""A packaged model: the digest of its package, numbered 1, 2, … per model."""

aliases = Table("aliases", META, _key("model"), _key("alias"), _whole("version"), _whole("revision"))
"""`champion` and others; the revision counts changes, and a change names the revision that it saw."""

chain = Table("chain", META, Column("id", Integer, primary_key=True), _whole("seq"), _text("hash"))
audit = Table(
    "audit",
    META,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _whole("at"),
    _text("actor"),
    _text("action"),
    _text("document"),
    _text("hash"),
)
"""Who changed what: each row's hash covers the row and the hash before it."""

runs = Table(
    "runs", META, _key("id"), _whole("started"), Column("ended", BigInteger), _text("status"), _text("document")
)
triggers = Table("triggers", META, _key("key"), _text("model"), _whole("at"), _text("run"), _text("document"))
"""One run per trigger: the key is unique."""

records = Table(
    "records",
    META,
    _sequence(),
    _text("kind"),
    _text("model"),
    _whole("at"),
    Column("key", String(200)),
    _text("document"),
    UniqueConstraint("kind", "model", "key"),
)
"""Verdicts, decisions, promotions, gates, in the order they were made; a `key` is used once per kind and model."""

offsets = Table("offsets", META, _key("segment"), _whole("position"), _whole("batch"))
hours = Table("hours", META, _key("digest"), Column("hour", BigInteger, primary_key=True, autoincrement=False),
              Column("counts", LargeBinary, nullable=False))  # fmt: skip
"""Counts of one package's rows whose event lies in the hour that starts there."""

rows_seen = Table(
    "rows_seen", META, _key("model"), _key("id"), Column("digest", String(64), nullable=False), _whole("event"),
    _whole("retries"), Column("label", String(64)), Index("rows_seen_by_event", "model", "event"),
)  # fmt: skip
"""Ids shipped: the first record wins, the same digest again is a retry, another digest is a conflict. By event, because
every look asks for the latest."""

conflicts = Table(
    "conflicts", META, _sequence(), _text("model"), _text("id"), _text("reason"), _whole("received"), _text("document")
)
