"""monitor.rules: each window of requests against rules of the whole table, told once, healed by the next whole one."""

from __future__ import annotations

from msgspec.structs import replace
from watched_store import DAY, START, WALL, Rows, program_model, send, serve

from modelyard.api.connection import connect
from modelyard.api.status import status
from modelyard.loop.policy import Policy
from modelyard.loop.ruled import Ruled
from modelyard.loop.triggers import Now, blocked
from modelyard.loop.verdict import verdicts
from modelyard.loop.watch import Watch, look, standing
from modelyard.loop.watched import WINDOW
from modelyard.schema.column import Column
from modelyard.schema.rules import Fresh, Key, NullShare, RowCount
from modelyard.schema.schema import Schema
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.records import read_records
from modelyard.store.versions import listed

COLUMNS = Schema(
    (
        Column(name="delay", kind="number"),
        Column(name="carrier", kind="category"),
        Column(name="at", kind="datetime"),
    )
)
RULED = Ruled(
    monitor="feed",
    window=DAY,
    columns=COLUMNS,
    time="at",
    rules=(
        RowCount(min=250),
        NullShare(column="delay", max=0.2),
        Fresh(column="at", within="2h"),
        Key(columns=("carrier",), otherwise="warn"),
    ),
)
WATCH = Watch(model="late", rules=(RULED,))


def test_a_feed_that_keeps_the_rules_is_written_down_and_not_told(store: Store, metadata: Metadata) -> None:
    model = program_model()
    send(store, metadata, Rows(4, START, 1), model, serve(store, metadata, model), "a")
    assert look(store, metadata, WATCH, WALL) == []
    with metadata.begin() as sql:
        notes = [one.document for one in read_records(sql, WINDOW, "late")]
    assert [note["rows"] for note in notes] == [300, 300, 300]
    assert [one["held"] for one in notes[0]["quality"]] == [True, True, True, False]


def test_a_broken_rule_is_told_once_stands_and_heals(store: Store, metadata: Metadata) -> None:
    model = program_model()
    digest = serve(store, metadata, model)
    send(store, metadata, Rows(2, START, 1), model, digest, "a")
    send(store, metadata, Rows(2, START + 2 * DAY, 2, nulls=0.5), model, digest, "b")
    send(store, metadata, Rows(1, START + 4 * DAY, 3), model, digest, "c")
    found = look(store, metadata, WATCH, WALL)
    assert [(one.kind, one.monitor, one.start) for one in found] == [("broken", "feed", START + 2 * DAY)]
    assert "null share of delay: at most 0.2" in found[0].summary
    with metadata.begin() as sql:
        assert standing(sql, WATCH, digest).broken == {"feed": ("null share of delay: at most 0.2",)}
    send(store, metadata, Rows(2, START + 5 * DAY, 4), model, digest, "d")
    assert look(store, metadata, WATCH, WALL) == []
    with metadata.begin() as sql:
        assert standing(sql, WATCH, digest).broken == {}
        assert len(verdicts(sql, "late")) == 1


def test_a_day_without_requests_breaks_the_row_count(store: Store, metadata: Metadata) -> None:
    model = program_model()
    digest = serve(store, metadata, model)
    send(store, metadata, Rows(1, START, 1), model, digest, "a")
    send(store, metadata, Rows(2, START + 2 * DAY, 2), model, digest, "b")
    found = look(store, metadata, WATCH, WALL)
    assert [(one.start, one.evidence["rows"]) for one in found] == [(START + DAY, 0)]
    assert "rows: at least 250: 0 rows" in found[0].summary


def test_a_promotion_tells_nothing_again_and_what_stands_stands(store: Store, metadata: Metadata) -> None:
    model = program_model()
    digest = serve(store, metadata, model)
    send(store, metadata, Rows(2, START, 1, nulls=0.5), model, digest, "a")
    send(store, metadata, Rows(2, START + 2 * DAY, 2), model, digest, "b")
    send(store, metadata, Rows(2, START + 4 * DAY, 3, nulls=0.5), model, digest, "c")
    assert [one.start for one in look(store, metadata, WATCH, WALL)] == [START, START + 4 * DAY]
    later = serve(store, metadata, program_model(created=2))
    assert look(store, metadata, WATCH, WALL) == []
    with metadata.begin() as sql:
        stands = standing(sql, WATCH, later)
        assert stands.broken == {"feed": ("null share of delay: at most 0.2",)}
        now = Now(store=store, policy=Policy(), champion=listed(sql, "late")[-1], revision=2, at=WALL, standing=stands)
        assert "feed says broken: The feed is broken: null share of delay" in blocked(sql, now)
    with connect(store) as opened:
        found = status(opened)
    assert [(one.version, one.red, len(one.verdicts)) for one in found.models] == [(2, True, 1)]
    send(store, metadata, Rows(2, START + 6 * DAY, 4), model, later, "d")
    assert look(store, metadata, WATCH, WALL) == []
    with connect(store) as opened:
        assert not status(opened).red


def test_an_id_that_the_server_made_is_no_null(store: Store, metadata: Metadata) -> None:
    model = program_model()
    send(store, metadata, Rows(2, START, 1), model, serve(store, metadata, model), "a")
    columns = Schema((*COLUMNS, Column(name="id", kind="integer")))
    rules = (Key(columns=("id",)), Key(columns=("id", "at")))
    watch = Watch(model="late", rules=(replace(RULED, columns=columns, id="id", rules=rules),))
    assert look(store, metadata, watch, WALL) == []
