"""Errors about connections: databases that are not reached, refuse, or hold something else than was asked for.

No text here ever holds a password: what a driver says is kept to one line, and the secret is taken out of it.
"""

from __future__ import annotations

from modelyard.errors import ModelyardError


class UnknownConnection(ModelyardError):
    """A step or a policy names a connection that the project file does not have."""

    way_out = "Write it under `connections:`, or let `modelyard connect NAME` write it."
    exit = 2


class Unreachable(ModelyardError):
    """Nothing answers where the connection leads: no such host, nobody at the port, no such file, no answer in time."""

    way_out = "Check host and port of the connection, that its server runs, and that this machine may reach it."


class AccessDenied(ModelyardError):
    """The database knows neither this user with this password, or does not let the user do that."""

    way_out = "Check `user:` and the variable that `password:` names, and what the database grants to this user."


class UnknownTable(ModelyardError):
    """The database has no such table, or the server no such database."""

    way_out = "Check `table:` and `database:`; `modelyard connect NAME` lists the tables that are there."
    exit = 2


class DatabaseRefused(ModelyardError):
    """The database was reached and refuses: wrong SQL, a value that does not fit, a lock, a broken connection."""

    way_out = "Read what the database says; nothing was changed in it."


class MissingDriver(ModelyardError):
    """The library that speaks to this kind of database is not installed."""

    way_out = "Install it: pip install 'modelyard[duckdb]'."
