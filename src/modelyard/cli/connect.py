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
        str | None, typer.Option("--kind", help="postgresql, mysql, mariadb, sqlite or duckdb; asked for when missing.")
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
    file: Annotated[str, typer.Option("--file", help="The project file, or its folder.")] = "modelyard.yaml",
    json: Json = False,
) -> None:
    """Ask what is missing, try the connection, and write it into the project file: never the password, only the name of
    its variable. A connection that is already there is tried, and its tables are listed."""
    from modelyard.api.databases import add_connection, document_of, try_connection

    given = {"kind": kind, "host": host, "port": port, "database": database, "user": user, "password": password,
             "tls": tls, "path": path}  # fmt: skip
    given = {key: value for key, value in given.items() if value is not None}
    environment = dict(os.environ)
    there = [str(entry.get("name")) for entry in document_of(file)[0].data.get("connections") or ()]
    if name in there:
        _new_is_refused(name, given)
        _show(try_connection(file, name, environment), file, json)
        return
    entry = _entry(name, given)
    _secret(entry, environment)
    _show(add_connection(file, entry, environment), file, json, str(entry.get("password", "")))


def _new_is_refused(name: str, given: dict[str, Any]) -> None:
    from modelyard.errors.project import AlreadyThere

    if given:
        raise AlreadyThere(f"the file has a connection {name!r}", way_out="Change it in the file, or take another name")


def _entry(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """As the file will have it, each missing field asked for."""
    from modelyard.errors import did_you_mean
    from modelyard.errors.project import BadParameter
    from modelyard.schema.connection import KINDS, Server

    kind = given.get("kind") or _ask("kind", "postgresql")
    if kind not in KINDS:
        raise BadParameter(f"no kind of connection {kind!r}", way_out=did_you_mean(str(kind), KINDS))
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


def _ask(field: str, default: str | None) -> str:
    from modelyard.errors.project import BadParameter

    if not sys.stdin.isatty():
        raise BadParameter(f"--{field} is missing", who="connect", way_out=f"Write --{field}, or run it in a terminal")
    return str(typer.prompt(field, default=default, err=True))


def _secret(entry: dict[str, Any], environment: dict[str, str]) -> None:
    """A password that is in no variable yet is asked for, unseen, to try the connection with it."""
    variable = str(entry.get("password", "${}"))[2:-1]
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
    typer.echo(f"{tried.name} ({tried.kind}) answers in {tried.seconds:.2f} s. {len(tried.tables)} tables: {tables}")
    if tried.written:
        typer.echo(f"Written into {file}{_kept(secret)}.")
