"""Packages in the store: a folder named by its digest, written whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Collection

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


def collect(store: Store, registered: Collection[str], before: float) -> list[str]:
    """Delete what a killed training left: packages, or parts of one, last written `before` (seconds since 1970) that
    are no registered version. The names of what went."""
    found = [path for path in store.packages.iterdir() if path.name not in registered]
    gone = [path for path in found if path.stat().st_mtime < before]
    for path in gone:
        shutil.rmtree(path)
    return sorted(path.name for path in gone)
