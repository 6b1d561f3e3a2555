"""Errors about connections: databases and services that are not reached, refuse, or hold something else than asked.

No text here ever holds a password: what a driver says is kept to one line, and the secret is taken out of it.
"""

from __future__ import annotations

from modelyard.errors import ModelyardError


class UnknownConnection(ModelyardError):
    """A step or a policy names a connection that the project file does not have."""

    way_out = "Write it under `connections:`, or let `modelyard connect NAME` write it."
    exit = 2


class Unreachable(ModelyardError):
    """Nothing answers where the connection leads: no such host, nobody at the port, no such file, no answer in time, a
    certificate that is not trusted."""

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


class ForbiddenAddress(ModelyardError):
    """A web service leads where its connection may not go: an address of a private network, of this machine or of a
    cloud's metadata; another host or scheme, by a redirect or by the URL of the next page. Nothing was sent there."""

    way_out = "If its host is meant to lie in your own network, write `reach: private` (or `local`) in its connection."


class ServiceRefused(ModelyardError):
    """A web service answers with an error, and went on doing so when asked again where that can help."""

    way_out = "Read what the service says; check `path:` and `parameters:` of the step."


class UnfitAnswer(ModelyardError):
    """What a web service sends is no page of a table: no JSON, cut short, no array of records where it was said to be,
    another number of rows than the service itself says."""

    way_out = "Look at what the service sends; `records:` names the keys under which the rows lie."


class EndlessPages(ModelyardError):
    """The pages of a web service lead in a circle, repeat, or go on without rows."""

    way_out = "Check `paging:` of the step against the service's documentation."


class OverLimit(ModelyardError):
    """A read goes past what `at_most:` allows: bytes, pages or time. Nothing is given in part."""

    way_out = "Ask for less by `parameters:`, or allow more under `at_most:`."


class UnknownBucket(ModelyardError):
    """The object store has no such bucket or container, or does not show it to this key."""

    way_out = "Check `bucket:` (or `container:`) and `endpoint:`; the bucket is made by who owns the store, not here."
    exit = 2


class MissingObject(ModelyardError):
    """The bucket has no object of this key, or none that the pattern matches."""

    way_out = "Check `path:` and the connection's `prefix:`; `modelyard connect NAME` lists what is there."
    exit = 2


class ObjectChanged(ModelyardError):
    """An object was replaced while it was read: its parts would be of two versions."""

    way_out = "Run again: the new version is read whole. Whoever writes it may write under a new name instead."


class StoreRefused(ModelyardError):
    """The object store was reached and refuses: another region, a quota, a fault of its own, bytes that do not fit."""

    way_out = "Read what the store says; no half written object is there."
