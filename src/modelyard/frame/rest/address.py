"""Where a host name leads, and whether a connection may go there.

The check is on the addresses that a name has, not on how it is written (`2130706433` is 127.0.0.1, too); the wire then
connects to the address that was checked and asks no resolver again, so a name that changes its mind changes nothing.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from modelyard.errors.connection import ForbiddenAddress, Unreachable
from modelyard.schema.connection import Reach
from modelyard.schema.url import Origin

Address = IPv4Address | IPv6Address
METADATA = frozenset(
    map(ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"))
)
"""Where clouds tell a machine its secrets, beside 169.254.0.0/16."""
SHARED = IPv4Network("100.64.0.0/10")
THIS = IPv4Network("0.0.0.0/8")
NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


def addresses(origin: Origin, reach: Reach, who: str) -> list[str]:
    """Of a host, all of them; one that may not be reached forbids the host. Raises Unreachable, ForbiddenAddress."""
    try:
        found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        said = getattr(error, "strerror", None) or "the name cannot be read"
        raise Unreachable(f"{origin.host}: {said}", who=who) from None
    there = list(dict.fromkeys(str(one[4][0]) for one in found))
    for text in there:
        why = forbidden(text, reach)
        if why:
            shown = text if text == origin.host else f"{origin.host} leads to {text}, which"
            raise ForbiddenAddress(f"{shown} is {why}", who=who, where=str(origin))
    return there


def forbidden(text: str, reach: Reach) -> str:
    """What the address is that may not be reached; empty where it may.

    >>> forbidden("93.184.215.14", "public"), forbidden("10.0.0.7", "public"), forbidden("10.0.0.7", "private")
    ('', 'in a private network', '')
    >>> forbidden("::ffff:169.254.169.254", "local")
    'link-local, where clouds keep their metadata'
    """
    address = _inner(ip_address(text))
    if address in METADATA:
        return "a cloud's metadata"
    if address.is_link_local:
        return "link-local, where clouds keep their metadata"
    if address.is_multicast or address.is_unspecified or (address.version == 4 and address in THIS):
        return "no address of a host"
    if address.is_loopback:
        return "" if reach == "local" else "this machine"
    if address.is_private or (address.version == 4 and address in SHARED):
        return "" if reach in ("private", "local") else "in a private network"
    return "" if address.is_global else "no address of a host"


def _inner(address: Address) -> Address:
    """The IPv4 address inside of an IPv6 one that stands for it."""
    if isinstance(address, IPv4Address):
        return address
    if any(address in network for network in NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address
