"""`modelyard connect NAME`: ask for a connection, try it, write it; or try one that is written."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelyard.cli.options import Json
from modelyard.cli.output import document

if TYPE_CHECKING:
    from modelyard.api.databases import Tried

SHOWN = 20


def command(
    name: Annotated[str, typer.Argument(help="What steps call the connection.")],
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="postgresql, mysql, mariadb, sqlite, duckdb, rest, s3, gcs or azure; asked for."),
    ] = None,
    host: Annotated[str | None, typer.Option("--host", help="A name or an address.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Where the server listens.")] = None,
    database: Annotated[str | None, typer.Option("--database", help="The database on that server.")] = None,
    user: Annotated[str | None, typer.Option("--user", help="Who asks.")] = None,
    password: Annotated[
        str | None, typer.Option("--password-variable", help="The variable that holds the password; - for none.")
    ] = None,
    tls: Annotated[str | None, typer.Option("--tls", help="prefer, require or verify.")] = None,
    path: Annotated[str | None, typer.Option("--path", help="The file of SQLite or DuckDB.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="Of a web service: https://HOST/PATH.")] = None,
    auth: Annotated[
        str | None, typer.Option("--auth", help="Of a web service: none, bearer (--password-variable) or basic.")
    ] = None,
    reach: Annotated[
        str | None, typer.Option("--reach", help="Of a web service, where it may lie: public, private or local.")
    ] = None,
    bucket: Annotated[str | None, typer.Option("--bucket", help="Of s3 and gcs: the bucket.")] = None,
    region: Annotated[str | None, typer.Option("--region", help="Of s3: where the bucket lies.")] = None,
    access_key: Annotated[
        str | None, typer.Option("--access-key", help="Of s3: the name of the key; its secret by --password-variable.")
    ] = None,
    account: Annotated[str | None, typer.Option("--account", help="Of azure: the storage account.")] = None,
    container: Annotated[str | None, typer.Option("--container", help="Of azure: the container.")] = None,
    prefix: Annotated[
        str | None, typer.Option("--prefix", help="Of an object store: what each path begins with.")
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help="Of an object store that is not the cloud's own: https://HOST.")
    ] = None,
    allow_http: Annotated[bool, typer.Option("--allow-http", help="Let the endpoint begin with http://.")] = False,
    file: Annotated[str, typer.Option("--file", help="The project file, or its folder.")] = "modelyard.yaml",
    json: Json = False,
) -> None:
    """Ask what is missing, try the connection, and write it into the project file: never the password, only the name of
    its variable. A connection that is already there is tried, and its tables are listed."""
    from modelyard.api.databases import add_connection, document_of, try_connection

    given = {"kind": kind, "host": host, "port": port, "database": database, "user": user, "password": password,
             "tls": tls, "path": path, "url": url, "auth": auth, "reach": reach, "bucket": bucket,
             "region": region, "access_key": access_key, "account": account, "container": container, "prefix": prefix,
             "endpoint": endpoint, "allow_http": allow_http or None}  # fmt: skip
    given = {key: value for key, value in given.items() if value is not None}
    environment = dict(os.environ)
    there = [str(entry.get("name")) for entry in document_of(file)[0].data.get("connections") or ()]
    if name in there:
        _new_is_refused(name, given)
        _show(try_connection(file, name, environment), file, json)
        return
    entry = _entry(name, given)
    _secret(entry, environment)
    _show(add_connection(file, entry, environment), file, json, _variable(entry))


def _new_is_refused(name: str, given: dict[str, Any]) -> None:
    from modelyard.errors.project import AlreadyThere

    if given:
        raise AlreadyThere(f"the file has a connection {name!r}", way_out="Change it in the file, or take another name")


def _entry(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """As the file will have it, each missing field asked for."""
    from modelyard.cli.store_entry import FIELDS
    from modelyard.cli.store_entry import entry as store_entry
    from modelyard.errors import did_you_mean
    from modelyard.errors.project import BadParameter
    from modelyard.schema.connection import KINDS, Server

    kind = given.get("kind") or _ask("kind", "postgresql")
    if kind not in KINDS:
        raise BadParameter(f"no kind of connection {kind!r}", way_out=did_you_mean(str(kind), KINDS))
    if kind == "rest":
        return _service(name, given)
    if kind in FIELDS:
        return store_entry(name, kind, given, _ask)
    fields: dict[str, Any] = {
        field: given[field] for field in ("host", "port", "database", "user", "tls", "path") if field in given
    }
    if not issubclass(KINDS[kind], Server):
        return {"name": name, "kind": kind, **({"path": _ask("path", None)} if "path" not in given else {}), **fields}
    usual = {"host": "localhost", "database": name, "user": None}
    asked = {field: _ask(field, default) for field, default in usual.items() if field not in fields}
    variable = given.get("password") or _ask("password-variable", f"{name.upper().replace('-', '_')}_PASSWORD")
    secret = {} if variable == "-" else {"password": f"${{{variable}}}"}
    return {"name": name, "kind": kind, **asked, **fields, **secret}


def _service(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Keys and OAuth2 have more to tell than a line of options: they are written by hand, and tried by name."""
    from modelyard.errors.project import BadParameter

    reach = {"reach": given["reach"]} if "reach" in given else {}
    entry = {"name": name, "kind": "rest", "url": given.get("url") or _ask("url", None), **reach}
    auth = given.get("auth") or _ask("auth", "bearer")
    if auth == "none":
        return entry
    if auth not in ("bearer", "basic"):
        way_out = "Write bearer, basic or none; docs/rest.md has the lines of the others"
        raise BadParameter(f"--auth {auth}", who="connect", way_out=way_out)
    secret = "token" if auth == "bearer" else "password"
    variable = given.get("password") or _ask("password-variable", f"{name.upper().replace('-', '_')}_{secret.upper()}")
    user = {"user": given.get("user") or _ask("user", None)} if auth == "basic" else {}
    return {**entry, "auth": {"kind": auth, **user, secret: f"${{{variable}}}"}}


def _variable(entry: dict[str, Any]) -> str:
    """`${NAME}`, where there is a secret."""
    from modelyard.cli.store_entry import variable

    auth = entry.get("auth", {})
    return str(variable(entry) or entry.get("password") or auth.get("token") or auth.get("password") or "")


def _ask(field: str, default: str | None) -> str:
    from modelyard.errors.project import BadParameter

    if not sys.stdin.isatty():
        raise BadParameter(f"--{field} is missing", who="connect", way_out=f"Write --{field}, or run it in a terminal")
    return str(typer.prompt(field, default=default, err=True))


def _secret(entry: dict[str, Any], environment: dict[str, str]) -> None:
    """A password that is in no variable yet is asked for, unseen, to try the connection with it."""
    variable = _variable(entry)[2:-1]
    if variable and variable not in environment and sys.stdin.isatty():
        environment[variable] = str(typer.prompt(f"password (not written; set {variable} later)", hide_input=True,
                                                 default="", show_default=False, err=True))  # fmt: skip


def _kept(secret: str) -> str:
    return f"; the password is not, it stays in {secret[2:-1]}" if secret else ""


def _show(tried: Tried, file: str, json: bool, secret: str = "") -> None:
    if json:
        document(tried)
        return
    tables = ", ".join(tried.tables[:SHOWN]) + (", …" if len(tried.tables) > SHOWN else "")
    said = tried.said or f"{len(tried.tables)} tables: {tables}"
    typer.echo(f"{tried.name} ({tried.kind}) answers in {tried.seconds:.2f} s. {said}")
    if tried.written:
        typer.echo(f"Written into {file}{_kept(secret)}.")
