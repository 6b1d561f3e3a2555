"""The entry of an object store, as `modelyard connect` writes it: what is missing asked for, secrets as variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Ask = Callable[[str, str | None], str]
FIELDS = {
    "s3": ("bucket",),
    "gcs": ("bucket",),
    "azure": ("account", "container"),
}
SECRETS = {"s3": "secret_key", "gcs": "service_account", "azure": "account_key"}
OTHERS = ("prefix", "region", "endpoint")


def entry(name: str, kind: str, given: dict[str, Any], ask: Ask) -> dict[str, Any]:
    """`given`: the options by name. With `password: -` nothing is signed, and no key is asked for."""
    asked = {field: given.get(field) or ask(field, None) for field in FIELDS[kind]}
    others = {field: given[field] for field in OTHERS if field in given}
    http = {"allow_http": True} if given.get("allow_http") else {}
    made = {"name": name, "kind": kind, **asked, **others, **http}
    secret = SECRETS[kind]
    if given.get("password") == "-":
        return made
    key = {"access_key": given.get("access_key") or ask("access-key", None)} if kind == "s3" else {}
    usual = f"{name.upper().replace('-', '_')}_{secret.upper()}"
    variable = given.get("password") or ask("password-variable", usual)
    return {**made, **key, secret: f"${{{variable}}}"}


def variable(entry: dict[str, Any]) -> str:
    """`${NAME}`, where there is a secret."""
    return next((str(entry[name]) for name in SECRETS.values() if name in entry), "")
