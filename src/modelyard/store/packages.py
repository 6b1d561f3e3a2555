"""Packages in the store: a folder named by its digest, written whole or not at all."""

from __future__ import annotations

from modelyard.package.keys import PrivateKey, Trust
from modelyard.package.load import load
from modelyard.package.model import Model
from modelyard.package.write import contents, write_files
from modelyard.store.place import Store


def add_package(store: Store, model: Model, key: PrivateKey) -> str:
    """Package the model into the store; its digest. The same model again is the same package."""
    files, digest = contents(model, key)
    write_files(files, store.package(digest))
    return digest


def open_package(store: Store, digest: str, name: str | None = None) -> Model:
    """The model of that digest, verified against the keys that the store trusts."""
    return load(store.package(digest), Trust.read(store.trusted), digest=digest, name=name)
