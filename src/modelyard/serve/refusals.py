"""Errors as answers: status, headers and a body with what was found, where, and the way out."""

from __future__ import annotations

import msgspec

from modelyard.errors import ModelyardError
from modelyard.errors.serving import BadRows
from modelyard.serve.doors import Headers

_PROBLEM = (b"content-type", b"application/problem+json")


def refusal(error: ModelyardError) -> tuple[int, Headers, bytes]:
    """Status, headers and body that say what was wrong."""
    return error.status, _error_headers(error), _problem(error)


def _problem(error: ModelyardError) -> bytes:
    facts: dict[str, object] = {"status": error.status, **error.as_dict()}
    if isinstance(error, BadRows):
        facts["problems"] = error.problems
    return msgspec.json.encode(facts)


def _error_headers(error: ModelyardError) -> Headers:
    headers: Headers = [_PROBLEM]
    if error.status == 503:
        headers.append((b"retry-after", b"2"))
    if error.status == 405:
        headers.append((b"allow", error.where.encode()))
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    return headers
