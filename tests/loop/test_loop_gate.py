"""A better model passes, an equal one does not; both are judged on the same rows of the log."""

import numpy as np
import pytest
from small_trainer import dull
from watched_store import DAY, START, Rows, program_model, send, serve, yard

from modelyard.loop.bound import FEWEST_DAYS, lower_bound
from modelyard.loop.gate import Side, gate
from modelyard.loop.judging import judge, live_rows
from modelyard.loop.rows import count_labelled, gathered
from modelyard.measure.metrics import metric
from modelyard.schema.column import Column
from modelyard.schema.schema import Schema
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = yard(tmp_path_factory.mktemp("gate"))
    with Metadata(store.metadata_url) as metadata:
        model = dull()
        digest = serve(store, metadata, model)
        send(store, metadata, Rows(10, START, seed=3), model, digest, "a")
    return store


def test_a_truly_better_model_passes_and_the_worse_one_does_not(stream: Store) -> None:
    rows = live_rows(stream, "late", START, START + 10 * DAY)
    good, bad = Side("good", program_model()), Side("bad", dull())
    passed = gate(good, bad, rows, metric="roc_auc", tried=3)
    assert passed.passed
    assert passed.bound is not None
    assert passed.bound > 0
    assert (passed.days, passed.rows, passed.tried, passed.metric, passed.loss) == (10, 3000, 3, "roc_auc", "log_loss")
    found, kept = judge([good.model, bad.model], rows)
    assert len(kept) == 3000
    assert passed.after == metric("roc_auc")(found[0])
    assert passed.before == metric("roc_auc")(found[1])
    assert "better than the champion" in passed.reason
    assert not gate(bad, good, rows, metric="roc_auc").passed


def test_an_equal_model_is_refused(stream: Store) -> None:
    rows = live_rows(stream, "late")
    found = gate(Side("a", program_model()), Side("b", program_model(created=9)), rows)
    assert not found.passed
    assert found.gain == 0
    assert found.before == found.after


def test_of_models_that_are_equally_good_no_more_pass_than_the_confidence_says() -> None:
    """Under the null a day's gain is a coin's; the bound from seven such days is above 0 in some 5 % of gates."""
    rng = np.random.default_rng(0)
    days = np.arange(7.0).repeat(40)
    passed = 0
    for _ in range(400):
        gain = rng.normal(size=7).repeat(40) * 0.1 + rng.normal(size=280) * 0.3
        passed += lower_bound(gain, days, 0.95)[1] > 0
    assert 0.02 < passed / 400 < 0.08


def test_a_challenger_that_is_worse_for_one_carrier_is_refused(stream: Store) -> None:
    rows = live_rows(stream, "late")
    good, bad = Side("good", program_model()), Side("bad", dull())
    found = gate(good, bad, rows, slices=["carrier"])
    assert found.passed
    # Turn the truth of one carrier round: there the better model is the worse one.
    other = {'{"arr_delay":40.0}': '{"arr_delay":-3.0}', '{"arr_delay":-3.0}': '{"arr_delay":40.0}'}
    values = tuple(other[v] if r["carrier"] == "UA" else v for r, v in zip(rows.records, rows.values, strict=True))
    refused = gate(good, bad, type(rows)(rows.event, rows.records, values), slices=["carrier"])
    assert refused.bound is not None
    assert refused.bound > 0
    assert (refused.passed, refused.worse_on) == (False, ("carrier=UA",))
    assert "worse where carrier=UA" in refused.reason


def test_few_days_decide_nothing_and_a_baseline_is_beaten(stream: Store) -> None:
    short = live_rows(stream, "late", START, START + (FEWEST_DAYS - 1) * DAY)
    refused = gate(Side("good", program_model()), Side("bad", dull()), short)
    assert not refused.passed
    assert "only 1200 labelled rows of 4 days" in refused.reason
    rows = live_rows(stream, "late")
    assert gate(Side("good", program_model()), None, rows).passed
    assert not gate(Side("bad", dull()), None, rows).passed


def test_rows_that_a_contract_refuses_are_left_out_for_both(stream: Store) -> None:
    rows = live_rows(stream, "late")
    records = list(rows.records)
    records[7] = {**records[7], "delay": "soon"}
    odd = type(rows)(rows.event, tuple(records), rows.values)
    found, kept = judge([program_model(), dull()], odd)
    assert len(kept) == len(rows) - 1
    assert len(found[0].y) == len(kept)


def test_rows_are_gathered_in_the_columns_of_the_source(stream: Store) -> None:
    numbers = [Column(name=name, kind="number") for name in ("delay", "arr_delay")]
    words = [Column(name=name, kind="category") for name in ("carrier", "tail")]
    columns = Schema((*numbers, *words))
    frame = gathered(stream, "late", columns, end=START + 2 * DAY)
    assert frame.columns == ["delay", "arr_delay", "carrier", "tail"]
    assert frame.height == count_labelled(stream, "late", end=START + 2 * DAY) == 600
    assert set(frame["arr_delay"].to_list()) == {40.0, -3.0}
    assert frame["tail"].null_count() == 600
