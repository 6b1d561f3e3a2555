"""Where data lies outside of this machine's files: connections by name, in typed fields.

Never a raw URL: a URL can carry options that make a driver run or read something else, and a password that is then
printed. A password is a `Secret`, which no encoder, log or message shows. Pure data; who opens one is frame/sql.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from modelyard.errors import did_you_mean
from modelyard.errors.connection import UnknownConnection
from modelyard.errors.project import BadParameter

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._:-]*[A-Za-z0-9])?|/[^\s,'\\]+")
_DATABASE = re.compile(r"[^\x00-\x1f=;'\"\\]+")
Tls = Literal["prefer", "require", "verify"]
Host = Annotated[str, Meta(description="A name or an address; for a local socket its folder.", min_length=1)]
PortNumber = Annotated[int, Meta(description="Where the server listens.", ge=1, le=65535)]


class Secret:
    """A text that is only had by asking for it.

    >>> word = Secret("hunter2")
    >>> word, f"{word}", word.reveal()
    (Secret(***), '***', 'hunter2')
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def hidden_in(self, text: str) -> str:
        """The text with every occurrence of the secret made ***."""
        return text.replace(self._text, "***") if self._text else text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(Secret)


class Named(Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    """What every connection has."""

    name: Annotated[str, Meta(description="What steps call it.", pattern="^[A-Za-z][A-Za-z0-9_-]{0,62}$")]


class Server(Named, frozen=True, kw_only=True):
    """A database that is a server. Without `password`, none is sent and none is looked for elsewhere."""

    host: Host
    database: Annotated[str, Meta(description="The database on that server.", min_length=1)]
    user: Annotated[str, Meta(description="Who asks.", min_length=1)]
    password: Annotated[Secret | None, Meta(description='Only as a variable: "${NAME}".')] = None
    tls: Annotated[
        Tls, Meta(description="`prefer`: where the server can; `require`; `verify`: its certificate and name, too.")
    ] = "prefer"

    def __post_init__(self) -> None:
        if not _HOST.fullmatch(self.host) or "://" in self.host:
            raise BadParameter(f"{self.host!r} is no host", way_out="Write a name or an address alone, no URL")
        if not _DATABASE.fullmatch(self.database) or "://" in self.database:
            raise BadParameter(f"{self.database!r} is no database name", way_out="Write its name alone, no URL")


class Postgresql(Server, frozen=True, kw_only=True, tag="postgresql"):
    """PostgreSQL.

    >>> Postgresql(name="crm", host="db", database="crm", user="me", password=Secret("hunter2")).password
    Secret(***)
    """

    port: PortNumber = 5432


class Mysql(Server, frozen=True, kw_only=True, tag="mysql"):
    port: PortNumber = 3306


class Mariadb(Server, frozen=True, kw_only=True, tag="mariadb"):
    port: PortNumber = 3306


class Sqlite(Named, frozen=True, kw_only=True, tag="sqlite"):
    path: Annotated[str, Meta(description="The file, relative to the project file.", min_length=1)]


class Duckdb(Named, frozen=True, kw_only=True, tag="duckdb"):
    path: Annotated[str, Meta(description="The file, relative to the project file.", min_length=1)]


Connection = Postgresql | Mysql | Mariadb | Sqlite | Duckdb
KINDS: dict[str, type[Postgresql] | type[Mysql] | type[Mariadb] | type[Sqlite] | type[Duckdb]] = {
    "duckdb": Duckdb, "mariadb": Mariadb, "mysql": Mysql, "postgresql": Postgresql, "sqlite": Sqlite,
}  # fmt: skip


def as_secret(kind: type[Any], value: Any) -> Any:
    """How msgspec reads a Secret."""
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise NotImplementedError(f"a {kind.__name__} is written as text")


class Connections:
    """The connections of a project by name. Each is read when it is asked for, so that a command that opens none needs
    none of their variables."""

    def __init__(self, known: Mapping[str, Callable[[], Connection]] | None = None) -> None:
        self._known = dict(known or {})

    def __getitem__(self, name: str) -> Connection:
        """Raises UnknownConnection, MissingVariable, BadParameter."""
        if name not in self._known:
            way_out = did_you_mean(name, self._known) if self._known else ""
            raise UnknownConnection(f"no connection {name!r}", way_out=way_out)
        return self._known[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)
