"""Any table, any page size, any way of paging: every row once. Any answer: a table, or an error with a place."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modelyard.errors import ModelyardError
from modelyard.frame.rest.read import Asked, read
from modelyard.frame.rest.said import at, next_link
from modelyard.schema.connection import Rest
from modelyard.schema.limits import Limits
from modelyard.schema.paging import Cursor, Link, Next, Offset, Page, Paging
from web_service import Reply, Request, serving

EXAMPLES = int(os.environ.get("MODELYARD_EXAMPLES", "250"))


class Anything:
    """A service whose answer is set by the test."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.size = 1
        self.reply: Reply | None = None

    def answer(self, request: Request) -> Reply:
        if self.reply is not None:
            return self.reply
        place = int(request.query.get("offset", request.query.get("cursor", "0")))
        if "page" in request.query:
            place = (int(request.query["page"]) - 1) * self.size
        rows, after = self.rows[place : place + self.size], place + self.size
        more = after < len(self.rows)
        link = f"/t?offset={after}"
        body = {"rows": rows, "total": len(self.rows), "next": link if more else None, "more": more, "word": after}
        return Reply(body, headers={"Link": f'<{link}>; rel="next"'} if more else {})


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[Anything, str]]:
    made = Anything()
    with serving(made.answer) as served:
        yield made, served.url


WAYS: list[Paging] = [
    Link(), Next(at="next"), Page(total="total"), Page(), Offset(total="total"), Offset(),
    Cursor(at="word", more="more"),
]  # fmt: skip


@settings(deadline=None, max_examples=max(EXAMPLES // 4, 1))
@given(
    st.lists(st.fixed_dictionaries({"a": st.integers(-5, 5), "b": st.none() | st.text(max_size=3)}), max_size=40),
    st.integers(1, 12),
    st.sampled_from(WAYS),
)
def test_every_row_comes_once_however_it_is_paged(
    service: tuple[Anything, str], rows: list[dict[str, Any]], size: int, paging: Paging
) -> None:
    shop, url = service
    shop.rows, shop.size, shop.reply = [{"n": n, **row} for n, row in enumerate(rows)], size, None
    connection = Rest(name="s", url=url, reach="local")
    asked = Asked(connection=connection, path="/t", records="rows", paging=paging, types={"b": "category"})
    if not rows:
        asked = msgspec.structs.replace(asked, types={"n": "integer", "b": "category", "a": "integer"})
    frame = read(asked).frame
    assert frame.select("n", "a", "b").rows() == [(n, row["a"], row["b"]) for n, row in enumerate(rows)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["rows", "next", "a", "b"]), inner),
    max_leaves=12,
)
BODY = st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode())
TYPES = st.sampled_from(
    ["application/json", "", "application/x-ndjson", "text/html", "application/json; charset=latin-1"]
)


@settings(deadline=None, max_examples=EXAMPLES)
@given(BODY, TYPES, st.sampled_from([200, 200, 200, 203, 204, 206, 302, 400, 418]), st.sampled_from(WAYS),
       st.sampled_from(["", "rows", "rows.a"]), st.text(max_size=20).map(lambda text: text.encode().hex()))  # fmt: skip
@example(b'{"rows": {"rows": []}}', "application/json", 200, WAYS[1], "rows.a", "")
def test_any_answer_is_a_table_or_an_error_with_a_place(
    service: tuple[Anything, str], body: bytes, kind: str, status: int, paging: Paging, records: str, word: str
) -> None:
    shop, url = service
    shop.reply = Reply(body, status=status, headers={"Content-Type": kind, "Link": f"<{word}>; rel=next"})
    connection = Rest(name="s", url=url, reach="local")
    asked = Asked(connection=connection, path="/t", records=records, paging=paging, at_most=Limits(pages=5, time="20s"))
    try:
        placed = read(asked).frame.width > 0
    except ModelyardError as error:
        placed = bool(error.found and (error.where or error.who))
    assert placed


@given(st.text(max_size=200))
def test_any_header_has_a_next_link_or_none(text: str) -> None:
    found = next_link(text)
    assert found is None or f"<{found}>" in text


@given(
    st.dictionaries(st.text(min_size=1, max_size=4), st.integers(-9, 9), min_size=1), st.text(min_size=1, max_size=3)
)
def test_a_key_is_found_whatever_it_is_called(members: dict[str, int], above: str) -> None:
    for name, value in members.items():
        assert at(msgspec.json.encode(members), name, "", "") == value
        if name not in (above, ""):
            assert at(msgspec.json.encode({above: members}), f"{above}.{name}", "", "") == value


def test_long_headers_take_no_long_time() -> None:
    for evil in (
        "<" * 16_000,
        "<a>" + ";" * 16_000,
        "<a>" + "; a=b" * 4_000,
        "<a>;" + " " * 16_000,
        '<a>; a="' * 3_000,
    ):
        assert next_link(evil) is None
