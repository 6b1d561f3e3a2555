"""The writer of segments: what fails is refused, and never asked of the same file again."""

import errno
import os
from pathlib import Path

import pytest
from logged_rows import prediction

from modelyard.errors.store import LogUnavailable
from modelyard.store import segment_file
from modelyard.store.segment_file import SegmentFile
from modelyard.store.segments import line, read_segment, recover, segments

RECORDS = [prediction(f"r{n}") for n in range(3)]


def _read(folder: Path) -> list[list[bytes | None]]:
    return [[one.record for one in read_segment(path)] for path in segments(folder)]


def test_what_is_written_is_what_the_shipper_reads_and_a_full_file_is_followed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_file, "SEGMENT_BYTES", 2 * len(line(RECORDS[0])))
    file = SegmentFile(tmp_path, sync=True)
    for record in RECORDS:
        file.write(line(record))
    file.close()
    assert _read(tmp_path) == [RECORDS[:2], RECORDS[2:]]
    assert recover(tmp_path).damaged == ()


def test_a_file_whose_sync_failed_is_never_synced_or_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []

    def sync(handle: int) -> None:
        synced.append(os.fstat(handle).st_ino)
        if len(synced) == 2:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", sync)
    monkeypatch.setattr(segment_file, "PAUSE_SECONDS", 0.0)
    file = SegmentFile(tmp_path, sync=True)
    file.write(line(RECORDS[0]))
    with pytest.raises(LogUnavailable, match="Input/output error"):
        file.write(line(RECORDS[1]))
    file.write(line(RECORDS[2]))
    file.close()
    first, second = segments(tmp_path)
    assert synced == [first.stat().st_ino, first.stat().st_ino, second.stat().st_ino]
    assert _read(tmp_path) == [RECORDS[:2], RECORDS[2:]]


def test_after_a_failure_the_disk_is_left_alone_for_a_moment(tmp_path: Path) -> None:
    file = SegmentFile(tmp_path / "missing", sync=False)
    with pytest.raises(LogUnavailable, match="No such file"):
        file.write(line(RECORDS[0]))
    with pytest.raises(LogUnavailable, match="a moment ago"):
        file.write(line(RECORDS[0]))
