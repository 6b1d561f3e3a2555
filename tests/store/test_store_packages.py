"""A package in the store is found by its digest, and by no other."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "package"))

import pytest
from msgspec.structs import replace
from small_model import model

from modelyard.errors.package import BadDigest, BadPackage
from modelyard.package.keys import PrivateKey
from modelyard.store.packages import add_package, open_package
from modelyard.store.place import Store


def test_a_model_goes_in_once_and_comes_out_verified(tmp_path: Path) -> None:
    store = Store(tmp_path / "yard").make()
    key = PrivateKey.ensure(store.keys)
    digest = add_package(store, model(), key)
    assert add_package(store, model(), key) == digest
    assert open_package(store, digest, "late").created == model().created
    newer = add_package(store, replace(model(), created=5), key)
    store.package(newer).rename(store.root / "newer")
    store.package(digest).rename(store.package(newer))
    with pytest.raises(BadDigest):
        open_package(store, newer)
    with pytest.raises(BadPackage):
        open_package(store, digest)
