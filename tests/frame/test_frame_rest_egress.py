"""A reader goes where its connection says and nowhere else, whatever a name, an answer or the environment says."""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from modelyard.errors.connection import ForbiddenAddress, ServiceRefused, UnfitAnswer, Unreachable
from modelyard.errors.project import BadParameter
from modelyard.frame.rest.address import forbidden
from modelyard.frame.rest.read import Asked, read
from modelyard.frame.rest.target import target
from modelyard.schema.auth import Bearer, Key
from modelyard.schema.connection import Rest, Secret
from modelyard.schema.url import NoUrl, split
from web_service import Reply, Request, serving

ROWS = [{"a": n} for n in range(3)]
SECRET = "tok-83751062"


def asked(url: str, path: str = "/rows", **more: Any) -> Asked:
    return Asked(connection=Rest(**{"name": "shop", "url": url, "reach": "local", **more}), path=path)


@pytest.mark.parametrize(
    ("address", "reach", "allowed"),
    [
        ("93.184.215.14", "public", True), ("2606:2800:21f::1", "public", True),
        ("127.0.0.1", "public", False), ("127.0.0.1", "private", False), ("127.9.9.9", "local", True),
        ("::1", "private", False), ("::1", "local", True), ("::ffff:127.0.0.1", "private", False),
        ("10.1.2.3", "public", False), ("172.16.0.1", "public", False), ("192.168.1.1", "private", True),
        ("100.64.0.1", "public", False), ("100.64.0.1", "private", True), ("fd12::1", "public", False),
        ("169.254.169.254", "local", False), ("fe80::1%eth0", "local", False), ("fd00:ec2::254", "local", False),
        ("100.100.100.200", "local", False), ("168.63.129.16", "local", False), ("0.0.0.0", "local", False),
        ("::", "local", False), ("224.0.0.1", "local", False), ("ff02::1", "local", False),
        ("64:ff9b::a9fe:a9fe", "local", False), ("2002:a9fe:a9fe::1", "local", False),
        ("64:ff9b::7f00:1", "private", False), ("240.0.0.1", "public", False), ("192.0.2.1", "public", False),
    ],
)  # fmt: skip
def test_addresses_are_public_private_or_never_to_be_asked(address: str, reach: Any, allowed: bool) -> None:
    assert (forbidden(address, reach) == "") is allowed


@given(st.ip_addresses(v=4, network="169.254.0.0/16") | st.ip_addresses(v=6, network="fe80::/10"))
def test_link_local_addresses_are_never_asked_however_they_are_written(address: Any) -> None:
    assert forbidden(str(address), "local")
    if address.version == 4:
        assert forbidden(f"::ffff:{address}", "local")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]"])
def test_this_machine_is_not_asked_unless_the_connection_says_so(host: str) -> None:
    with serving(lambda request: Reply(ROWS)) as service:
        for reach in ("public", "private"):
            with pytest.raises(ForbiddenAddress, match="this machine"):
                read(asked(f"https://{host}:{service.port}", reach=reach))
        assert service.asked == []


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "0.0.0.0", "2852039166"])
def test_metadata_is_not_asked_whatever_the_connection_says(host: str) -> None:
    with pytest.raises(ForbiddenAddress):
        read(asked(f"http://{host}/latest"))


def test_a_name_is_resolved_once_and_one_bad_address_forbids_it(monkeypatch: pytest.MonkeyPatch) -> None:
    known = socket.getaddrinfo
    answers: list[list[str]] = [["127.0.0.1"], ["169.254.169.254"]]

    def rebinding(host: str, port: int, *more: Any, **named: Any) -> Any:
        if host != "api.shop.example":
            return known(host, port, *more, **named)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in answers.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)

    def two_pages(request: Request) -> Reply:
        if request.query:
            return Reply([{"a": 9}])
        return Reply(ROWS, headers={"Link": '<?page=2>; rel="next"', "Connection": "close"})

    with serving(two_pages) as service:
        assert read(asked(f"http://api.shop.example:{service.port}")).frame.height == 4
        assert service.asked[0].headers["host"] == f"api.shop.example:{service.port}"
        assert len(answers) == 1
        with pytest.raises(ForbiddenAddress, match=r"api.shop.example leads to 169.254.169.254"):
            read(asked(f"http://api.shop.example:{service.port}"))
        answers.append(["127.0.0.1", "10.0.0.1", "169.254.169.254"])
        with pytest.raises(ForbiddenAddress):
            read(asked(f"http://api.shop.example:{service.port}"))
        assert len(service.asked) == 2


