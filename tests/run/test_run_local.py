"""Worker processes answer as this process does; a run that is killed goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from run_projects import CLASSES, planned

from modelyard.errors.run import WorkerDied
from modelyard.run.cache import Cache
from modelyard.run.data import Data, read_data
from modelyard.run.engine import Comparing
from modelyard.run.engines import inline
from modelyard.run.engines.local import Local
from modelyard.run.spill import open_data, write_data
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.versions import champion, listed

RUN = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from run_projects import CLASSES, planned
from modelyard.run.engine import run
from modelyard.run.events import Stream
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
store = Store(Path({folder!r}) / "yard").make()
with Metadata(f"sqlite:///{{store.root / 'meta.db'}}") as metadata:
    say = Stream(lambda event: print(type(event).__name__, flush=True))
    print(run(planned(Path({folder!r}), CLASSES), store, metadata, now=7, cores=1, stream=say).package.digest)
"""


@pytest.fixture
def work(tmp_path: Path) -> Comparing:
    plan = planned(tmp_path, CLASSES)
    return Comparing.of(plan, read_data(plan), 2, Store(tmp_path / "yard").make())


def test_rows_on_disk_are_the_rows(work: Comparing, tmp_path: Path) -> None:
    write_data(work.data, tmp_path / "spilled")
    back: Data = open_data(tmp_path / "spilled")
    assert back.outcome == work.data.outcome
    assert np.array_equal(back.y, work.data.y)
    for name, vector in work.data.table.vectors.items():
        assert back.table.vector(name).categories == vector.categories
        assert np.array_equal(back.table[name], vector.values, equal_nan=vector.kind != "text")


def test_workers_answer_what_this_process_answers(work: Comparing, tmp_path: Path) -> None:
    pieces = work.pieces(work.plan.candidates)
    here = {one.key: s for one, s in inline.work(pieces, work.data, work.setting, Cache(tmp_path / "here"))}
    local = Local(2, 2, tmp_path / "rows")
    there = {one.key: s for one, s in local.work(pieces, work.data, work.setting, Cache(tmp_path / "there"))}
    assert here.keys() == there.keys()
    for key, scores in here.items():
        assert not scores.error
        assert np.array_equal(scores.scores, there[key].scores)


def test_a_worker_that_is_killed_ends_the_run_with_a_word(work: Comparing, tmp_path: Path) -> None:
    local = Local(1, 1, tmp_path / "rows")
    pieces = work.pieces(work.plan.candidates)
    answers = local.work(pieces, work.data, work.setting, Cache(tmp_path / "there"))
    next(answers)
    _kill_children(b"modelyard.run.worker")
    with pytest.raises(WorkerDied, match="-9"):
        list(answers)


def _kill_children(word: bytes) -> None:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            mine = f"\nPPid:\t{os.getpid()}\n" in (entry / "status").read_text()
            if mine and word in (entry / "cmdline").read_bytes():
                os.kill(int(entry.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            continue


def test_a_run_killed_again_and_again_makes_one_version(tmp_path: Path) -> None:
    planned(tmp_path, CLASSES)
    code = RUN.format(folder=str(tmp_path), tests=str(Path(__file__).parent))
    for lines in (1, 4, 9, 14):
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for _ in range(lines):
            child.stdout.readline()
        child.kill()
        child.wait()
        child.stdout.close()
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert time.monotonic() - began < 120
    digest = done.stdout.split()[-1]
    with Metadata(f"sqlite:///{tmp_path / 'yard' / 'meta.db'}") as metadata, metadata.begin() as sql:
        assert [one.digest for one in listed(sql, "shop")] == [digest]
        serving = champion(sql, "shop")
        assert serving is not None
        assert (serving[0].digest, serving[1]) == (digest, 1)
