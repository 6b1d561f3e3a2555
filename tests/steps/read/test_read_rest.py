"""read.rest as a step: what it promises and gives, what it keeps out, and how it reads on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from modelyard.errors.project import BadParameter
from modelyard.frame.rest.since import since
from modelyard.project.graph import graph
from modelyard.project.plan import plan
from modelyard.project.read import read
from modelyard.project.settings import settings
from modelyard.run.data import read_data
from modelyard.run.feed import StepFeed
from modelyard.run.kept import Kept
from modelyard.run.reading import Read, read_on
from modelyard.schema.connection import Connections
from modelyard.schema.connection import Rest as Service
from modelyard.schema.paging import Cursor, Offset
from modelyard.schema.roles import Roles
from modelyard.step.context import Context
from modelyard.step.incremental import Bounds, Incremental
from modelyard.step.registry import Registry
from modelyard.store.place import Store
from web_service import Reply, Request, serving

REST = Registry.installed()["read.rest"]
START = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = 20


class Shop:
    """Orders by time, a page at a time; `since` gives those from a moment on, as coarse as `exact` says."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.since: list[str] = []

    def sell(self, count: int) -> None:
        for n in range(len(self.rows), len(self.rows) + count):
            at = (START + timedelta(minutes=20 * (n // 2), microseconds=n // 2)).isoformat()
            self.rows.append({"id": n, "at": at, "price": n / 7})

    def answer(self, request: Request) -> Reply:
        told = request.query.get("from")
        if told is not None:
            self.since.append(told)
        first, place = self._from(told), int(request.query.get("offset", 0))
        rows = [row for row in self.rows if row["at"] is None or datetime.fromisoformat(row["at"]) >= first]
        return Reply({"data": rows[place : place + PAGE], "total": len(rows)})

    def _from(self, told: str | None) -> datetime:
        if told is None:
            return START - timedelta(days=1)
        if told.isdigit():
            return datetime.fromtimestamp(int(told) / (1_000 if len(told) > 11 else 1), UTC)
        moment = datetime.fromisoformat(told)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@pytest.fixture
def shop() -> Shop:
    made = Shop()
    made.sell(130)
    return made


@pytest.fixture
def ctx(shop: Shop, tmp_path: Path) -> Iterator[Context]:
    with serving(shop.answer) as service:
        one = Service(name="shop", url=service.url, reach="local")
        yield Context(folder=tmp_path, connections=Connections({"shop": lambda: one}), roles=Roles(id="id"))


def step(**fields: Any) -> Incremental:
    paging = {"kind": "offset", "size": PAGE, "total": "total"}
    told = {"connection": "shop", "path": "/orders", "records": "data", "paging": paging, **fields}
    made = msgspec.convert(told, REST)
    assert isinstance(made, Incremental)
    return made


def test_what_is_promised_is_what_is_given(ctx: Context) -> None:
    made = step()
    promised = {column.name: column.kind for column in made.peek(ctx)}
    assert promised == {"id": "integer", "at": "datetime", "price": "number"}
    frame = made.run(ctx).collect()
    assert frame.height == 130
    assert frame["id"].to_list() == list(range(130))
    assert str(frame.schema["at"]) == "Datetime('us', 'UTC')" or frame.schema["at"].time_zone == "UTC"


@pytest.mark.parametrize("form", ["iso", "date", "seconds", "milliseconds"])
def test_parts_are_the_whole_however_coarse_the_service_takes_a_moment(ctx: Context, shop: Shop, form: str) -> None:
    made = step(cursor="at", since="from", since_as=form)
    whole = made.run(ctx).collect()
    moments = sorted(set(whole["at"].dt.epoch("us").to_list()))
    ends = [None, moments[3], moments[30], moments[-1]]
    parts = [made.between(ctx, Bounds(after=after, upto=upto)).collect() for after, upto in pairwise(ends)]
    assert [part.height for part in parts] == [8, 54, 68]
    assert [row for part in parts for row in part.rows()] == whole.rows()
    assert made.between(ctx, Bounds(after=moments[-1])).collect().height == 0
    assert len(set(shop.since)) == (1 if form == "date" else 3)


def test_a_project_reads_on_and_asks_only_for_what_is_new(ctx: Context, shop: Shop, tmp_path: Path) -> None:
    made, kept = step(cursor="at", since="from"), Kept(Store(tmp_path / ".modelyard").make())

    def reading() -> Read:
        return read_on(StepFeed(made, ctx, made.peek(ctx)), kept, lambda word: None)

    first = reading()
    assert (first.new, first.frame.height, shop.since) == (130, 130, [])
    shop.sell(40)
    more = reading()
    assert (more.new, more.frame.height) == (40, 170)
    assert set(shop.since) == {since(first.pin.upto or 0, "datetime", "iso")}
    assert len(shop.since) <= 4
    assert more.frame["id"].to_list() == list(range(170))


def test_new_rows_may_lack_a_column_that_was_declared(ctx: Context, shop: Shop) -> None:
    shop.rows[3]["coupon"] = "A7"
    made = step(cursor="at", since="from", types={"coupon": "category"})
    upto = made.run(ctx).collect()["at"].dt.epoch("us").max()
    shop.sell(4)
    assert isinstance(upto, int)
    new = made.between(ctx, Bounds(after=upto)).collect()
    assert new.columns == ["id", "at", "price", "coupon"]
    assert new["coupon"].to_list() == [None] * 4


def test_rows_without_a_cursor_are_told(ctx: Context, shop: Shop) -> None:
    said: list[str] = []
    shop.rows[7]["at"] = shop.rows[8]["at"] = None
    telling = msgspec.structs.replace(ctx, tell=said.append)
    assert step(cursor="at").between(telling, Bounds()).collect().height == 128
    assert said == ["2 rows have no 'at', so they are not read"]


PROJECT = b"""modelyard: 1
name: shop
target: {column: y}
task: regression
steps:
  - {use: read.rest, id: rows, connection: shop, path: /rows, records: data, quarantine: kept/bad.jsonl}
  - use: evaluate.compare
    candidates: [model.ridge]
    split: {kind: kfold, folds: 2}
"""


def test_rows_kept_out_are_told_with_their_page_and_stand_in_the_file(tmp_path: Path) -> None:
    rows: list[Any] = [{"x": n, "y": 2.0 * n} for n in range(40)]
    with serving(lambda request: Reply({"data": [*rows, "gone", [1]]})) as service:
        one = Service(name="shop", url=service.url, reach="local")
        document = read(PROJECT, "modelyard.yaml")
        registry, head = Registry.installed(), settings(document)
        ctx = Context(folder=tmp_path, connections=Connections({"shop": lambda: one}))
        data = read_data(plan(head, graph(head, document, registry), document, registry, ctx))
    assert len(data) == 40
    assert data.warnings[0].startswith("rows: 2 of 42 rows do not parse and are kept in kept/bad.jsonl; first: http://")
    kept = [json.loads(line) for line in (tmp_path / "kept/bad.jsonl").read_text().splitlines()]
    assert [(row["line"], row["text"]) for row in kept] == [(41, '"gone"'), (42, "[1]")]
    assert kept[0]["file"].endswith("/rows")


def test_parameters_that_speak_against_each_other_are_refused() -> None:
    paging: Any = msgspec.to_builtins(Cursor(at="next", parameter="c"))
    for wrong in (
        {"since": "from"},
        {"parameters": {"c": 1}, "paging": paging},
        {"parameters": {"limit": 1}, "paging": msgspec.to_builtins(Offset())},
        {"parameters": {"from": 1}, "since": "from", "cursor": "at"},
    ):
        with pytest.raises(BadParameter):
            step(**wrong)
    with pytest.raises(msgspec.ValidationError, match="Invalid value 'pge'"):
        step(paging={"kind": "pge"})