@pytest.mark.parametrize(
    "link",
    ["http://169.254.169.254/latest/meta-data/", "//evil.example/", "https://127.0.0.1/", "http://localhost/",
     "ftp://127.0.0.1/", "http://user:word@127.0.0.1/", "http://127.0.0.1:{other}/rows", "\\\\evil.example", ""],
)  # fmt: skip
def test_redirects_to_other_places_are_not_followed(link: str) -> None:
    def moved(request: Request) -> Reply:
        return Reply(status=302, headers={"Location": link.format(other=other.port)})

    with serving(lambda request: Reply(ROWS)) as other, serving(moved) as service:
        token = Bearer(token=Secret(SECRET))
        with pytest.raises((ForbiddenAddress, UnfitAnswer, ServiceRefused)) as met:
            read(asked(service.url, auth=token))
        assert SECRET not in str(met.value)
        assert other.asked == []
        assert len(service.asked) == (1 if link else 6)


def test_redirects_within_the_service_are_followed_a_few_times() -> None:
    def slash(request: Request) -> Reply:
        return Reply(ROWS) if request.path.endswith("/") else Reply(status=308, headers={"Location": "/rows/?b=1"})

    with serving(slash) as service:
        assert read(asked(service.url)).frame.height == 3
        assert service.paths() == ["/rows", "/rows/?b=1"]

    def on_and_on(request: Request) -> Reply:
        return Reply(status=301, headers={"Location": request.path + "x"})

    with serving(on_and_on) as service, pytest.raises(ServiceRefused, match="one redirect follows another"):
        read(asked(service.url))


def test_proxies_and_passwords_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password word\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with serving(lambda request: Reply(ROWS, headers={"Set-Cookie": "a=b"})) as service:
        read(asked(service.url))
        read(asked(service.url))
    assert not {"authorization", "cookie", "proxy-authorization"} & service.asked[1].headers.keys()


def test_nothing_secret_is_logged_whatever_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(lambda request: Reply(ROWS)) as service:
        for auth in (Bearer(token=Secret(SECRET)), Key(name="k", key=Secret(SECRET), place="query")):
            read(asked(service.url, auth=auth))
        assert SECRET in service.paths()[1]
    assert SECRET not in caplog.text


def test_a_path_stays_below_the_connection_and_a_url_is_plain() -> None:
    for path in ("rows", "/../admin", "/a/%2e%2e/b", "//evil.example/x", "/a?b=1", "/a#b", "/a\\b", "/a\nb"):
        with pytest.raises(BadParameter):
            target("/v1", path, {})
    assert target("/v1/", "/orders of/ö", {}) == "/v1/orders%20of/%C3%B6"
    for url in ("ftp://h/", "https://u:p@h/", "https://h/?a=1", "https://h/#a", "https://h/../x", "h",
                "https://h\\@evil", "https://h:99999/", "https://h /", "https://[::1", "https://"):  # fmt: skip
        with pytest.raises(BadParameter):
            Rest(name="shop", url=url)
    with pytest.raises(BadParameter, match="http://"):
        Rest(name="shop", url="http://api.shop.example")


@given(st.text(max_size=60))
def test_any_text_is_a_url_of_one_reading_or_none(text: str) -> None:
    try:
        origin, parts = split("https://" + text)
    except NoUrl:
        return
    assert "@" not in parts.netloc
    assert split(f"{origin}{parts.path}")[0] == origin


# TLS ----------------------------------------------------------------------------------------------------------------


def certified(folder: Path, names: list[str]) -> tuple[ssl.SSLContext, str]:
    """A server's context for those names, and the file of who signs it (itself)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    alternatives = [
        x509.IPAddress(ipaddress.ip_address(one)) if one[0].isdigit() else x509.DNSName(one) for one in names
    ]
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    plain, unencrypted = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "ca.pem").write_bytes(made.public_bytes(pem))
    (folder / "all.pem").write_bytes(made.public_bytes(pem) + key.private_bytes(pem, plain, unencrypted))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "all.pem")
    return context, str(folder / "ca.pem")


def test_tls_is_verified_for_the_name_though_the_address_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def there(host: str, port: int, *more: Any, **named: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", there)
    context, ca = certified(tmp_path, ["api.shop.example"])
    with serving(lambda request: Reply(ROWS), tls=context) as service:
        assert read(asked(f"https://api.shop.example:{service.port}", ca=ca)).frame.height == 3
        refused: list[Callable[[], Asked]] = [
            lambda: asked(f"https://other.shop.example:{service.port}", ca=ca),
            lambda: asked(f"https://api.shop.example:{service.port}"),
        ]
        for one in refused:
            with pytest.raises(Unreachable, match="no TLS with") as met:
                read(one())
            assert "`ca:`" in met.value.advice
        assert len(service.asked) == 1
    with pytest.raises(BadParameter, match="no PEM file"):
        read(asked("https://api.shop.example", ca=str(tmp_path / "none.pem")))
