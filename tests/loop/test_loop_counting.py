"""Hours are counted as the rows were, once, and can be made again from the lake."""

import numpy as np
from watched_store import DAY, HOUR, START, WALL, Rows, program_model, send, serve, watched_model

from modelyard.loop.counting import counter, read_hour, rebuilt, total
from modelyard.loop.ship import ship
from modelyard.loop.truths import answered, labels
from modelyard.loop.watermark import first_event, watermark
from modelyard.measure.profile import count
from modelyard.store import shipping as books
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store


def test_hours_are_the_counts_of_their_rows_and_can_be_made_again_from_the_lake(
    store: Store, metadata: Metadata
) -> None:
    model = watched_model()
    digest, rows = serve(store, metadata, model), Rows(2, START, 7, nulls=0.1)
    assert send(store, metadata, rows, model, digest, "a").predictions == 600
    with metadata.begin() as sql:
        hours = {hour: read_hour(counts) for hour, counts in books.hour_counts(sql, digest).items()}
    assert model.profile is not None
    assert total(hours.values(), model.profile).counts == count(model.profile, rows.table)
    assert len(hours) == 48
    assert hours == rebuilt(store, model, digest)
    first = rows.table.take(rows.event < START + HOUR)
    assert hours[START].counts == count(model.profile, first)
    assert ship(store, metadata, counter(store)).batches == 0


def test_a_package_without_a_profile_has_its_rows_counted(store: Store, metadata: Metadata) -> None:
    model = program_model()
    digest = serve(store, metadata, model)
    send(store, metadata, Rows(1, START, 7), model, digest, "a")
    send(store, metadata, Rows(1, START, 8), model, digest, "b")
    with metadata.begin() as sql:
        assert sum(read_hour(counts).rows for counts in books.hour_counts(sql, digest).values()) == 600


def test_the_watermark_is_the_hour_that_may_still_get_rows_and_ignores_the_future(
    store: Store, metadata: Metadata
) -> None:
    model = program_model()
    digest = serve(store, metadata, model)
    with metadata.begin() as sql:
        assert watermark(sql, "late", WALL) is None
    rows = Rows(2, START, 7)
    send(store, metadata, rows, model, digest, "a")
    with metadata.begin() as sql:
        assert watermark(sql, "late", WALL) == START + 47 * HOUR
        assert watermark(sql, "late", START + 5 * HOUR + HOUR // 2) == START + 5 * HOUR
        assert first_event(sql, "late") == int(rows.event[0])


def test_answers_come_with_their_labels_by_the_rule_of_the_package(store: Store, metadata: Metadata) -> None:
    model = program_model()
    digest, rows = serve(store, metadata, model), Rows(2, START, 7)
    send(store, metadata, rows, model, digest, "a")
    found = answered(store, model, digest, START, START + DAY)
    assert found.y.tolist() == rows.late[:300].astype(float).tolist()
    assert found.event.tolist() == rows.event[:300].tolist()
    assert found.scores.shape == (300, 2)
    assert (found.prediction == (found.scores[:, 1] > 0.5)).all()
    early = answered(store, model, digest, received_until=START + 4 * DAY)
    assert np.isnan(early.y).sum() == int((rows.event + 3 * DAY > START + 4 * DAY).sum())
    assert len(early.known) + int(np.isnan(early.y).sum()) == len(early) == 600
    assert len(answered(store, model, "0" * 64)) == 0


def test_truths_that_say_nothing_are_no_labels() -> None:
    found = labels(program_model(), ['{"arr_delay":16}', '{"arr_delay":null}', None, '{"arr_delay":"x"}', "{}"])
    assert found[0] == 1.0
    assert np.isnan(found[1:]).all()
    assert np.isnan(labels(program_model(), ['{"arr_delay":"x"}', None])).all()
