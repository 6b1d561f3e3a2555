"""From one page to the next, five ways, and when it ends. A service is not believed: what it says of the number of
rows is checked, a place that was asked before is a circle, and a page that comes again is no page.
"""

from __future__ import annotations

import hashlib

from modelyard.errors.connection import EndlessPages, UnfitAnswer
from modelyard.frame.rest.client import Answer, Client
from modelyard.frame.rest.said import at, next_link
from modelyard.frame.rest.target import followed, put
from modelyard.schema.paging import Cursor, Link, Next, Offset, Page, Paging

EMPTY = 10
"""Pages without rows, one after the other, that name a next one: a service that searches may send some."""


class Pager:
    """`rows`: how many came so far."""

    def __init__(self, paging: Paging, target: str, client: Client) -> None:
        self._paging, self._client, self._base = paging, client, target
        self._place, self._asked, self.rows = 0, 1, 0
        self._targets: set[str] = set()
        self._pages: dict[bytes, str] = {}
        self._empty, self._told = 0, -1
        self.first = put(target, self._sized())
        if isinstance(paging, Page | Offset):
            self._place = paging.first if isinstance(paging, Page) else 0
            self.first = put(self.first, [(paging.parameter, self._place)])
        self._targets.add(self.first)

    def next(self, answer: Answer, records: list[bytes]) -> str | None:
        """What to ask after that answer. Raises EndlessPages, ForbiddenAddress, UnfitAnswer."""
        self._repeats(answer, records)
        self.rows += len(records)
        target = self._next(answer, len(records))
        if target is None:
            return None
        if target in self._targets:
            raise self._endless("the next page is one that was asked before", answer)
        self._empty = 0 if records else self._empty + 1
        if self._empty == EMPTY:
            raise self._endless(f"{EMPTY} pages without rows", answer)
        self._targets.add(target)
        self._asked += 1
        return target

    def past_end(self) -> bool:
        """Whether all that the service told of has come: then a refusal of the next page is its way to end."""
        if isinstance(self._paging, Page) and self._paging.pages is not None:
            return self._asked == self._told + 1
        return self._told >= 0 and self.rows == self._told

    def _next(self, answer: Answer, count: int) -> str | None:
        paging = self._paging
        if isinstance(paging, Link):
            link = next_link(answer.headers.get("link", ""))
            return self._follow(answer, link, "the header Link")
        if isinstance(paging, Next):
            said = self._said(answer, paging.at)
            if said is not None and not isinstance(said, str):
                raise UnfitAnswer(f"{paging.at!r} is no URL", who=self._client.name, where=answer.place)
            return self._follow(answer, said, repr(paging.at))
        if isinstance(paging, Cursor):
            return self._by_cursor(answer, paging)
        return self._by_number(answer, paging, count)

    def _follow(self, answer: Answer, link: str | None, what: str) -> str | None:
        if not link:
            return None
        return followed(self._client.origin, answer.target, link, f"the next page, in {what},", self._client.name)

    def _by_cursor(self, answer: Answer, paging: Cursor) -> str | None:
        if paging.more is not None and not self._said(answer, paging.more):
            return None
        word = self._said(answer, paging.at)
        if word is None or word == "" or word is False:
            if paging.more is not None:
                found = f"{paging.more!r} says there is more, and {paging.at!r} does not say where"
                raise UnfitAnswer(found, who=self._client.name, where=answer.place)
            return None
        return put(self._base, [*self._sized(), (paging.parameter, word)])

    def _by_number(self, answer: Answer, paging: Page | Offset, count: int) -> str | None:
        self._counted(answer, paging, count)
        if not count:
            return None
        self._place += count if isinstance(paging, Offset) else 1
        return put(self._base, [*self._sized(), (paging.parameter, self._place)])

    def _counted(self, answer: Answer, paging: Page | Offset, count: int) -> None:
        """What came against what the service says of it. Raises UnfitAnswer."""
        pages = paging.pages if isinstance(paging, Page) else None
        if pages is None and paging.total is None:
            return
        said = self._said(answer, pages or paging.total or "")
        if isinstance(said, float) and said.is_integer():
            said = int(said)
        if not isinstance(said, int) or isinstance(said, bool) or said < 0:
            if count:
                found = f"{(pages or paging.total)!r} is no number"
                raise UnfitAnswer(found, who=self._client.name, where=answer.place)
            said = self._told
        if said < 0:
            return
        self._told = said
        came = (self._asked if count else self._asked - 1) if pages else self.rows
        if came > said or (not count and came < said):
            what = "pages" if pages else "rows"
            raise UnfitAnswer(
                f"the service says it has {said:,} {what}, and sends {'more' if came > said else f'{came:,}'}",
                who=self._client.name, where=answer.place,
                way_out="Read again; if the table changes while it is read, leave out what `paging:` says of numbers",
            )  # fmt: skip

    def _repeats(self, answer: Answer, records: list[bytes]) -> None:
        if not records:
            return
        digest = hashlib.sha256(b"\n".join(records)).digest()[:16]
        if digest in self._pages:
            raise self._endless(f"the page is that of {self._pages[digest]} again", answer)
        self._pages[digest] = answer.place

    def _sized(self) -> list[tuple[str, str | int | float | bool]]:
        paging = self._paging
        if isinstance(paging, Link | Next) or paging.size is None:
            return []
        return [(paging.size_parameter, paging.size)]

    def _said(self, answer: Answer, path: str) -> str | int | float | bool | None:
        return at(answer.body, path, answer.place, self._client.name)

    def _endless(self, found: str, answer: Answer) -> EndlessPages:
        return EndlessPages(found, who=self._client.name, where=answer.place)
