"""The body of a request, within the limits of size and time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from modelyard.errors.serving import SlowClient, TooLarge, WrongContentType
from modelyard.rows.json import MAX_BODY

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

RECEIVE_SECONDS = 10.0


def is_json(content_type: bytes) -> bool:
    return content_type == b"application/json" or content_type.split(b";")[0].strip().lower() == b"application/json"


async def whole_body(scope: Scope, receive: Receive) -> bytes:
    """The whole body, within the limits of size and time. Raises WrongContentType, TooLarge, SlowClient."""
    for name, value in scope["headers"]:
        if name == b"content-type" and not is_json(value):
            raise WrongContentType("the body is declared as something else than JSON")
        if name == b"content-length" and int(value) > MAX_BODY:
            raise TooLarge(f"the body has {int(value):,} bytes, over {MAX_BODY:,}")
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body
    try:
        async with asyncio.timeout(RECEIVE_SECONDS):
            return await _rest(body, receive)
    except TimeoutError:
        raise SlowClient(f"the body was not complete after {RECEIVE_SECONDS:.0f} s") from None


async def _rest(first: bytes, receive: Receive) -> bytes:
    parts, size, more = [first], len(first), True
    while more:
        message = await receive()
        part: bytes = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > MAX_BODY:
            raise TooLarge(f"the body has more than {MAX_BODY:,} bytes")
        more = message.get("more_body", False)
    return b"".join(parts)
