"""How a web service knows who asks: a token, a user, a key, or OAuth2's client credentials.

A secret is one line of visible ASCII: what else stands in its variable (a line end above all) would become part of the
request, and is refused before it is sent.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, get_type_hints

from msgspec import Meta, Struct

from modelyard.errors.project import BadParameter
from modelyard.schema.secret import Secret
from modelyard.schema.url import checked

NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
"""Of a header, and of a query parameter that holds a key."""
VISIBLE = re.compile(r"[\x21-\x7e]+")
OURS = ("host", "content-length", "transfer-encoding", "connection", "accept-encoding", "cookie", "te", "upgrade")
"""Headers that say how a request is sent, and none that a connection may set."""
Variable = Meta(description='Only as a variable: "${NAME}".')


class Auth(Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    def secrets(self) -> tuple[Secret, ...]:
        return tuple(value for name in self.__struct_fields__ if isinstance(value := getattr(self, name), Secret))

    @classmethod
    def secret_fields(cls) -> tuple[str, ...]:
        """
        >>> Basic.secret_fields()
        ('password',)
        """
        return tuple(name for name, kind in get_type_hints(cls).items() if kind is Secret)

    def __post_init__(self) -> None:
        for secret in self.secrets():
            if not secret.reveal():
                raise BadParameter("the variable of a secret is empty", way_out="Set it where the command runs")


class Bearer(Auth, frozen=True, kw_only=True, tag="bearer"):
    """`Authorization: Bearer TOKEN`."""

    token: Annotated[Secret, Variable]

    def __post_init__(self) -> None:
        super().__post_init__()
        visible(self.token, "token")


class Basic(Auth, frozen=True, kw_only=True, tag="basic"):
    """`Authorization: Basic …` of RFC 7617, in UTF-8."""

    user: Annotated[str, Meta(description="Who asks; no colon.", pattern="^[^:\x00-\x1f]+$")]
    password: Annotated[Secret, Variable]

    def __post_init__(self) -> None:
        """Some services take a key for the user, and no password."""


class Key(Auth, frozen=True, kw_only=True, tag="key"):
    """A key under a name of the service's own: a header, or a query parameter."""

    name: Annotated[str, Meta(description="Of the header or the parameter: X-Api-Key, api_key …")]
    place: Annotated[Literal["header", "query"], Meta(description="Where it goes; a header is logged less.")] = "header"
    key: Annotated[Secret, Variable]

    def __post_init__(self) -> None:
        super().__post_init__()
        header(self.name)
        if self.place == "header":
            visible(self.key, "key")


class Oauth2(Auth, frozen=True, kw_only=True, tag="oauth2"):
    """Client credentials: a token is fetched from `token_url`, and anew when it ends or is refused once."""

    token_url: Annotated[str, Meta(description="Where tokens are given; https, unless the connection may use http.")]
    client: Annotated[str, Meta(description="The client's id.", min_length=1)]
    secret: Annotated[Secret, Variable]
    scope: Annotated[str | None, Meta(description="What the token is to allow, words between spaces.")] = None
    audience: Annotated[str | None, Meta(description="For whom it is, where the service asks for that.")] = None
    send: Annotated[Literal["header", "body"], Meta(description="How id and secret are sent.")] = "header"

    def __post_init__(self) -> None:
        super().__post_init__()
        checked(self.token_url, "token_url")


AnyAuth = Bearer | Basic | Key | Oauth2
AUTHS: dict[str, type[Auth]] = {"basic": Basic, "bearer": Bearer, "key": Key, "oauth2": Oauth2}


def visible(secret: Secret, what: str) -> None:
    if not VISIBLE.fullmatch(secret.reveal()):
        way_out = "Look for a space or a line end in its variable"
        raise BadParameter(f"the {what} is no line of visible characters", way_out=way_out)


def header(name: str) -> None:
    if not NAME.fullmatch(name) or name.lower() in OURS:
        raise BadParameter(f"{name!r} is no header that a connection may set", way_out="Name the service's own")
