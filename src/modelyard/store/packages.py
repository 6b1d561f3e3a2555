"""Packages in the store: a folder named by its digest, written whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Collection

from modelyard.errors import ModelyardError
from modelyard.errors.package import BadDigest
from modelyard.package.keys import PrivateKey, Trust
from modelyard.package.load import load
from modelyard.package.manifest import FILE_BYTES, FLAT_NAME, MANIFEST, MANIFEST_BYTES, SIGNATURE, parse
from modelyard.package.manifest import digest as digest_of
from modelyard.package.model import Model
from modelyard.package.write import contents, write_files
from modelyard.store.place import Store
from modelyard.store.remote import Remote


def add_package(store: Store, model: Model, key: PrivateKey) -> str:
    """Package the model into the store; its digest. The same model again is the same package."""
    files, digest = contents(model, key)
    if store.remote is not None:
        for name in sorted(files, key=lambda name: (name == MANIFEST, name)):
            store.remote.put(f"packages/{digest}/{name}", files[name])
    write_files(files, store.package(digest))
    return digest


def open_package(store: Store, digest: str, name: str | None = None) -> Model:
    """The model of that digest, verified against the keys that the store trusts; fetched from the object store first
    where it is only there."""
    if store.remote is None or store.package(digest).exists():
        return _loaded(store, digest, name)
    _fetch(store, store.remote, digest)
    try:
        return _loaded(store, digest, name)
    except ModelyardError:
        shutil.rmtree(store.package(digest), ignore_errors=True)
        raise


def _loaded(store: Store, digest: str, name: str | None) -> Model:
    return load(store.package(digest), Trust.read(store.trusted), digest=digest, name=name)


def _fetch(store: Store, remote: Remote, digest: str) -> None:
    """Into the folder, if it is all there; the manifest, put last, is looked for first. Raises BadDigest."""
    signed = remote.get(f"packages/{digest}/{MANIFEST}", MANIFEST_BYTES)
    if signed is None:
        return
    if digest_of(signed) != digest:
        raise BadDigest(f"what lies under {digest} in the object store is another package")
    names = (*parse(signed).files, SIGNATURE)
    found = {name: remote.get(f"packages/{digest}/{name}", FILE_BYTES) for name in names if FLAT_NAME.fullmatch(name)}
    files = {name: content for name, content in found.items() if content is not None}
    store.packages.mkdir(parents=True, exist_ok=True)
    write_files({**files, MANIFEST: signed}, store.package(digest))


def collect(store: Store, registered: Collection[str], before: float) -> list[str]:
    """Delete what a killed training left: packages, or parts of one, last written `before` (seconds since 1970) that
    are no registered version. The names of what went."""
    found = [path for path in store.packages.iterdir() if path.name not in registered]
    gone = [path for path in found if path.stat().st_mtime < before]
    for path in gone:
        shutil.rmtree(path)
    return sorted(path.name for path in gone)
