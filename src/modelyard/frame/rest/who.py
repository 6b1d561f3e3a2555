"""Who asks: what a request carries so that the service knows, and all of it that no text may show.

A token of OAuth2 is fetched from its own URL, the one other place that a connection names; the client's secret goes
there and nowhere else, the token to the service and nowhere else, and both are forgotten with the reader.
"""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlencode, urlsplit

import msgspec

from modelyard.errors.connection import AccessDenied, ServiceRefused
from modelyard.frame.rest.unpacked import TooLong
from modelyard.frame.rest.wire import Passing, Raw, Wire
from modelyard.schema.auth import Basic, Bearer, Key, Oauth2
from modelyard.schema.connection import Rest
from modelyard.schema.secret import Secret
from modelyard.schema.url import checked

TOKEN_BYTES = 1_000_000
EARLY = 30.0
"""Seconds before its end at which a token is no longer used."""
FORM = "application/x-www-form-urlencoded"


class Who:
    def __init__(self, connection: Rest, folder: Path) -> None:
        self._auth, self._name = connection.auth, f"connection {connection.name!r}"
        self._token: tuple[Secret, float] | None = None
        self._wire: Wire | None = None
        if isinstance(self._auth, Oauth2):
            self._wire = Wire(connection, checked(self._auth.token_url, "token_url"), folder)

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()

    @property
    def renews(self) -> bool:
        return self._wire is not None

    def forget(self) -> None:
        """The token is refused: the next request fetches another."""
        self._token = None

    def headers(self, deadline: float) -> dict[str, str]:
        """Raises Passing, Late, AccessDenied, ServiceRefused and what the wire raises."""
        auth = self._auth
        if isinstance(auth, Bearer):
            return {"Authorization": f"Bearer {auth.token.reveal()}"}
        if isinstance(auth, Basic):
            return {"Authorization": f"Basic {_pair(auth.user, auth.password)}"}
        if isinstance(auth, Key) and auth.place == "header":
            return {auth.name: auth.key.reveal()}
        if isinstance(auth, Oauth2):
            return {"Authorization": f"Bearer {self._current(auth, deadline).reveal()}"}
        return {}

    def query(self) -> tuple[str, str] | None:
        """The parameter that holds the key."""
        auth = self._auth
        return (auth.name, auth.key.reveal()) if isinstance(auth, Key) and auth.place == "query" else None

    def hidden_in(self, text: str) -> str:
        """The text without secrets, in whichever form they were sent."""
        secrets = list(self._auth.secrets() if self._auth else ()) + ([self._token[0]] if self._token else [])
        if isinstance(self._auth, Basic):
            secrets.append(Secret(_pair(self._auth.user, self._auth.password)))
        if isinstance(self._auth, Oauth2):
            secrets.append(Secret(_pair(quote_plus(self._auth.client), self._auth.secret, quoted=True)))
        for secret in secrets:
            for form in _forms(secret.reveal()):
                text = Secret(form).hidden_in(text)
        return text

    def _current(self, auth: Oauth2, deadline: float) -> Secret:
        if self._token is None or time.monotonic() >= self._token[1]:
            self._token = self._fetched(auth, deadline)
        return self._token[0]

    def _fetched(self, auth: Oauth2, deadline: float) -> tuple[Secret, float]:
        if self._wire is None:
            raise AccessDenied("no token can be had", who=self._name)
        asked = {"grant_type": "client_credentials", "scope": auth.scope, "audience": auth.audience}
        headers = {"Content-Type": FORM, "Accept": "application/json"}
        if auth.send == "body":
            asked |= {"client_id": auth.client, "client_secret": auth.secret.reveal()}
        else:
            headers["Authorization"] = f"Basic {_pair(quote_plus(auth.client), auth.secret, quoted=True)}"
        body = urlencode({name: value for name, value in asked.items() if value}).encode()
        began = time.monotonic()
        try:
            raw = self._wire.send("POST", urlsplit(auth.token_url).path or "/", headers, body, TOKEN_BYTES, deadline)
        except TooLong:
            raise self._no_token("more bytes than a token has") from None
        return self._read(raw, began)

    def _read(self, raw: Raw, began: float) -> tuple[Secret, float]:
        if raw.status in (429, 500, 502, 503, 504):
            raise Passing(f"the place of tokens answers {raw.status}")
        said = _object(raw.body)
        if raw.status != 200:
            word = said.get("error")
            found = f"no token: {raw.status}" + (f", {word[:80]}" if isinstance(word, str) else "")
            raise AccessDenied(self.hidden_in(found), who=self._name, way_out="Check `client:` and its secret")
        token, kind, seconds = said.get("access_token"), said.get("token_type", "bearer"), said.get("expires_in")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or " " in token or not token:
            raise self._no_token("no `access_token`")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise self._no_token(f"a token of the kind {str(kind)[:40]!r}")
        lasts = float(seconds) if isinstance(seconds, int | float) and not isinstance(seconds, bool) else 3600.0
        return Secret(token), began + max(lasts - EARLY, lasts / 2)

    def _no_token(self, found: str) -> ServiceRefused:
        return ServiceRefused(f"the place of tokens sends {found}", who=self._name, way_out="Check `token_url:`")


def _pair(user: str, password: Secret, quoted: bool = False) -> str:
    """RFC 6749 wants both written as in a form."""
    word = quote_plus(password.reveal()) if quoted else password.reveal()
    return base64.b64encode(f"{user}:{word}".encode()).decode()


def _forms(word: str) -> tuple[str, ...]:
    """How an answer may hold it: as it is, in a URL, in JSON."""
    return word, quote_plus(word), quote(word), json.dumps(word)[1:-1], msgspec.json.encode(word).decode()[1:-1]


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
