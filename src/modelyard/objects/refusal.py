"""What the library says, as our errors: the status and the store's own code, never the text, which may hold a signed
address or bytes of the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from modelyard.errors import ModelyardError
from modelyard.errors.connection import (
    AccessDenied,
    MissingObject,
    ObjectChanged,
    StoreRefused,
    UnknownBucket,
    Unreachable,
)
from modelyard.schema.object_store import ObjectStore

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z0-9]{1,60})</Code>|x-ms-error-code: ([A-Za-z0-9]{1,60})")
_WORDS = re.compile(r"<Message>([^<]{1,300})")
NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "InvalidBucketName")
NO_SUCH_KEY = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthenticationFailed", "InvalidAuthenticationInfo",
               "ExpiredToken", "InvalidToken")  # fmt: skip
REGION = (
    "PermanentRedirect",
    "TemporaryRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
)


@contextmanager
def told(connection: ObjectStore, key: str = "") -> Iterator[None]:
    """What is raised inside becomes one of our errors, which names the connection and the key."""
    from obstore.exceptions import BaseError

    try:
        yield
    except ModelyardError:
        raise
    except (BaseError, OSError, ValueError) as error:
        raise refusal(connection, key, error) from None


def refusal(connection: ObjectStore, key: str, error: Exception) -> ModelyardError:
    text = str(error)
    status = int(found[1]) if (found := _STATUS.search(text)) else 0
    code = (found[1] or found[2]) if (found := _CODE.search(text)) else ""
    who, where = f"connection {connection.name!r}", f"{connection.scheme}://{connection.place}/{key}".rstrip("/")
    kind = type(error).__name__
    if code in NO_BUCKET or (status == 404 and not key):
        return UnknownBucket(f"there is no bucket {connection.place!r}", who=who, where=where)
    if isinstance(error, FileNotFoundError) or kind == "NotFoundError" or status == 404:
        return MissingObject(f"there is no object {key!r}", who=who, where=where)
    if kind == "PreconditionError" or status == 412:
        return ObjectChanged(f"the object {key!r} was replaced while it was read", who=who, where=where)
    if status in (401, 403) or kind in ("PermissionDeniedError", "UnauthenticatedError"):
        return _denied(connection, code, who, where)
    if status in (301, 307) or code in REGION:
        way_out = "Write the bucket's own `region:` (and `endpoint:`)"
        return StoreRefused("the bucket lies in another region", who=who, where=where, way_out=way_out)
    if status:
        words = f": {found[1].strip()}" if (found := _WORDS.search(text)) else ""
        return StoreRefused(_hidden(f"{status} {code}{words}", connection), who=who, where=where)
    return _silent(connection, text, who, where)


def _denied(connection: ObjectStore, code: str, who: str, where: str) -> AccessDenied:
    if not connection.signed:
        way_out = "Write the connection's key, each secret as a variable: modelyard connect NAME does"
        return AccessDenied("it is not public, and the connection has no key", who=who, where=where, way_out=way_out)
    if code in NO_SUCH_KEY:
        way_out = "Check the key and the variable that holds its secret, and this machine's clock"
        return AccessDenied(f"the store does not take this key ({code})", who=who, where=where, way_out=way_out)
    way_out = "Let the key read, list or write there, whichever was asked, or take another"
    said = f"this key may not do that ({code})" if code else "this key may not do that, or is none"
    return AccessDenied(said, who=who, where=where, way_out=way_out)


def _silent(connection: ObjectStore, text: str, who: str, where: str) -> ModelyardError:
    if "rror sending request" in text or "HTTP error" in text or "timed out" in text or "body" in text:
        way_out = "Check `endpoint:` and `region:`, that the store runs, and that this machine may reach it"
        asked = connection.endpoint or "the cloud's own address"
        return Unreachable(f"nothing answers to the end at {asked}", who=who, where=where, way_out=way_out)
    return StoreRefused(_hidden(text.strip().split("\n")[0][:300], connection), who=who, where=where)


def _hidden(text: str, connection: ObjectStore) -> str:
    for secret in connection.secrets:
        text = secret.hidden_in(text)
    return text
