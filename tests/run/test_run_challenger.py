"""A challenger learns from what it may, all of it, and nothing later."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from run_projects import planned, rows
from sklearn.linear_model import LogisticRegression

from modelyard.frame.digest import digest as digest_of
from modelyard.run.challenger import Order, challenger
from modelyard.run.data import read_data
from modelyard.run.engine import run
from modelyard.schema.pin import Window
from modelyard.scoring.engine import Scorer
from modelyard.step.intake import take_in
from modelyard.store.metadata import Metadata
from modelyard.store.packages import open_package
from modelyard.store.place import Store
from modelyard.store.versions import listed

DAY = 86_400_000_000
START = 1_700_006_400_000_000
BODY = """task: classification
target: {column: good, positive: true}
roles: {id: key, time: at, ignore: [price, town]}
steps:
  - {use: read.csv, path: rows.csv}
  - {use: evaluate.compare, candidates: [{use: model.logistic_regression, balance: false}], split: {folds: 3}}
"""


def timed(n: int, first: int, seed: int, key: int = 0) -> pl.DataFrame:
    """n rows, ten a day from the day `first` on."""
    at = START + (first + np.arange(n) // 10) * DAY + np.arange(n) % 10
    made = rows(n, seed).with_columns(key=pl.Series(np.arange(key, key + n)), at=pl.Series(at).cast(pl.Datetime("us")))
    return made.with_columns(a=pl.col("a").fill_null(0.0))


def test_a_challenger_learns_from_source_and_log_up_to_its_time(
    tmp_path: Path, store: Store, metadata: Metadata
) -> None:
    plan = planned(tmp_path, BODY, timed(400, 0, 1))
    first = run(plan, store, metadata, now=1, cores=1)
    champion = open_package(store, first.package.digest)
    log = timed(300, 40, 2, key=380).with_columns(pl.col("at").dt.replace_time_zone("UTC"))
    until = START + 60 * DAY
    order = Order(run="r1", created=5, parent=first.package.digest, until=until)
    digest, made = challenger(plan, champion, store, order, log)
    source = timed(400, 0, 1).filter(pl.col("key") < 380).with_columns(pl.col("at").dt.replace_time_zone("UTC"))
    both = pl.concat([source, log])
    taught = both.filter(pl.col("at").dt.epoch("us") < until)
    X, y = taught.select("a", "b").to_numpy(), taught["good"].to_numpy().astype(int)
    scale = (X.mean(axis=0), X.std(axis=0))
    theirs = LogisticRegression(max_iter=1000).fit((X - scale[0]) / scale[1], y)
    model = open_package(store, digest, "shop")
    data = read_data(plan, log)
    ours = Scorer(model.program).table(take_in(data.table, model.program.takes)).scores[:, 1]
    everything = (both.select("a", "b").to_numpy() - scale[0]) / scale[1]
    assert np.abs(ours - theirs.predict_proba(everything)[:, 1]).max() < 1e-6
    assert made.model.evidence.lineage.parent == first.package.digest
    read = model.evidence.lineage.input
    assert read is not None
    assert read.log == Window(until=until, rows=300, digest=digest_of(log))
    assert (read.rows, read.columns["town"], read.digest) == (len(data), "category", model.evidence.lineage.data["csv"])
    assert (read.sources["csv"].kind, len(read.sources["csv"].digest)) == ("read.csv", 64)
    assert challenger(plan, champion, store, order, log)[0] == digest
    with metadata.begin() as sql:
        assert len(listed(sql, "shop")) == 1


def test_of_the_log_alone_nothing_of_the_source_is_learned(tmp_path: Path, store: Store, metadata: Metadata) -> None:
    plan = planned(tmp_path, BODY, timed(400, 0, 1))
    first = run(plan, store, metadata, now=1, cores=1)
    log = timed(300, 40, 2, key=400)
    data = read_data(plan, log, source=False)
    assert len(data) == 300
    order = Order(run="r2", created=5, parent="", source=False)
    _, made = challenger(plan, open_package(store, first.package.digest), store, order, log)
    assert made.model.profile is not None
    assert made.model.profile.reference.rows <= 300
    read = made.model.evidence.lineage.input
    assert read is not None
    assert read.sources == {}, "the source was not read"
