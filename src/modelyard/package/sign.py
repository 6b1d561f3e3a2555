"""Signatures over a manifest: DSSE (dead simple signing envelope), detached, Ed25519.

What is signed is not the manifest but its pre-authentication encoding, which names the type and every length, so that
no bytes can be read as another message. Source: secure-systems-lab/dsse, protocol.md.
"""

from __future__ import annotations

from base64 import b64decode, b64encode

import msgspec
from msgspec import Struct

from modelyard.errors.package import UntrustedKey
from modelyard.package.keys import PrivateKey, Trust, TrustedKey

TYPE = "application/vnd.modelyard.manifest+json"


class Signature(Struct, frozen=True, forbid_unknown_fields=True):
    keyid: str
    sig: str
    """Base64 of the 64 bytes."""


class Envelope(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    payload_type: str
    signatures: tuple[Signature, ...]


def pae(kind: str, payload: bytes) -> bytes:
    """
    >>> pae("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    return b"DSSEv1 %d %s %d %s" % (len(kind.encode()), kind.encode(), len(payload), payload)


def sign(manifest: bytes, *keys: PrivateKey) -> bytes:
    """The bytes of `signature.json`."""
    message = pae(TYPE, manifest)
    signatures = tuple(Signature(key.id, b64encode(key.sign(message)).decode()) for key in keys)
    return msgspec.json.encode(Envelope(TYPE, signatures))


def verify(manifest: bytes, envelope: bytes, trust: Trust) -> TrustedKey:
    """The first trusted key with a good signature. Raises UntrustedKey."""
    try:
        read = msgspec.json.decode(envelope, type=Envelope)
        offered = [(s.keyid, b64decode(s.sig, validate=True)) for s in read.signatures]
    except ValueError as error:
        raise UntrustedKey(f"the signature cannot be read: {error}") from error
    again = tuple(Signature(key, b64encode(signature).decode()) for key, signature in offered)
    if msgspec.json.encode(Envelope(read.payload_type, again)) != envelope:
        raise UntrustedKey("the signature is not written the way it is written here")
    if read.payload_type != TYPE or not offered:
        raise UntrustedKey("the package is not signed as a manifest")
    known = [one for one in offered if one[0] in trust.keys]
    if not known:
        raise UntrustedKey(f"signed by {', '.join(key for key, _ in offered)[:200]}, which is not trusted here")
    return trust.verify(*known[0], pae(TYPE, manifest))
