"""Where a request comes from: the peer of its connection, or what proxies that are trusted say about it.

Anybody can write `X-Forwarded-For` and `Forwarded`. Each proxy adds the address that it saw at the end, so the list is
read from its end, for as long as the hop before is a proxy that is trusted; what stands further left nobody vouches for.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any

from runyard.errors import InvalidInput

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PAIR = rf'{_TOKEN}=(?:{_TOKEN}|"(?:[^"\\]|\\.)*")'
_ELEMENT = rf"{_PAIR}(?:[ \t]*;[ \t]*{_PAIR})*"
_FORWARDED = re.compile(rf"{_ELEMENT}(?:[ \t]*,[ \t]*{_ELEMENT})*")
_LAST_PAIRS = re.compile(_PAIR + r"|,")
_HEAD_LIMIT = 8_192


class ClientAddresses:
    """Reads the address of a client.

    Args:
        trusted: addresses and networks of proxies.
    Raises: InvalidInput for an entry that is neither.
    """

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        self._trusted = [_network(one) for one in trusted]

    def of(self, scope: Mapping[str, Any]) -> str:
        """The address, as text; empty where a connection has none.

        A proxy that says nothing, something unreadable, or two different things is itself the answer.
        """
        client = scope.get("client")
        peer = str(client[0]) if client else ""
        if not self._trusted:
            return peer
        address = _address(peer)
        if address is None or not self._is_trusted(address):
            return peer
        said = {
            self._walk(address, hops)
            for hops in (_x_forwarded_for(scope["headers"]), _forwarded(scope["headers"]))
            if hops is not None
        }
        return str(said.pop() if len(said) == 1 else address)

    def _walk(self, proxy: Address, hops: Sequence[str]) -> Address:
        """From the last hop to the first that is no trusted proxy."""
        found = proxy
        for text in reversed(hops):
            hop = _address(_without_port(text))
            if hop is None:
                break
            found = hop
            if not self._is_trusted(hop):
                break
        return found

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        raise InvalidInput(
            f"Invalid proxy {text[:100]!r} in --trusted-proxies: write addresses or networks, such as 127.0.0.1,10.0.0.0/8."
        ) from None


def _joined(headers: Sequence[tuple[bytes, bytes]], wanted: bytes) -> str | None:
    """All headers of a name as the one that they stand for."""
    found = [value.decode("latin-1") for name, value in headers if name == wanted]
    return ", ".join(found)[-_HEAD_LIMIT:] if found else None


def _x_forwarded_for(headers: Sequence[tuple[bytes, bytes]]) -> list[str] | None:
    text = _joined(headers, b"x-forwarded-for")
    return None if text is None else text.split(",")


def _forwarded(headers: Sequence[tuple[bytes, bytes]]) -> list[str] | None:
    """What the elements of RFC 7239 say after for=; an empty list for a header that breaks its grammar."""
    text = _joined(headers, b"forwarded")
    if text is None or len(text) >= _HEAD_LIMIT or not _FORWARDED.fullmatch(text.strip(" \t")):
        return None if text is None else []
    hops = [""]
    for pair in _LAST_PAIRS.findall(text):
        name, _, value = pair.partition("=")
        if pair == ",":
            hops.append("")
        elif name.lower() == "for":
            hops[-1] = value.strip('"')
    return hops


def _without_port(text: str) -> str:
    """`1.2.3.4:80`, `[::1]:80` and `::1` as addresses alone."""
    text = text.strip()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
