"""The table, the bar and the document, over a real store: shipped segments, a real lake, real records."""

import io

import msgspec
import pytest
from demo_store import flights_of, promote

from modelyard.demo.client import Client
from modelyard.demo.progress import Entry, Progress
from modelyard.demo.replay import replay
from modelyard.demo.summary import summary
from modelyard.demo.table import Table
from modelyard.demo.traffic import days
from modelyard.loop.counting import counter
from modelyard.loop.promote import Promotion
from modelyard.loop.ship import ship
from modelyard.measure.intervals import Interval
from modelyard.package.model import Parity
from modelyard.run.result import Packaged, Result, Standing
from modelyard.serve.child import Server
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.records import end_run, record, start_run
from modelyard.store.versions import register

RESULT = Result(
    run="r",
    rows=80_789,
    unlabelled=2_878,
    young=0,
    in_gap=10,
    development=60_000,
    held_out=12_000,
    split="time",
    metric="roc_auc",
    greater_is_better=True,
    candidates=(
        Standing(
            name="lightgbm",
            kind="model.lightgbm",
            folds=(0.9, 0.94),
            interval=Interval(0.92, 0.9, 0.94),
            tied_with=("forest",),
        ),
        Standing(name="forest", kind="model.random_forest", folds=(0.91, 0.92), interval=Interval(0.915, 0.9, 0.93)),
        Standing(name="odd", kind="model.odd", error="no rows"),
    ),
    winner="lightgbm",
    why="the best",
    holdout={"roc_auc": Interval(0.93, 0.92, 0.94)},
    parity=Parity(equality="link", max_abs_diff=1e-16, labels_different=0, at_boundary=1, rows=12_000),
    package=Packaged(name="late", version=1, digest="d", serving=True),
    seconds=12.5,
)


@pytest.fixture(scope="module")
def replayed(tmp_path_factory):
    """Five days replayed, the third answered by a second version, shipped: store, metadata, progress, days."""
    store = Store(tmp_path_factory.mktemp("demo") / ".modelyard").make()
    metadata, progress, april = Metadata(store.metadata_url), Progress(), days(5)
    for revision, part in ((1, april[:2]), (2, april[2:])):
        digest = promote(store, 0.1 * revision, revision)
        with metadata.begin() as sql:
            register(sql, "late", digest, created=revision)
        with Server(store, port=0) as server, Client(server.host, server.port) as client:
            for day in part:
                replay(client, "late", day, progress, lambda: None)
                tally = progress.tally
                progress.close(
                    Entry(day=f"{day.day}", requests=tally.sent, failures=tally.failed,
                          acknowledged=tally.acknowledged, labels=tally.labels, cancelled=day.cancelled)
                )  # fmt: skip
    ship(store, metadata, counter(store))
    yield store, metadata, progress, april
    metadata.close()


def test_the_document_adds_up_and_names_who_served_when(replayed):
    store, metadata, progress, april = replayed
    gate = {"metric": "roc_auc", "loss": "log_loss", "before": 0.9, "after": 0.91, "gain": 0.01, "bound": 0.002,
            "confidence": 0.95, "days": 10, "rows": 9000, "tried": 1, "passed": True}  # fmt: skip
    made = Promotion(model="late", version=2, digest="x", replaced=1, revision=2, at=1_365_000_000_000_000,
                     actor="gate", reason="better", gate=gate)  # fmt: skip
    with metadata.begin() as sql:
        record(sql, "promotion", "late", made.at, msgspec.to_builtins(made), key="g")
        record(sql, "decision", "late", made.at, {"retrain": True, "run": "r", "reason": "worse"}, key="d")
        record(sql, "decision", "late", made.at, {"retrain": False, "reason": "too early"}, key="e")
        start_run(sql, "r", made.at, {})
        end_run(sql, "r", made.at, "promoted", {"reason": "better"})
    found = msgspec.json.decode(msgspec.json.encode(summary(RESULT, progress, store, metadata, None)))
    flown = flights_of(*april)
    assert found["sent"] == found["acknowledged"] == found["logged"] == len(flown)
    assert found["failed"] == 0
    assert found["labels_joined"] == found["labels_sent"] > 1500
    assert found["cancelled"] == 20
    assert [entry["day"] for entry in found["days"]] == [f"2013-04-0{day}" for day in range(1, 6)]
    assert [(one["version"], one["answers"]) for one in found["versions"]] == [
        (1, len(flights_of(*april[:2]))),
        (2, len(flights_of(*april[2:]))),
    ]
    assert found["parity"]["class"] == "link"
    assert found["candidates"][0]["folds"] == [0.9, 0.94]
    assert found["candidates"][0]["tied_with"] == ["forest"]
    at = "2013-04-03T14:40:00Z"
    assert found["decisions"] == [
        {"at": at, "retrain": True, "run": "r", "reason": "worse",
         "outcome": {"status": "promoted", "reason": "better"}},
        {"at": at, "retrain": False, "reason": "too early"},
    ]  # fmt: skip
    (promotion,) = found["promotions"]
    assert (promotion["before"], promotion["after"], promotion["bound"], promotion["gates_tried"]) == (
        0.9,
        0.91,
        0.002,
        1,
    )
    needed = {"rows", "candidates", "package", "parity", "sent", "failed", "acknowledged", "logged", "labels_joined",
              "days", "decisions", "promotions", "versions"}  # fmt: skip
    assert needed <= set(found)


def test_the_table_is_aligned_and_notes_follow_their_day():
    out = io.StringIO()
    table = Table(out)
    table.day(Entry(day="2013-04-01", requests=960, failures=0, acknowledged=960, labels=0, p99_ms=4.25, verdict="ok",
                    version="1", estimated_roc_auc=0.91))  # fmt: skip
    table.under_way("2013-04-02", 10, 900)
    table.day(Entry(day="2013-04-02", requests=1_012, failures=3, acknowledged=1_009, labels=9, p99_ms=11.0,
                    realised_roc_auc=0.9312, verdict="drifted", version="1>2",
                    notes=("promoted version 2",)))  # fmt: skip
    head, first, second, note = out.getvalue().splitlines()
    assert head.split() == ["day", "requests", "failures", "p99", "ms", "ROC-AUC", "estimated", "verdict", "version"]
    assert first.split() == ["2013-04-01", "960", "0", "4.2", "–", "0.910", "ok", "1"]
    assert second.split() == ["2013-04-02", "1,012", "3", "11.0", "0.931", "–", "drifted", "1>2"]
    assert note.strip() == "promoted version 2"
    assert head.index("verdict") == second.index("drifted")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_day_under_way_is_rewritten_in_place():
    out = Terminal()
    table = Table(out)
    table.under_way("2013-04-01", 10, 900)
    table.day(Entry(day="2013-04-01", requests=900, failures=0, acknowledged=900, labels=0))
    assert "\r\x1b[2K2013-04-01  10 of 900" in out.getvalue()
