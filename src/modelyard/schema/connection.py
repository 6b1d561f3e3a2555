"""Where data lies outside of this machine's files: connections by name, in typed fields.

Never a raw URL: a URL can carry options that make a driver run or read something else, and a password that is then
printed. A password is a `Secret`, which no encoder, log or message shows. Pure data; who opens one is frame/sql or,
of a web service, frame/rest, of an object store, objects/.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Literal

from msgspec import Meta, field

from modelyard.errors import did_you_mean
from modelyard.errors.connection import UnknownConnection
from modelyard.errors.project import BadParameter
from modelyard.schema.auth import AnyAuth, Oauth2, header
from modelyard.schema.duration import Rate
from modelyard.schema.named import Named as Named
from modelyard.schema.object_store import S3 as S3
from modelyard.schema.object_store import Azure as Azure
from modelyard.schema.object_store import Gcs as Gcs
from modelyard.schema.object_store import ObjectStore as ObjectStore
from modelyard.schema.secret import Secret as Secret
from modelyard.schema.secret import as_secret as as_secret
from modelyard.schema.url import checked

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._:-]*[A-Za-z0-9])?|/[^\s,'\\]+")
_DATABASE = re.compile(r"[^\x00-\x1f=;'\"\\]+")
_TEXT = re.compile(r"[\x20-\x7e]*")
_TELLING = re.compile(r"(?i)auth|token|secret|cookie|api-?key|password")
Reach = Literal["public", "private", "local"]
Tls = Literal["prefer", "require", "verify"]
Host = Annotated[str, Meta(description="A name or an address; for a local socket its folder.", min_length=1)]
PortNumber = Annotated[int, Meta(description="Where the server listens.", ge=1, le=65535)]


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


class Rest(Named, frozen=True, kw_only=True, tag="rest"):
    """A web service that answers in JSON. Only its own host is ever asked, at addresses that `reach` allows.

    >>> Rest(name="shop", url="https://api.shop.example/v2").reach
    'public'
    """

    url: Annotated[str, Meta(description="https://HOST/PATH, where the paths of steps begin; no password, no query.")]
    auth: Annotated[AnyAuth | None, Meta(description="Who asks: {kind: bearer, token: …} and others.")] = None
    headers: Annotated[dict[str, str], Meta(description="Sent with each request; no secrets.")] = field(
        default_factory=dict
    )
    rate: Annotated[str | None, Meta(description="At most so many requests: 5 per 1s.")] = None
    reach: Annotated[
        Reach,
        Meta(description="Where its host may lie: `public`; `private` networks, too; `local`: this machine, too."),
    ] = "public"
    ca: Annotated[
        str | None, Meta(description="A PEM file of the authorities that sign it, relative to the project file.")
    ] = None

    def __post_init__(self) -> None:
        origins = [checked(self.url, "url")]
        if isinstance(self.auth, Oauth2):
            origins.append(checked(self.auth.token_url, "token_url"))
        if self.reach == "public" and any(origin.scheme != "https" for origin in origins):
            raise BadParameter("http:// to a public host can be read on the way", way_out="Write https://")
        for name, value in self.headers.items():
            header(name)
            if _TELLING.search(name):
                raise BadParameter(f"{name!r} under `headers:`", way_out="Tell who asks under `auth:`")
            if not _TEXT.fullmatch(value):
                raise BadParameter(f"the header {name!r} is no line of ASCII", way_out="Write visible characters")
        if self.rate is not None and Rate.parse(self.rate).times < 1:
            raise BadParameter(f"`rate: {self.rate}` lets no request through", way_out="Write 5 per 1s")


Database = Postgresql | Mysql | Mariadb | Sqlite | Duckdb
Bucket = S3 | Gcs | Azure
Connection = Database | Rest | Bucket
KINDS: dict[str, type[Connection]] = {
    "azure": Azure, "duckdb": Duckdb, "gcs": Gcs, "mariadb": Mariadb, "mysql": Mysql, "postgresql": Postgresql,
    "rest": Rest, "s3": S3, "sqlite": Sqlite,
}  # fmt: skip


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
