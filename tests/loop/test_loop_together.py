"""Looks at once, on SQLite and on PostgreSQL, say everything once."""

from concurrent.futures import ThreadPoolExecutor

from watched_store import DAY, START, WALL, Rows, send, serve, watched_model

from modelyard.loop.limits import Asked
from modelyard.loop.verdict import verdicts
from modelyard.loop.watch import Watch, look
from modelyard.loop.watched import WINDOW
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.records import read_records

WATCH = Watch(model="late", drift=("drift",), performance=(Asked(monitor="quality", known_after=3 * DAY),))


def test_four_looks_at_once_write_each_verdict_and_window_once(metadata_url: str, store: Store) -> None:
    model = watched_model()
    with Metadata(metadata_url) as metadata:
        digest = serve(store, metadata, model)
        send(store, metadata, Rows(9, START, 1), model, digest, "a")
        send(store, metadata, Rows(9, START + 9 * DAY, 2, shift=0.6, flip=0.5), model, digest, "b")
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: look(store, metadata, WATCH, WALL), range(4)))
        with metadata.begin() as sql:
            written = verdicts(sql, "late")
            windows = [one.key for one in read_records(sql, WINDOW, "late")]
        assert sorted(one.key for some in found for one in some) == sorted(one.key for one in written)
        assert {one.kind for one in written} == {"drifted", "worse"}
        assert len(windows) == len(set(windows)) == 17 + 14 + 3 + 2, "the last day is not over"
        assert look(store, metadata, WATCH, WALL) == []
