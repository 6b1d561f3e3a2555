"""What read.rest must be told of a service, found in its first answer: where the rows lie and how the pages follow.

A guess from the names that services commonly use; it is written into the project file, where a person sees it, and a
wrong one is an error of the first reading and no shorter table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from modelyard.frame.objects import UNREADABLE
from modelyard.frame.rest.client import Answer, Client
from modelyard.frame.rest.read import Asked
from modelyard.frame.rest.said import next_link

Found = dict[str, Any]
DEEPEST = 3
ROWS = ("data", "items", "results", "records", "rows", "value", "values", "content", "entries")
URLS = ("next", "nexturl", "nextlink", "nextpageurl", "@odata.nextlink", "next.href")
CURSORS = {
    "nextcursor": "cursor", "next_cursor": "cursor", "cursor": "cursor", "endcursor": "cursor", "after": "after",
    "nextpagetoken": "pageToken", "next_page_token": "page_token", "nexttoken": "nextToken", "next_token": "next_token",
}  # fmt: skip
"""Where a cursor lies -> the parameter that usually takes it."""
MORE = ("hasmore", "hasnext", "more", "hasnextpage")
PAGES = ("pages", "totalpages", "lastpage", "pagecount", "numpages")
TOTALS = ("total", "totalcount", "count", "totalresults", "totalelements")


def look(asked: Asked) -> Found:
    """Parameters of the step; none where its defaults fit. Raises what a Client raises."""
    with Client(asked.service, asked.folder, asked.at_most) as client:
        answer = client.get(asked.target)
    try:
        body = msgspec.json.decode(answer.body)
    except UNREADABLE:
        return {}
    if not isinstance(body, dict):
        return {}
    records, count = _rows(body)
    paging = _paging(answer, dict(_leaves(body, "")), count)
    return {**({"records": records} if records else {}), **({"paging": paging} if paging else {})}


def _rows(body: dict[str, Any]) -> tuple[str, int]:
    """The keys of the array of objects, and its length: under a name that rows usually have, else the longest."""
    arrays = [(path, len(one)) for path, one in _arrays(body, "", 0) if not one or isinstance(one[0], dict)]
    named = [one for one in arrays if one[1] and one[0].rpartition(".")[2].lower() in ROWS]
    return max(named or arrays, key=lambda one: one[1], default=("", 0))


def _arrays(value: dict[str, Any], above: str, depth: int) -> Iterator[tuple[str, list[Any]]]:
    for key, one in value.items():
        if isinstance(one, list):
            yield above + key, one
        elif isinstance(one, dict) and depth < DEEPEST:
            yield from _arrays(one, f"{above}{key}.", depth + 1)


def _leaves(value: dict[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for key, one in value.items():
        if isinstance(one, dict):
            yield from _leaves(one, f"{above}{key}.")
        elif not isinstance(one, list):
            yield above + key, one


def _paging(answer: Answer, leaves: dict[str, Any], count: int) -> Found:
    if next_link(answer.headers.get("link", "")):
        return {}
    for path, value in leaves.items():
        named = _plain(path, 1) in URLS or _plain(path, 2) in URLS or path.lower() in URLS
        if named and isinstance(value, str) and value.startswith(("http://", "https://", "/", "?")):
            return {"kind": "next", "at": path}
    return _by_cursor(leaves) or _by_number(leaves, count)


def _by_cursor(leaves: dict[str, Any]) -> Found:
    more = next((path for path, value in leaves.items() if _plain(path, 1) in MORE and isinstance(value, bool)), None)
    for path, value in leaves.items():
        name = path.rpartition(".")[2].lower()
        parameter = CURSORS.get(name) or CURSORS.get(_plain(path, 1))
        if parameter and value and isinstance(value, str | int) and not isinstance(value, bool):
            return {"kind": "cursor", "at": path, "parameter": parameter, **({"more": more} if more else {})}
    return {}


def _by_number(leaves: dict[str, Any], count: int) -> Found:
    numbers = {path: value for path, value in leaves.items() if isinstance(value, int) and not isinstance(value, bool)}
    names = {_plain(path, 1): path for path in numbers}
    pages = next((names[name] for name in PAGES if name in names and numbers[names[name]] > 1), None)
    total = next((names[name] for name in TOTALS if name in names and numbers[names[name]] > count), None)
    if "offset" in names and total and count:
        size = numbers[names["limit"]] if "limit" in names and numbers[names["limit"]] > 0 else count
        return {"kind": "offset", "size": size, "total": total}
    first = next((numbers[names[name]] for name in ("page", "currentpage", "pagenumber") if name in names), None)
    if first in (0, 1) and (pages or total):
        return {"kind": "page", **({"first": 0} if first == 0 else {}), **_told(pages, total)}
    return {}


def _told(pages: str | None, total: str | None) -> Found:
    return {"pages": pages} if pages else {"total": total}


def _plain(path: str, words: int) -> str:
    """The last words of a path, as they would be written without _ and capitals."""
    return ".".join(path.split(".")[-words:]).replace("_", "").lower()
