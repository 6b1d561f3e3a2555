"""A web service from the command line: connect, show, init and run, as with a file or a database."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import modelyard.api.init as api_init
from modelyard.api.databases import try_connection
from modelyard.api.project import Project
from modelyard.api.show import show_file
from modelyard.cli import application
from modelyard.errors import ModelyardError
from modelyard.errors.connection import AccessDenied
from modelyard.frame.rest.look import look
from modelyard.frame.rest.read import Asked
from modelyard.schema.connection import Rest
from web_service import Reply, Request, Service, serving

TOKEN = "tok-83751062"
HEAD = "modelyard: 1\nname: p\ntask: regression\ntarget: {column: y}\n"
chance = random.Random(7)
ROWS: list[dict[str, Any]] = []
for n in range(400):
    x, kind = chance.uniform(0, 10), chance.choice(["red", "blue"])
    ROWS.append(
        {"id": n, "x": x, "made": {"kind": kind}, "y": 3 * x + (5 if kind == "red" else 0) + chance.gauss(0, 1)}
    )


def orders(request: Request) -> Reply:
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        return Reply({"message": "who are you?"}, status=401)
    if request.path == "/v1":
        return Reply({"hello": "you"})
    at = int(request.query.get("after", 0))
    rows = [row for row in ROWS if request.query.get("kind") in (None, row["made"]["kind"])]
    more = at + 100 < len(rows)
    kind = f"&kind={request.query['kind']}" if "kind" in request.query else ""
    link = f"/v1/orders?after={at + 100}{kind}" if more else None
    return Reply({"meta": {"next": link}, "data": rows[at : at + 100]})


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with serving(orders) as served:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("SHOP_TOKEN", TOKEN)
        auth = '{kind: bearer, token: "${SHOP_TOKEN}"}'
        entry = f'{{name: shop, kind: rest, url: "{served.url}/v1", reach: local, auth: {auth}}}'
        (tmp_path / "modelyard.yaml").write_text(f"{HEAD}connections:\n  - {entry}\nsteps: []\n")
        yield served


def test_show_reads_all_pages(service: Service) -> None:
    seen = show_file("shop:/orders")
    assert seen.rows == 400
    assert list(seen.columns) == ["id", "x", "made.kind", "y"]
    assert show_file("shop:/orders?kind=red").rows == sum(row["made"]["kind"] == "red" for row in ROWS)


def test_init_writes_what_it_found_and_the_project_runs(service: Service, tmp_path: Path) -> None:
    api_init.init("sales", "shop:/orders", "y")
    text = (tmp_path / "sales/modelyard.yaml").read_text()
    paging = "records: data, paging: {kind: next, at: meta.next}"
    assert f'{{use: read.rest, path: "/orders", connection: shop, {paging}}}' in text
    assert TOKEN not in text
    result = Project.load("sales").run()
    assert result.rows == 400
    assert result.winner != "model.baseline"
    kept = [path for path in (tmp_path / "sales").rglob("*") if path.is_file()]
    assert len(kept) > 5
    assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]


def test_connect_tries_a_service_and_writes_it_without_its_secret(service: Service, tmp_path: Path) -> None:
    made = CliRunner().invoke(
        application(),
        ["connect", "again", "--kind", "rest", "--url", f"{service.url}/v1", "--auth", "bearer",
         "--password-variable", "SHOP_TOKEN", "--reach", "local"],
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    assert "again (rest) answers in" in made.output
    assert f"status 200 at {service.url}/v1" in made.output
    assert "stays in SHOP_TOKEN" in made.output
    text = (tmp_path / "modelyard.yaml").read_text()
    assert 'auth: {kind: bearer, token: "${SHOP_TOKEN}"}' in text
    assert try_connection("modelyard.yaml", "again", {"SHOP_TOKEN": TOKEN}).kind == "rest"
    with pytest.raises(AccessDenied, match="401"):
        try_connection("modelyard.yaml", "again", {"SHOP_TOKEN": "wrong"})


def test_a_database_is_no_service_and_a_service_no_database(service: Service) -> None:
    with pytest.raises(ModelyardError, match="no database"):
        show_file("shop:orders")
    with open("modelyard.yaml", "a") as file:
        file.write("\n")
    text = Path("modelyard.yaml").read_text()
    Path("modelyard.yaml").write_text(text.replace("steps:", "  - {name: lite, kind: sqlite, path: a.db}\nsteps:"))
    with pytest.raises(ModelyardError, match="no web service"):
        show_file("lite:/orders")


ROW = [{"a": 1}]


@pytest.mark.parametrize(
    ("body", "headers", "found"),
    [
        (ROW, {}, {}),
        (ROW, {"Link": '</x?page=2>; rel="next"'}, {}),
        ({"data": ROW}, {}, {"records": "data"}),
        ({"tags": [{"b": 1}] * 3, "items": ROW}, {}, {"records": "items"}),
        ({"d": {"results": ROW, "__next": "x"}}, {}, {"records": "d.results"}),
        ({"results": ROW, "next": "https://h/x?page=2", "count": 7}, {},
         {"records": "results", "paging": {"kind": "next", "at": "next"}}),
        ({"value": ROW, "@odata.nextLink": "https://h/x?$skip=1"}, {},
         {"records": "value", "paging": {"kind": "next", "at": "@odata.nextLink"}}),
        ({"items": ROW, "_links": {"self": {"href": "/x"}, "next": {"href": "/x?p=2"}}}, {},
         {"records": "items", "paging": {"kind": "next", "at": "_links.next.href"}}),
        ({"items": ROW, "nextPageToken": "abc"}, {},
         {"records": "items", "paging": {"kind": "cursor", "at": "nextPageToken", "parameter": "pageToken"}}),
        ({"data": ROW, "meta": {"has_more": True, "next_cursor": "abc"}}, {},
         {"records": "data", "paging": {"kind": "cursor", "at": "meta.next_cursor", "parameter": "cursor",
                                        "more": "meta.has_more"}}),
        ({"rows": ROW, "page": 1, "total_pages": 9}, {},
         {"records": "rows", "paging": {"kind": "page", "pages": "total_pages"}}),
        ({"rows": ROW, "offset": 0, "limit": 1, "total": 9}, {},
         {"records": "rows", "paging": {"kind": "offset", "size": 1, "total": "total"}}),
        ({"rows": ROW, "total": 1}, {}, {"records": "rows"}),
        ({"a": 1}, {}, {}),
    ],
)  # fmt: skip
def test_the_first_answer_tells_where_rows_lie_and_how_pages_follow(body: Any, headers: Any, found: Any) -> None:
    with serving(lambda request: Reply(body, headers=headers)) as served:
        assert look(Asked(connection=Rest(name="s", url=served.url, reach="local"), path="/x")) == found
