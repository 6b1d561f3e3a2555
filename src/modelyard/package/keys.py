"""Ed25519 keys on disk, and which of them are trusted for what.

`keys/` is private (0700) and holds `signing.pem` (0600); `keys/trusted/` holds one JSON file per public key, which is
all that a server reads. A key's id is a digest of the public key, so a key cannot pretend to be another.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from modelyard.errors.package import BadKey, UntrustedKey


def key_id(public: bytes) -> str:
    """32 hex digits of the SHA-256 of the raw 32-byte public key."""
    return hashlib.sha256(public).hexdigest()[:32]


class PrivateKey:
    """What signs. Lives in the process that packages, never in a server."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw()
        self.id = key_id(self.public)

    @classmethod
    def generate(cls) -> PrivateKey:
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def read(cls, keys: Path) -> PrivateKey:
        """The key of that folder. Raises BadKey, also when others may read it."""
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # a server never needs it

        path = keys / "signing.pem"
        try:
            if stat.S_IMODE(path.stat().st_mode) & 0o077 or stat.S_IMODE(keys.stat().st_mode) & 0o077:
                raise BadKey("other users may read the signing key", where=str(path))
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            raise BadKey(f"the signing key cannot be read: {error}", where=str(path)) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise BadKey("the signing key is no Ed25519 key", where=str(path))
        return cls(key)

    @classmethod
    def ensure(cls, keys: Path) -> PrivateKey:
        """The folder's key; a first call makes it, and trusts it for every model of this store."""
        if (keys / "signing.pem").exists():
            return cls.read(keys)
        (keys / "trusted").mkdir(parents=True, exist_ok=True)
        keys.chmod(0o700)
        made = cls.generate()
        try:
            handle = os.open(keys / "signing.pem", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls.read(keys)
        with os.fdopen(handle, "wb") as file:
            file.write(made.pem())
            os.fsync(file.fileno())
        trust_key(keys / "trusted", TrustedKey(public=made.public.hex()))
        return made

    def pem(self) -> bytes:
        from cryptography.hazmat.primitives import serialization as form

        return self._key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(message)


class TrustedKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`models`: names or globs it may sign. Times in microseconds since 1970; None is open."""

    public: str
    """The raw public key, 64 hex digits."""
    models: tuple[str, ...] = ("*",)
    not_before: int | None = None
    not_after: int | None = None
    revoked: bool = False

    @property
    def id(self) -> str:
        return key_id(bytes.fromhex(self.public))


class Trust:
    """The keys that this store or server trusts."""

    def __init__(self, keys: Mapping[str, TrustedKey]) -> None:
        self.keys = dict(keys)

    @classmethod
    def of(cls, *keys: TrustedKey | PrivateKey) -> Trust:
        known = [k if isinstance(k, TrustedKey) else TrustedKey(public=k.public.hex()) for k in keys]
        return cls({key.id: key for key in known})

    @classmethod
    def read(cls, trusted: Path) -> Trust:
        """Every `*.json` of that folder; a file that is no key is an error, not a shrug. Raises BadKey."""
        found = []
        for path in sorted(trusted.glob("*.json")):
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=TrustedKey))
                key_id(bytes.fromhex(found[-1].public))
            except (OSError, ValueError) as error:
                raise BadKey(f"no trusted key: {error}", where=str(path)) from error
        return cls.of(*found)

    def verify(self, key: str, signature: bytes, message: bytes) -> TrustedKey:
        """The trusted key that made this signature. Raises UntrustedKey, naming the key id."""
        trusted = self.keys.get(key)
        if trusted is None:
            raise UntrustedKey(f"the key {key} is not trusted here")
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(trusted.public)).verify(signature, message)
        except (InvalidSignature, ValueError):
            raise UntrustedKey(f"the signature said to be of key {key} is not") from None
        return trusted


def allow(key: TrustedKey, model: str, now: int) -> None:
    """Whether policy lets this key sign that model at that time (microseconds). Raises UntrustedKey."""
    if key.revoked:
        raise UntrustedKey(f"the key {key.id} is revoked")
    if (key.not_before is not None and now < key.not_before) or (key.not_after is not None and now > key.not_after):
        raise UntrustedKey(f"the key {key.id} is not valid at this time")
    if not any(fnmatchcase(model, pattern) for pattern in key.models):
        raise UntrustedKey(f"the key {key.id} may not sign the model {model!r}")


def trust_key(trusted: Path, key: TrustedKey) -> None:
    """Write the public key where servers look."""
    trusted.mkdir(parents=True, exist_ok=True)
    (trusted / f"{key.id}.json").write_bytes(msgspec.json.format(msgspec.json.encode(key), indent=2))
