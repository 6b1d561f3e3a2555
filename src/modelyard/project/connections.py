"""`connections:` of the project file: what is written there checked, what it means read when it is needed.

Why late: a server or a status needs no database of the project, and must not fail for want of its password. Checked at
once is everything that is wrong whatever the variables hold, a password written in clear above all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from modelyard.errors import did_you_mean
from modelyard.errors.project import BadParameter
from modelyard.project.decode import decode, field_names, known_keys
from modelyard.project.environment import Environment
from modelyard.project.read import Document
from modelyard.schema.auth import AUTHS
from modelyard.schema.connection import KINDS, Connection, Connections, as_secret

SECRETS = ("password", "secret_key", "session_token", "service_account", "account_key", "sas_token")
_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-)?\}")


def connections(document: Document, environment: Environment) -> Connections:
    """What stands under `connections:`. Raises BadParameter, UnknownKey: with the line, never with a secret."""
    known: dict[str, Any] = {}
    for place, entry in enumerate(document.data.get("connections") or ()):
        path = f"connections[{place}]"
        name = _checked(entry, path, document)
        if name in known:
            raise BadParameter(f"two connections are called {name!r}", where=document.where(path))
        known[name] = _Read(entry, path, document, environment)
    return Connections(known)


class _Read:
    """One entry, ready to be read."""

    def __init__(self, entry: dict[str, Any], path: str, document: Document, environment: Environment) -> None:
        self.entry, self.path, self.document, self.environment = entry, path, document, environment

    def __call__(self) -> Connection:
        document, path = self.document, self.path
        # A port is a number, quoted or not (between braces YAML wants the quotes); a password of digits stays a text.
        bare = frozenset({f"{path}.port"})
        values = self.environment.expand(self.entry, path, document.where, bare)
        values |= {name: None for name in SECRETS if values.get(name) == ""}
        kind: type[Connection] = KINDS[values["kind"]]
        who = f"connection {self.entry['name']!r}"
        return decode(values, kind, path, document, self.environment, who, dec_hook=as_secret)


def _checked(entry: dict[str, Any], path: str, document: Document) -> str:
    """The name of an entry whose form holds."""
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not name:
        way_out = "Write {name: …, kind: …, …}; `modelyard connect NAME` does"
        raise BadParameter("a connection without a name", where=document.where(path), way_out=way_out)
    kind = entry.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        where = document.where(f"{path}.kind")
        raise BadParameter(f"no kind of connection {kind!r}", where=where, way_out=did_you_mean(str(kind), KINDS))
    known_keys(entry, ("kind", *field_names(KINDS[kind])), path, document, f"connection {name!r}")
    for place, value in _secrets(entry):
        if not (isinstance(value, str) and _VARIABLE.fullmatch(value)):
            secret = place.rpartition(".")[2]
            raise BadParameter(
                f"`{secret}:` is written in the file, where everybody reads it",
                who=f"connection {name!r}",
                where=document.where(f"{path}.{place}"),
                way_out=f'Change it where it is valid, and write {secret}: "${{{name.upper().replace("-", "_")}'
                f'_{secret.upper()}}}" with the new one in that variable',
            )
    return name


def _secrets(entry: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What must be a variable, by its path in the entry."""
    yield from ((name, entry[name]) for name in SECRETS if name in entry)
    auth = entry.get("auth")
    if isinstance(auth, dict):
        known = AUTHS.get(str(auth.get("kind")))
        names = known.secret_fields() if known else ()
        yield from ((f"auth.{name}", auth[name]) for name in names if name in auth)
