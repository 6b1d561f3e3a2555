"""The promise of the log: what a client was told is in the lake exactly once, whatever kills the server when.

50 kills by default, half of them for each durability; MODELYARD_KILLS=1000 for a long night.
"""

import os
import random
import signal
from collections import Counter
from pathlib import Path

import pytest
from serving_load import Load, until
from serving_store import Server, logged, promote

from modelyard.loop.ship import Shipped, ship
from modelyard.store.lake import Lake
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store


@pytest.mark.parametrize("durability", ["fsync", "os"])
def test_after_kills_under_load_every_acknowledged_id_is_in_the_lake_once(tmp_path: Path, durability: str) -> None:
    store = Store(tmp_path / "store").make()
    promote(store, 0.25, 1)
    kills = max(int(os.environ.get("MODELYARD_KILLS", "50")) // 2, 1)
    acknowledged: list[str] = []
    lost: list[str] = []
    for kill in range(kills):
        running = Server(store, "--durability", durability)
        load = Load(running, 4, f"k{kill}", first=lost)
        enough = random.Random(kill).randint(1, 40)
        until(lambda load=load, enough=enough: len(load.acknowledged) >= enough)
        assert running.stop(signal.SIGKILL)[0] == -signal.SIGKILL
        load.end()
        assert load.wrong == 0
        assert len(load.failures) <= len(load.lost)
        acknowledged += load.acknowledged
        lost = load.lost
    assert len(acknowledged) == len(set(acknowledged)) >= kills
    _shipped_once(store, acknowledged)


def _shipped_once(store: Store, acknowledged: list[str]) -> None:
    """An id that was logged but never acknowledged, then sent again, has two lines in the log, and one row."""
    lines = logged(store)
    with Metadata(store.metadata_url) as metadata:
        shipped = ship(store, metadata)
        assert ship(store, metadata) == Shipped()
    rows = Counter(Lake(store.lake).scan("predictions").collect()["id"].to_list())
    assert [key for key in acknowledged if rows[key] != 1] == []
    assert rows == Counter(list(lines))
    assert (shipped.predictions, shipped.retries) == (len(lines), lines.total() - len(lines))
    assert shipped.conflicts == 0
