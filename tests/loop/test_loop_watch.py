"""Answers judged once their labels are in, estimated before; every monitor in one call, each verdict once."""

import sys
from pathlib import Path

import polars as pl
import pytest
from msgspec.structs import replace
from watched_store import DAY, START, WALL, Rows, delay_model, send, send_delays, serve, watched_model, yard

from modelyard.loop.counting import counter
from modelyard.loop.limits import Asked, Limit, limits
from modelyard.loop.ship import ship
from modelyard.loop.tabled import Tabled, take_labels
from modelyard.loop.verdict import Verdict, verdicts
from modelyard.loop.watch import Standing, Watch, Watcher, look, standing
from modelyard.loop.watched import WINDOW
from modelyard.package.model import Model
from modelyard.store.lake import Lake
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.records import Record, read_records

sys.path.insert(0, str(Path(__file__).parent.parent / "project"))
QUALITY = Asked(monitor="quality", known_after=3 * DAY)
WATCH = Watch(model="late", drift=("drift",), performance=(QUALITY,))


@pytest.fixture(scope="module")
def model() -> Model:
    return watched_model()


def notes(metadata: Metadata, what: str) -> list[Record]:
    with metadata.begin() as sql:
        return [one for one in read_records(sql, WINDOW, "late") if one.document["what"] == what]


def sources(found: list[Verdict]) -> list[tuple[str, str]]:
    return [(one.kind, one.source) for one in found]


def test_answers_as_good_as_ever_are_judged_estimated_and_not_called_worse(
    store: Store, metadata: Metadata, model: Model
) -> None:
    digest = serve(store, metadata, model)
    send(store, metadata, Rows(26, START, 1), model, digest, "a")
    found = look(store, metadata, WATCH, WALL)
    assert [one for one in found if one.kind == "worse"] == []
    realised, estimated = notes(metadata, "realised"), notes(metadata, "estimated")
    assert (len(realised), len(estimated)) == (4, 4)
    for before, after in zip(estimated, realised, strict=True):
        truth, interval = after.document["metrics"]["roc_auc"], before.document["interval"]
        assert interval["low"] <= truth <= interval["high"]
        assert after.document["labelled"] == after.document["rows"]
    assert len(notes(metadata, "losses")) == 22, "labels are three days late, and their last hour is still open"
    with metadata.begin() as sql:
        assert standing(sql, WATCH, digest).worse == {}


def test_degraded_labels_are_worse_by_two_sources_and_told_once(store: Store, metadata: Metadata, model: Model) -> None:
    digest = serve(store, metadata, model)
    send(store, metadata, Rows(14, START, 1), model, digest, "a")
    watcher = Watcher(store, metadata, WATCH)
    assert watcher.look(WALL) == []
    send(store, metadata, Rows(16, START + 14 * DAY, 2, flip=0.5), model, digest, "b")
    found = watcher.look(WALL)
    assert sorted(sources(found)) == [("worse", "losses"), ("worse", "realised roc_auc")]
    losses = next(one for one in found if one.source == "losses")
    assert START + 13 * DAY <= losses.since <= losses.start < START + 20 * DAY
    assert losses.evidence["low"] > losses.evidence["usual"]
    realised = next(one for one in found if one.source == "realised roc_auc")
    assert realised.evidence["high"] < realised.evidence["limit"] < realised.evidence["usual"]
    assert realised.evidence["limit_from"] == "holdout"
    assert "all of it below" in realised.summary
    assert watcher.look(WALL) == look(store, metadata, WATCH, WALL) == []
    with metadata.begin() as sql:
        assert verdicts(sql, "late") == found
        assert standing(sql, WATCH, digest).says("quality", "worse")


def test_looking_day_by_day_and_all_at_once_says_the_same(
    store: Store, metadata: Metadata, model: Model, tmp_path: Path
) -> None:
    other = yard(tmp_path / "other")
    with Metadata(other.metadata_url) as books:
        digest, same = serve(store, metadata, model), serve(other, books, model)
        for day in range(18):
            rows = Rows(1, START + day * DAY, 50 + day, flip=0.9 if day > 6 else 0.0)
            send(store, metadata, rows, model, digest, f"{day:02d}")
            send(other, books, rows, model, same, f"{day:02d}")
            look(store, metadata, WATCH, WALL)
        look(other, books, WATCH, WALL)
        with metadata.begin() as one, books.begin() as two:
            told, at_once = verdicts(one, "late"), verdicts(two, "late")
            windows = [{r.key: r.document for r in read_records(sql, WINDOW, "late")} for sql in (one, two)]
    parts = [{key: found for key, found in seen.items() if key and "estimated" not in key} for seen in windows]
    assert parts[0] == parts[1]
    assert {one.key.replace(digest[:16], "") for one in told} == {one.key.replace(same[:16], "") for one in at_once}
    assert told


def test_limits_of_the_file_alone_decide_where_there_are_any(store: Store, metadata: Metadata, model: Model) -> None:
    digest = serve(store, metadata, model)
    send(store, metadata, Rows(20, START, 1, flip=0.5), model, digest, "a")
    low = Watch(model="late", performance=(replace(QUALITY, worse_than={"roc_auc": 0.5}),))
    assert look(store, metadata, low, WALL) == []
    high = Watch(model="late", performance=(replace(QUALITY, monitor="other", worse_than={"accuracy": 0.95}),))
    first, second = look(store, metadata, high, WALL)
    assert sources([first, second]) == [("worse", "estimated accuracy"), ("worse", "realised accuracy")]
    assert second.evidence["limit_from"] == "file"
    assert "the limit of the file" in second.summary


