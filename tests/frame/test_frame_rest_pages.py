"""All rows, each once and in order, in whichever of the five ways a real server hands out its pages; and a server that
goes in circles, repeats itself or lies about its rows is found out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from modelyard.errors.connection import EndlessPages, ForbiddenAddress, OverLimit, ServiceRefused, UnfitAnswer
from modelyard.frame.rest.read import Asked, read
from modelyard.schema.connection import Rest
from modelyard.schema.limits import Limits
from modelyard.schema.paging import Cursor, Link, Next, Offset, Page, Paging
from web_service import Reply, Request, serving

ROWS = [{"id": n, "name": f"n{n}", "at": {"day": f"2026-01-{n % 28 + 1:02d}"}} for n in range(250)]


def cut(request: Request, start: str = "offset", size: str = "limit") -> list[dict[str, Any]]:
    first = int(request.query.get(start, "0"))
    return ROWS[first : first + min(int(request.query.get(size, "100")), 100)]


def by_link(request: Request) -> Reply:
    rows, at = cut(request), int(request.query.get("offset", "0")) + 100
    links = ['</orders?offset=0>; rel="first"']
    if at < len(ROWS):
        links.append(f'</v1/orders?offset={at}&limit=100>; rel="next"; title="a, b"')
    return Reply(rows, headers={"Link": ", ".join(links)})


def by_next(request: Request) -> Reply:
    rows, at = cut(request), int(request.query.get("offset", "0")) + 100
    host = request.headers["host"]
    return Reply({"data": rows, "links": {"next": f"http://{host}/v1/orders?offset={at}" if at < 250 else None}})


def by_page(request: Request) -> Reply:
    size, page = int(request.query.get("per_page", "50")), int(request.query["page"])
    rows = ROWS[(page - 1) * size : page * size]
    return Reply({"data": rows, "meta": {"pages": -(-250 // size), "total": 250}})


def by_offset(request: Request) -> Reply:
    return Reply({"data": cut(request), "total": 250.0})


def by_cursor(request: Request) -> Reply:
    at = int(request.query.get("cursor", "w0")[1:])
    more = at + 100 < 250
    return Reply({"data": ROWS[at : at + 100], "page": {"next": f"w{at + 100}" if more else None, "more": more}})


def asked(url: str, paging: Paging, records: str = "data", **more: Any) -> Asked:
    connection = Rest(name="shop", url=f"{url}/v1", reach="local")
    return Asked(connection=connection, path="/orders", paging=paging, records=records, **more)


def rows_of(answer: Callable[[Request], Reply], paging: Paging, records: str = "data", **more: Any) -> list[int]:
    with serving(answer) as service:
        frame = read(asked(service.url, paging, records, **more)).frame
    assert frame.columns == ["id", "name", "at.day"]
    ids: list[int] = frame["id"].to_list()
    return ids


@pytest.mark.parametrize(
    ("answer", "paging", "records"),
    [
        (by_link, Link(), ""),
        (by_next, Next(at="links.next"), "data"),
        (by_page, Page(), "data"),
        (by_page, Page(size=100, pages="meta.pages"), "data"),
        (by_page, Page(size=50, total="meta.total"), "data"),
        (by_offset, Offset(size=70), "data"),
        (by_offset, Offset(size=1_000, total="total"), "data"),  # the server gives 100 at most, whatever is asked
        (by_cursor, Cursor(at="page.next"), "data"),
        (by_cursor, Cursor(at="page.next", more="page.more"), "data"),
    ],
)
def test_every_row_comes_once_and_in_order(answer: Callable[[Request], Reply], paging: Paging, records: str) -> None:
    assert rows_of(answer, paging, records) == list(range(250))


def test_parameters_go_with_every_request_that_is_made_here_and_none_is_added_to_a_link() -> None:
    with serving(by_cursor) as service:
        read(asked(service.url, Cursor(at="page.next", size=100), parameters={"status": "paid up", "all": True}))
    assert service.paths() == [
        f"/v1/orders?status=paid+up&all=true&limit=100{more}" for more in ("", "&cursor=w100", "&cursor=w200")
    ]
    with serving(by_next) as service:
        read(asked(service.url, Next(at="links.next"), parameters={"status": "paid"}))
    assert service.paths() == ["/v1/orders?status=paid", "/v1/orders?offset=100", "/v1/orders?offset=200"]


def test_a_service_may_end_its_pages_by_404_only_where_all_rows_came() -> None:
    def ends(request: Request) -> Reply:
        page = int(request.query["page"])
        return Reply({"data": ROWS[page * 100 - 100 : page * 100], "total": 250}) if page < 4 else Reply(status=404)

    assert rows_of(ends, Page(total="total")) == list(range(250))
    with pytest.raises(ServiceRefused, match="404"):
        rows_of(ends, Page())


def test_empty_pages_between_others_are_gone_through_and_an_end_without_rows_is_none() -> None:
    def sparse(request: Request) -> Reply:
        at = int(request.query.get("cursor", "0"))
        rows = ROWS[at * 50 : at * 50 + 50] if at % 2 == 0 else None if at == 1 else []
        return Reply({"data": rows, "next": at + 1 if at < 8 else ""})

    assert len(rows_of(sparse, Cursor(at="next"))) == 150


def test_a_cursor_that_comes_again_is_a_circle() -> None:
    def circle(request: Request) -> Reply:
        at = int(request.query.get("cursor", "0"))
        return Reply({"data": ROWS[at * 10 : at * 10 + 10], "next": at % 3 + 1})

    with pytest.raises(EndlessPages, match="asked before"):
        rows_of(circle, Cursor(at="next"))


def test_pages_that_repeat_or_stay_empty_are_found_out() -> None:
    with pytest.raises(EndlessPages, match=r"is that of http.*again"):
        rows_of(lambda request: Reply({"data": ROWS[:5]}), Page())
    with pytest.raises(EndlessPages, match="10 pages without rows"):
        rows_of(lambda r: Reply({"data": [], "n": r.query.get("cursor", "") + "x"}), Cursor(at="n"))


def test_pages_without_end_stop_at_the_limit() -> None:
    def endless(request: Request) -> Reply:
        at = int(request.query.get("cursor", "0"))
        return Reply({"data": [{"id": at, "name": "", "at": {"day": ""}}], "next": at + 1})

    with serving(endless) as service:
        with pytest.raises(OverLimit, match="more than 20 pages"):
            read(asked(service.url, Cursor(at="next"), at_most=Limits(pages=20)))
        assert len(service.asked) == 20


@pytest.mark.parametrize(("said", "words"), [(240, "240 rows, and sends more"), (300, "300 rows, and sends 250")])
def test_a_wrong_total_is_an_error_and_no_shorter_table(said: int, words: str) -> None:
    with pytest.raises(UnfitAnswer, match=words):
        rows_of(lambda request: Reply({"data": cut(request), "total": said}), Offset(total="total"))


def test_wrong_numbers_of_pages_are_errors() -> None:
    for said, words in ((2, "2 pages, and sends more"), (7, "7 pages, and sends 5"), ("many", "is no number")):

        def lies(request: Request, said: object = said) -> Reply:
            page = int(request.query["page"])
            return Reply({"data": ROWS[page * 50 - 50 : page * 50], "pages": said})

        with pytest.raises(UnfitAnswer, match=words):
            rows_of(lies, Page(pages="pages"))


@pytest.mark.parametrize(
    "link",
    ["http://169.254.169.254/latest/meta-data", "//evil.example/x", "https://127.0.0.1/x", "http://u:p@127.0.0.1/x",
     "file:///etc/passwd", "http://127.0.0.1:1/x", "http:\\\\evil.example", "gopher://127.0.0.1/"],
)  # fmt: skip
def test_a_next_page_elsewhere_is_not_asked_for(link: str) -> None:
    with pytest.raises((ForbiddenAddress, UnfitAnswer)) as met:
        rows_of(lambda request: Reply({"data": ROWS[:5], "next": link}), Next(at="next"))
    assert "leads away" in met.value.found or "is no URL" in met.value.found
    with pytest.raises((ForbiddenAddress, UnfitAnswer)):
        rows_of(lambda request: Reply(ROWS[:5], headers={"Link": f'<{link}>; rel="next"'}), Link(), "")


def test_a_cursor_that_is_missing_where_more_is_promised_is_an_error() -> None:
    with pytest.raises(UnfitAnswer, match="does not say where"):
        rows_of(lambda request: Reply({"data": ROWS[:5], "more": True}), Cursor(at="next", more="more"))
    with pytest.raises(UnfitAnswer, match="no plain value"):
        rows_of(lambda request: Reply({"data": ROWS[:5], "next": {"a": 1}}), Cursor(at="next"))
