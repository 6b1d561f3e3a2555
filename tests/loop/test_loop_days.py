"""The live table: a row per day, from what the shipper wrote."""

from msgspec.structs import replace
from watched_store import DAY, PER_DAY, START, WALL, Rows, send, serve, watched_model

from modelyard.loop.days import Calendar, days
from modelyard.loop.limits import Asked
from modelyard.loop.watch import Watch, look
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store

WATCH = Watch(model="late", drift=("drift",), performance=(Asked(monitor="quality", known_after=3 * DAY),))


def test_each_day_says_what_was_asked_how_good_it_was_and_who_answered(store: Store, metadata: Metadata) -> None:
    model = watched_model()
    assert days(store, metadata, "late") == []
    digest = serve(store, metadata, model)
    send(store, metadata, Rows(4, START, 1), model, digest, "a")
    again = replace(model, created=2)
    later = serve(store, metadata, again)
    send(store, metadata, Rows(1, START + 3 * DAY, 2), again, later, "b", labels=False)
    send(store, metadata, Rows(3, START + 4 * DAY, 3, nulls=0.7), again, later, "c", labels=False)
    look(store, metadata, WATCH, WALL)
    found = days(store, metadata, "late")
    assert [one.day for one in found][:2] == ["2011-01-26", "2011-01-27"]
    assert [one.requests for one in found] == [PER_DAY, PER_DAY, PER_DAY, 2 * PER_DAY, PER_DAY, PER_DAY, PER_DAY]
    assert [one.labelled for one in found] == [PER_DAY] * 4 + [0] * 3
    assert [one.versions for one in found] == [(1,), (1,), (1,), (1, 2), (2,), (2,), (2,)]
    assert [one.verdicts for one in found] == [(), (), (), (), ("broken",), (), ()]
    for one in found[:4]:
        assert one.metric == "roc_auc"
        assert one.realised is not None
        assert one.estimated is not None
        assert abs(one.realised - one.estimated) < 0.1
        assert 0.6 < one.realised < 0.9
    assert [one.realised for one in found[4:]] == [None] * 3
    assert all(one.failures == 0 for one in found)
    calendar = Calendar(store, metadata, "late", metric="accuracy")
    (one,) = calendar.days(START + 2 * DAY + 5, START + 3 * DAY)
    assert (one.day, one.metric, one.start) == ("2011-01-28", "accuracy", START + 2 * DAY)
