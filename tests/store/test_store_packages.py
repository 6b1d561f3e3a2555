"""A package in the store is found by its digest, and by no other."""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "package"))

import pytest
from msgspec.structs import replace
from small_model import model

from modelyard.errors.package import BadDigest, BadPackage
from modelyard.package.keys import PrivateKey
from modelyard.store.packages import add_package, collect, open_package
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


def test_what_a_killed_training_left_goes_after_a_day_and_nothing_else(tmp_path: Path) -> None:
    store = Store(tmp_path / "yard").make()
    key = PrivateKey.ensure(store.keys)
    registered, orphan, fresh = (add_package(store, replace(model(), created=number), key) for number in range(3))
    half = store.packages / ".new-x"
    half.mkdir()
    two_days_ago = time.time() - 2 * 86_400
    for path in (store.package(registered), store.package(orphan), half):
        os.utime(path, (two_days_ago, two_days_ago))
    assert collect(store, {registered}, time.time() - 86_400) == sorted([".new-x", orphan])
    assert {path.name for path in store.packages.iterdir()} == {registered, fresh}
