"""A connection is typed fields; its password is a variable, and is shown nowhere."""

from __future__ import annotations

import msgspec
import pytest

from modelyard.errors import ModelyardError
from modelyard.errors.connection import UnknownConnection
from modelyard.errors.project import BadParameter, MissingVariable, UnknownKey
from modelyard.project.connections import connections
from modelyard.project.environment import Environment
from modelyard.project.read import read
from modelyard.project.settings import settings
from modelyard.schema.connection import Connections, Postgresql, Sqlite
from modelyard.step.context import Context

HEAD = "modelyard: 1\nname: p\ntask: regression\ntarget: {column: y}\nconnections:\n"
SECRET = "83751062"  # digits: an unquoted variable must not make a number of it


def known(*entries: str, **variables: str) -> Connections:
    document = read(HEAD + "".join(f"  - {entry}\n" for entry in entries))
    settings(document)
    return connections(document, Environment(variables))


def refused(entry: str, **variables: str) -> ModelyardError:
    with pytest.raises(ModelyardError) as met:
        known(entry, **variables)["crm"]
    assert SECRET not in f"{met.value} {met.value.as_dict()}"
    return met.value


def test_fields_are_typed_and_a_password_of_digits_stays_a_text() -> None:
    entry = "{name: crm, kind: postgresql, host: '${H}', port: '${P}', database: d, user: u, password: '${PW}'}"
    made = known(entry, H="db.internal", P="5433", PW=SECRET)["crm"]
    assert isinstance(made, Postgresql)
    assert (made.host, made.port) == ("db.internal", 5433)
    assert made.password is not None
    assert made.password.reveal() == SECRET


def test_a_secret_is_in_no_text_and_cannot_be_encoded() -> None:
    entry = "{name: crm, kind: postgresql, host: h, database: d, user: u, password: '${PW}'}"
    found = known(entry, PW=SECRET)
    made = found["crm"]
    assert SECRET not in f"{made} {made!r} {found!r} {Context(connections=found)!r}"
    with pytest.raises(TypeError):
        msgspec.json.encode(made)


def test_a_variable_is_needed_only_when_its_connection_is() -> None:
    found = known(
        "{name: crm, kind: mariadb, host: h, database: d, user: u, password: '${PW}'}",
        "{name: lite, kind: sqlite, path: a.db}",
    )
    assert isinstance(found["lite"], Sqlite)
    with pytest.raises(MissingVariable, match="PW is not set"):
        found["crm"]


def test_a_password_in_the_file_is_refused_with_its_line_and_without_itself() -> None:
    for written in (SECRET, f'"{SECRET}"', f'"a${{PW}}{SECRET}"', f'"${{PW:-{SECRET}}}"', f"[{SECRET}]"):
        entry = f"{{name: crm, kind: postgresql, host: h, database: d, user: u, password: {written}}}"
        error = refused(entry, PW=SECRET)
        assert isinstance(error, BadParameter)
        assert ":6" in error.where
        assert "${CRM_PASSWORD}" in error.advice


def test_a_url_is_no_host_and_no_database() -> None:
    for host, database in (("postgresql://u@h/d", "d"), ("h,evil", "d"), ("h", "host=evil"), ("h", "postgres://e/d")):
        entry = f"{{name: crm, kind: postgresql, host: '{host}', database: '{database}', user: u}}"
        assert "no URL" in refused(entry).advice


def test_what_is_misspelt_is_named_with_the_line() -> None:
    error = refused("{name: crm, kind: postgresql, hosst: h, database: d, user: u}")
    assert isinstance(error, UnknownKey)
    assert "did you mean 'host'?" in str(error)
    assert "did you mean 'postgresql'?" in str(refused("{name: crm, kind: postgres, host: h}"))
    assert "integer" not in str(refused("{name: crm, kind: mysql, database: d, user: u}"))
    with pytest.raises(UnknownConnection, match="no connection 'cmr'") as met:
        known("{name: crm, kind: sqlite, path: a.db}")["cmr"]
    assert "did you mean 'crm'?" in str(met.value)
    with pytest.raises(BadParameter, match="two connections"):
        known("{name: crm, kind: sqlite, path: a.db}", "{name: crm, kind: sqlite, path: b.db}")


def test_each_secret_of_a_web_service_is_a_variable_and_shown_nowhere() -> None:
    for fields in (
        "kind: bearer, token", "kind: basic, user: me, password", "kind: key, name: X-Api-Key, key",
        "kind: oauth2, token_url: 'https://l/token', client: me, secret",
    ):  # fmt: skip
        entry = f"{{name: crm, kind: rest, url: 'https://h/v1', auth: {{{fields}: '${{PW}}'}}}}"
        found = known(entry, PW=SECRET)
        assert SECRET not in f"{found['crm']!r} {Context(connections=found)!r}"
        error = refused(entry.replace("${PW}", SECRET))
        assert isinstance(error, BadParameter)
        assert "connections[0].auth." in error.where
        assert "${CRM_" in error.advice
    for fields in ("kind: bearer, token", "kind: key, name: X-Api-Key, key"):
        entry = f"{{name: crm, kind: rest, url: 'https://h/v1', auth: {{{fields}: '${{PW}}'}}}}"
        assert "line end" in refused(entry, PW=f"{SECRET}\n").advice


def test_a_web_service_is_an_address_and_no_url_with_more() -> None:
    for url in (f"https://me:{SECRET}@h/", "http://h/", "https://h/?a=1", "ftp://h/", "h"):
        assert isinstance(refused(f"{{name: crm, kind: rest, url: '{url}'}}"), BadParameter)
    assert isinstance(refused("{name: crm, kind: rest, url: 'https://h', auth: {kind: bearer, tokn: x}}"), UnknownKey)
