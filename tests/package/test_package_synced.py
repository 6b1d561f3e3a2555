"""A file that is replaced holds the old bytes or the new ones, and nothing is left beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modelyard.package.synced import replace, write_new


def test_a_disk_that_fails_leaves_the_old_bytes_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pointer.json"
    replace(path, b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_large_content_arrives_whole_and_a_new_file_is_never_written_over(tmp_path: Path) -> None:
    content = os.urandom(3_000_001)
    write_new(tmp_path / "arrays", content)
    assert (tmp_path / "arrays").read_bytes() == content
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "arrays", b"")
    assert (tmp_path / "arrays").read_bytes() == content
