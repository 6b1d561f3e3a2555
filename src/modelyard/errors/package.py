"""Errors about packages: models at rest, their signatures, their proof of parity."""

from __future__ import annotations

from modelyard.errors import ModelyardError


class BadPackage(ModelyardError):
    """A package folder is not exactly what its manifest says: a file more or less, a link, a wrong size, torn."""

    way_out = "Do not use it; package the model again, or copy the package again from where it was written."
    status = 422


class BadDigest(BadPackage):
    """The bytes of a package file are not those that were signed."""

    way_out = "Do not use it: the file was changed after signing, or damaged. Copy or package it again."


class UntrustedKey(ModelyardError):
    """A package is not signed by a key that this store trusts, for this model, at this time."""

    way_out = "If you know the signer, put the public key into `keys/trusted/`; else do not use the package."
    status = 403


class UnknownFormat(BadPackage):
    """A package was written in a format that this version does not read."""

    way_out = "Install the Modelyard version named in the package, or a newer one."


class NotEqual(ModelyardError):
    """A program's answers differ from those of the library that learned it by more than its class of equality allows,
    or a package's stored answers are not given again where it is loaded."""

    way_out = "Nothing was packaged or served; please report it with the kind of model and the library's version."
    status = 422
    exit = 3


class BadKey(ModelyardError):
    """A key file cannot be used: missing, unreadable, of another kind, or open to other users."""

    way_out = "Make the folder private (`chmod 700 keys; chmod 600 keys/*.pem`), or make a new key."


class BadDocument(ModelyardError):
    """Stored data does not have the shape that its type says."""

    way_out = "It was written by another version or damaged: clear the cache, or package the model again."
