"""Errors of the prediction server: what a request can do wrong, and what the server cannot do just now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from modelyard.errors import ModelyardError


class Problem(TypedDict):
    """One thing wrong with one value of a request."""

    row: int
    column: str
    problem: str
    found: str


class BadBody(ModelyardError):
    """The body is not JSON text in UTF-8: malformed, a byte order mark, a lone surrogate, bytes after the end."""

    way_out = "Send RFC 8259 JSON in UTF-8, nothing before or after it; the message names the byte."
    status = 400


class DuplicateKey(ModelyardError):
    """An object of the body has the same key twice, so it does not say which value is meant."""

    way_out = "Send each key once per record."
    status = 400


class TooDeep(ModelyardError):
    """The body nests deeper than 32 levels."""

    way_out = "Send flat records: one object per row, one plain value per column."
    status = 400


class NotRecords(ModelyardError):
    """The body is JSON, but not records: an object, a list of objects, or {"rows": [objects]}."""

    way_out = 'Send {"rows": [{"column": value, …}, …]}.'
    status = 400


class TooLarge(ModelyardError):
    """The body, a string in it or its number of rows is over the server's limit."""

    way_out = "Send smaller parts: at most 8 MB, 10,000 rows, 16 KiB a string. For whole tables there is deploy.batch."
    status = 413


class BadRows(ModelyardError):
    """Values do not fit what the model reads: each problem names its row and column. No row was predicted or logged."""

    way_out = "Correct the values named and send the request again; /v1/models/NAME shows what each column must be."
    status = 422

    def __init__(self, found: str, *, problems: Sequence[Problem] = (), who: str = "", where: str = "") -> None:
        super().__init__(found, who=who, where=where)
        self.problems = tuple(problems)


class BadLabels(ModelyardError):
    """A label record has no id, no value, or not the columns that this model's label is made from."""

    way_out = 'Send {"labels": [{"id": "…", "COLUMN": value}]} with the id that the prediction carried.'
    status = 422


class NoFiniteAnswer(ModelyardError):
    """The model's arithmetic overflows on a row, so that there is no number to answer with."""

    way_out = "Check the row named for values far outside what the model was trained on."
    status = 422


class IdTaken(ModelyardError):
    """The same id came in the last minute with another row."""

    way_out = "Give each row its own id; a retry must repeat the row unchanged."
    status = 409


class NoSuchModel(ModelyardError):
    """The server serves no model of that name."""

    way_out = "GET /readyz lists the names that are served."
    status = 404


class NoSuchRoute(ModelyardError):
    """The server has no such path."""

    way_out = "There is POST /v1/models/NAME/predict and …/labels, GET /v1/models/NAME, /livez, /readyz, /metrics."
    status = 404


class WrongMethod(ModelyardError):
    """The path exists, but not with this HTTP method."""

    way_out = "Use the method that the Allow header names."
    status = 405


class WrongContentType(ModelyardError):
    """The body is declared as something else than JSON."""

    way_out = "Send the header Content-Type: application/json."
    status = 415


class SlowClient(ModelyardError):
    """The request was not complete within 10 seconds."""

    way_out = "Send the whole request at once, or in smaller parts."
    status = 408


class TokenNeeded(ModelyardError):
    """The server was started with a token, and the request carries none or another."""

    way_out = "Send the header Authorization: Bearer TOKEN."
    status = 401


class ForeignOrigin(ModelyardError):
    """A server without a token answers only this machine: the Host or Origin header names another."""

    way_out = "Call it by 127.0.0.1 or localhost, or start it with a token (--token-file)."
    status = 403


class NotServing(ModelyardError):
    """The server has no model to answer with yet, or is shutting down."""

    way_out = "Send the request again in a few seconds."
    status = 503


class Overloaded(ModelyardError):
    """More requests wait for the log than the server holds at once."""

    way_out = "Send the request again a little later, or start more servers."
    status = 503


class OpenToNetwork(ModelyardError):
    """The server was asked to listen beyond this machine without a token."""

    way_out = "Give a token with --token-file or MODELYARD_TOKEN_FILE, or listen on 127.0.0.1."
    exit = 2


class PortBusy(ModelyardError):
    """Another process listens on the port asked for."""

    way_out = "Name another with --port, or --port 0 to have a free one chosen."


class ServerGone(ModelyardError):
    """The prediction server that a command started ended by itself, never listened, or answers nobody."""

    way_out = "Read server.log in the store for what it said last; the same command goes on from where it stopped."


class BadToken(ModelyardError):
    """The token file is empty, unreadable, or its token is too short to be a secret."""

    way_out = "Write at least 32 random characters into the file (`openssl rand -hex 32`) and keep it mode 0600."
    exit = 2


class UnknownZone(ModelyardError):
    """A time zone named by the contract is not known on this machine."""

    way_out = "Install the system's time zone data (Debian: tzdata), or `pip install tzdata`."


class Unpickling(ModelyardError):
    """Code in the serving process tried to load a pickle, which can run anything."""

    way_out = "Nothing of Modelyard needs it: find what was installed beside it that unpickles."