def test_a_window_whose_labels_do_not_come_waits_and_is_noted_in_the_end(
    store: Store, metadata: Metadata, model: Model
) -> None:
    digest = serve(store, metadata, model)
    send(store, metadata, Rows(20, START, 1), model, digest, "a", labels=False)
    watcher = Watcher(store, metadata, WATCH)
    watcher.look(WALL)
    assert notes(metadata, "realised") == []
    send(store, metadata, Rows(35, START + 20 * DAY, 2), model, digest, "b", labels=False)
    watcher.look(WALL)
    assert [one.document["labelled"] for one in notes(metadata, "realised")] == [0] * 4


def test_the_default_limit_is_the_worse_end_of_the_holdout(model: Model) -> None:
    auc = model.evidence.holdout["roc_auc"]
    (limit,) = limits(model, QUALITY)
    assert limit == Limit(metric="roc_auc", limit=auc.low, origin="holdout", usual=auc.value)
    (loss,) = limits(model, replace(QUALITY, metric="log_loss"))
    assert loss.limit == model.evidence.holdout["log_loss"].high
    told = {"metrics": {"roc_auc": {"value": 0.8, "low": 0.7, "high": 0.9, "level": 0.95}}, "rows": 3}
    (limit,) = limits(replace(model, evidence=replace(model.evidence, holdout=told)), QUALITY)
    assert (limit.limit, limit.usual) == (0.7, 0.8)


def test_labels_of_a_table_are_logged_once_and_corrections_too(
    store: Store, metadata: Metadata, model: Model, tmp_path: Path
) -> None:
    digest, rows = serve(store, metadata, model), Rows(1, START, 1)
    send(store, metadata, rows, model, digest, "a", labels=False)
    path = tmp_path / "truths.csv"
    table = Tabled(path=path, id="id", value="minutes", parents=("arr_delay",))
    assert take_labels(store, metadata, "late", table) == 0
    minutes = [40.0 if late else None if k < 5 else 3.0 for k, late in enumerate(rows.late)]
    pl.DataFrame({"id": [*rows.ids, "nobody"], "minutes": [*minutes, 3.0]}).write_csv(path)
    watcher = Watcher(store, metadata, replace(WATCH, tables=(table,)))
    known = sum(minute is not None for minute in minutes)
    assert watcher.ship().labels == known
    assert watcher.ship().batches == 0
    pl.DataFrame({"id": rows.ids[-1:], "minutes": [99.0]}).write_csv(path)
    assert watcher.ship().labels == 1
    assert Lake(store.lake).scan("labels").collect().height == known + 1


def test_a_table_may_find_rows_by_columns_of_the_request(
    store: Store, metadata: Metadata, model: Model, tmp_path: Path
) -> None:
    digest, rows = serve(store, metadata, model), Rows(1, START, 1)
    send(store, metadata, rows, model, digest, "a", labels=False)
    path = tmp_path / "truths.parquet"
    pl.DataFrame({"distance": rows.distance[:50], "arr_delay": [20.0] * 50}).write_parquet(path)
    table = Tabled(path=path, id="id", key=("distance",), value="arr_delay", parents=("arr_delay",))
    assert take_labels(store, metadata, "late", table) == 50
    assert take_labels(store, metadata, "late", table) == 50, "not shipped yet: the same segment"
    assert ship(store, metadata, counter(store)).labels == 50
    assert take_labels(store, metadata, "late", table) == 0


def test_what_to_watch_is_read_off_the_plan() -> None:
    from project_kinds import FLIGHTS
    from test_project_plan import planned

    watch = Watch.of(planned(FLIGHTS))
    asked = Asked(monitor="quality", worse_than={"roc_auc": 0.7}, known_after=3 * DAY, metric="roc_auc")
    assert watch == Watch(model="flights", drift=("drift",), performance=(asked,))
    text = FLIGHTS.replace("worse_than: {roc_auc: 0.7}", "labels: {path: late.csv, value: minutes}")
    (table,) = Watch.of(planned(text)).tables
    assert (table.path.name, table.columns, table.by_id) == ("late.csv", ("id", "minutes"), True)


def test_nothing_is_looked_at_before_there_is_a_champion_or_a_row(
    store: Store, metadata: Metadata, model: Model
) -> None:
    assert look(store, metadata, WATCH, WALL) == []
    digest = serve(store, metadata, model)
    assert look(store, metadata, WATCH, WALL) == []
    with metadata.begin() as sql:
        assert standing(sql, WATCH, digest) == Standing()


def test_a_regression_is_judged_in_its_own_unit_and_has_no_estimate(store: Store, metadata: Metadata) -> None:
    model = delay_model()
    digest = serve(store, metadata, model)
    watch = Watch(model="delay", performance=(replace(QUALITY, metric="mae"),))
    for name, start, noise in (("a", START, 1.0), ("b", START + 14 * DAY, 3.0)):
        send_delays(store, digest, Rows(14, start, 3), noise, name)
    ship(store, metadata, counter(store))
    found = look(store, metadata, watch, WALL)
    assert sorted(sources(found)) == [("worse", "losses"), ("worse", "realised mae")]
    with metadata.begin() as sql:
        noted = read_records(sql, WINDOW, "delay")
    assert {one.document["what"] for one in noted} == {"realised", "losses"}
    first = next(one.document for one in noted if one.document["what"] == "realised")
    assert 0.7 < first["metrics"]["mae"] < 0.9
