"""Who asks: by token, user, key or OAuth2's client credentials, sent to the service alone and shown nowhere."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from modelyard.errors.connection import AccessDenied, ForbiddenAddress, ServiceRefused
from modelyard.errors.data import UnreadableTable
from modelyard.errors.project import BadParameter
from modelyard.frame.rest import waiting
from modelyard.frame.rest.read import Asked, read
from modelyard.schema.auth import AnyAuth, Basic, Bearer, Key, Oauth2
from modelyard.schema.connection import Rest, Secret
from modelyard.schema.paging import Next, Page
from web_service import Reply, Request, Service, serving

SECRET = "wörd:% +83751062"
PLAIN = "tok-83751062"


def asked(url: str, auth: AnyAuth, **more: Any) -> Asked:
    return Asked(connection=Rest(name="shop", url=url, reach="local", auth=auth), path="/rows", **more)


def let_in(check: Callable[[Request], bool]) -> Callable[[Request], Reply]:
    """What it refuses it sends back, secrets and all: an answer is no place to trust."""

    def answer(request: Request) -> Reply:
        said = {"headers": request.headers, "url": request.raw}
        return Reply([{"a": 1}, {"a": 2}]) if check(request) else Reply(said, status=401)

    return answer


@pytest.mark.parametrize(
    ("auth", "other", "check"),
    [
        (
            Bearer(token=Secret(PLAIN)), Bearer(token=Secret("no" + PLAIN)),
            lambda r: r.headers.get("authorization") == f"Bearer {PLAIN}",
        ),
        (
            Basic(user="mé", password=Secret(SECRET)), Basic(user="mé", password=Secret("no" + SECRET)),
            lambda r: base64.b64decode(r.headers.get("authorization", "")[6:]).decode() == f"mé:{SECRET}",
        ),
        (
            Key(name="X-Api-Key", key=Secret(PLAIN)), Key(name="X-Api-Key", key=Secret("no" + PLAIN)),
            lambda r: r.headers.get("x-api-key") == PLAIN,
        ),
        (
            Key(name="api_key", key=Secret(SECRET), place="query"),
            Key(name="api_key", key=Secret("no" + SECRET), place="query"),
            lambda r: r.query.get("api_key") == SECRET,
        ),
    ],
)  # fmt: skip
def test_each_way_lets_in_and_the_wrong_secret_does_not_and_is_not_shown(
    auth: AnyAuth, other: AnyAuth, check: Callable[[Request], bool]
) -> None:
    with serving(let_in(check)) as service:
        assert read(asked(service.url, auth)).frame["a"].to_list() == [1, 2]
        with pytest.raises(AccessDenied, match="401") as met:
            read(asked(service.url, other))
    for shown in (str(met.value), repr(met.value.as_dict()), repr(auth)):
        assert "83751062" not in shown
        assert base64.b64encode(f"mé:no{SECRET}".encode()).decode()[:16] not in shown


def test_a_key_in_the_query_goes_with_every_page_once_and_is_in_no_place_that_is_told() -> None:
    def pages(request: Request) -> Reply:
        at = int(request.query.get("page", 1))
        rows: list[Any] = [{"a": at}] if at < 3 else [7]
        return Reply({"rows": rows, "next": f"{request.raw.partition('?')[0]}?api_key=stale&page={at + 1}"})

    with serving(pages) as service:
        key = Key(name="api_key", key=Secret(PLAIN), place="query")
        with pytest.raises(UnreadableTable, match="no JSON object") as met:
            read(asked(service.url, key, paging=Next(at="next"), records="rows"))
    assert service.paths()[1:] == [f"/rows?page={n}&api_key={PLAIN}" for n in (2, 3)]
    assert PLAIN not in str(met.value)


# OAuth2 -------------------------------------------------------------------------------------------------------------


class Tokens:
    """A place of tokens: each good for so many requests of the service, then refused."""

    def __init__(self, lasts: int = 1_000, expires_in: float | None = 3600, **said: Any) -> None:
        self.lasts, self.expires_in, self.said = lasts, expires_in, said
        self.given: list[str] = []
        self.used = 0

    def token(self, request: Request) -> Reply:
        if self.said.get("error"):
            return Reply(self.said, status=400)
        self.given.append(f"t{len(self.given)}-83751062")
        self.used = 0
        said = {"access_token": self.given[-1], "token_type": "Bearer", "expires_in": self.expires_in}
        return Reply({**said, **self.said})

    def rows(self, request: Request) -> Reply:
        if not self.given or request.headers.get("authorization") != f"Bearer {self.given[-1]}":
            return Reply({"said": request.headers}, status=401)
        self.used += 1
        if self.used > self.lasts:
            return Reply({"said": request.headers}, status=401)
        page = int(request.query["page"])
        return Reply([{"a": page}] if page < 6 else [])


def oauth(token: Service, **more: Any) -> Oauth2:
    return Oauth2(token_url=f"{token.url}/token", client="me", secret=Secret(SECRET), **more)


def pages_with(tokens: Tokens, **more: Any) -> tuple[list[int], Service, Service]:
    with serving(tokens.token) as place, serving(tokens.rows) as service:
        frame = read(asked(service.url, oauth(place, **more), paging=Page())).frame
    found: list[int] = frame["a"].to_list()
    return found, place, service


def test_one_token_serves_all_pages_and_the_client_secret_goes_to_its_own_place_alone() -> None:
    tokens = Tokens()
    found, place, service = pages_with(tokens, scope="rows read", audience="shop")
    assert found == [1, 2, 3, 4, 5]
    assert [(one.method, one.path) for one in place.asked] == [("POST", "/token")]
    form = parse_qs(place.asked[0].body.decode())
    assert form == {"grant_type": ["client_credentials"], "scope": ["rows read"], "audience": ["shop"]}
    sent = base64.b64decode(place.asked[0].headers["authorization"][6:]).decode()
    assert sent == "me:w%C3%B6rd%3A%25+%2B83751062"
    assert not any("w%C3%B6rd" in f"{one.raw} {one.headers}" for one in service.asked)


def test_id_and_secret_can_be_sent_in_the_body() -> None:
    found, place, _ = pages_with(Tokens(), send="body")
    form = parse_qs(place.asked[0].body.decode())
    assert (form["client_id"], form["client_secret"]) == (["me"], [SECRET])
    assert "authorization" not in place.asked[0].headers
    assert len(found) == 5


def test_a_token_that_ends_is_renewed_before_and_one_that_is_refused_once() -> None:
    assert pages_with(ended := Tokens(expires_in=0))[0] == [1, 2, 3, 4, 5]
    assert len(ended.given) == 6
    assert pages_with(refused := Tokens(lasts=2))[0] == [1, 2, 3, 4, 5]
    assert len(refused.given) == 3
    with pytest.raises(AccessDenied, match="401") as met:
        pages_with(never := Tokens(lasts=0))
    assert len(never.given) == 2
    assert "83751062" not in str(met.value)


def test_a_place_of_tokens_that_says_no_or_nonsense_is_an_error_without_the_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(AccessDenied, match="no token: 400, invalid_client") as met:
        pages_with(Tokens(error="invalid_client", error_description=SECRET))
    assert "83751062" not in str(met.value)
    for said in ({"access_token": None}, {"access_token": "a\r\nX-Evil: 1"}, {"token_type": "mac"}):
        with pytest.raises(ServiceRefused, match="the place of tokens sends"):
            pages_with(Tokens(**said))
    monkeypatch.setattr(waiting, "FIRST", 0.01)
    failing = iter([Reply(status=503), Reply(status=500)])
    tokens = Tokens()
    with (
        serving(lambda request: next(failing, None) or tokens.token(request)) as place,
        serving(tokens.rows) as service,
    ):
        assert read(asked(service.url, oauth(place), paging=Page())).frame.height == 5


def test_a_place_of_tokens_redirects_nowhere_and_lies_where_the_connection_may_go() -> None:
    tokens = Tokens()
    with serving(tokens.token) as other, serving(tokens.rows) as service:
        moved = {"Location": f"{other.url}/token"}
        with (
            serving(lambda request: Reply(status=307, headers=moved)) as place,
            pytest.raises(AccessDenied, match="307"),
        ):
            read(asked(service.url, oauth(place), paging=Page()))
        assert other.asked == []
        bad = Oauth2(token_url="http://169.254.169.254/token", client="me", secret=Secret(SECRET))
        with pytest.raises(ForbiddenAddress):
            read(asked(service.url, bad, paging=Page()))


def test_a_secret_with_a_line_end_or_none_is_refused_before_it_is_sent() -> None:
    for word in ("", "a\n", "a b", "a\r\nX-Evil: 1", "ä"):
        with pytest.raises(BadParameter) as met:
            Bearer(token=Secret(word))
        assert "X-Evil" not in str(met.value)
    for name in ("Host", "Content-Length", "a b", "x:y", "Cookie", ""):
        with pytest.raises(BadParameter):
            Key(name=name, key=Secret("word"))
    for headers in ({"Authorization": "Bearer x"}, {"X-Api-Key": "x"}, {"A": "b\nc"}, {"Transfer-Encoding": "x"}):
        with pytest.raises(BadParameter):
            Rest(name="shop", url="https://h", headers=headers)
    assert Rest(name="shop", url="https://h", headers={"X-Version": "3"}).headers == {"X-Version": "3"}
