"""A look killed at any moment, by the system and not by an exception, goes on to what an undisturbed one says."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from watched_store import DAY, START, WALL, Rows, send, serve, watched_model, yard

from modelyard.loop.limits import Asked
from modelyard.loop.watch import Watch, look
from modelyard.loop.watched import WINDOW
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.records import read_records

WATCH = Watch(model="late", drift=("drift",), performance=(Asked(monitor="quality", known_after=3 * DAY),))
LOOKER = """
import sys
from pathlib import Path
from modelyard.loop.limits import Asked
from modelyard.loop.watch import Watch, look
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
store, day = Store(Path(sys.argv[1])), 86_400_000_000
watch = Watch(model="late", drift=("drift",), performance=(Asked(monitor="quality", known_after=3 * day),))
with Metadata(store.metadata_url) as metadata:
    print("ready", flush=True)
    look(store, metadata, watch, int(sys.argv[2]))
"""


def said(store: Store) -> list[dict[str, Any]]:
    with Metadata(store.metadata_url) as metadata, metadata.begin() as sql:
        found = [*read_records(sql, "verdict", "late"), *read_records(sql, WINDOW, "late")]
    return sorted(({"key": one.key, **one.document} for one in found), key=lambda one: str(one["key"]))


def test_kill_minus_nine_while_it_looks_changes_nothing(tmp_path: Path) -> None:
    store, model = yard(tmp_path), watched_model()
    with Metadata(store.metadata_url) as metadata:
        digest = serve(store, metadata, model)
        send(store, metadata, Rows(9, START, 1), model, digest, "a")
        send(store, metadata, Rows(9, START + 9 * DAY, 2, shift=0.6, flip=0.5), model, digest, "b")
    undisturbed = Store(tmp_path / "copy")
    shutil.copytree(store.root, undisturbed.root)
    with Metadata(undisturbed.metadata_url) as metadata:
        assert {one.kind for one in look(undisturbed, metadata, WATCH, WALL)} == {"drifted", "worse"}
    killed = 0
    for round_ in range(3):
        command = [sys.executable, "-c", LOOKER, str(store.root), str(WALL)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.2 + 0.25 * round_)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
        process.wait()
        process.stdout.close()
    assert killed > 0
    with Metadata(store.metadata_url) as metadata:
        look(store, metadata, WATCH, WALL)
    assert said(store) == said(undisturbed)
