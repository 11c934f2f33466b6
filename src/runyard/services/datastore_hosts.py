"""Which hosts a datastore may name: the server connects to them from where it stands, which callers may not."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence

from runyard.errors import InvalidInput

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class DatastoreHosts:
    """Refuses the server's own machine, and what answers only its neighbours, such as a cloud's metadata.

    Args:
        listed: names and addresses that the administrator allows in any case.
        loopback: whether the server's own machine may be named: callers are on it anyway.
    """

    def __init__(self, listed: Sequence[str], *, loopback: bool) -> None:
        self._listed = {one.strip("[]").casefold() for one in listed}
        self._loopback = loopback

    async def check(self, host: str) -> None:
        """Raises: InvalidInput. A name that does not resolve is nobody's; who connects to it will say so."""
        host = host.rstrip(".").casefold()
        if host in self._listed:
            return
        for address in await _addresses(host):
            if self._is_refused(address) and str(address) not in self._listed:
                raise InvalidInput(
                    f"Invalid host {host[:100]!r} of a datastore: it is on the server's own machine or network link. "
                    "The server's administrator can allow it by --datastore-hosts or RUNYARD_DATASTORE_HOSTS."
                )

    def _is_refused(self, address: Address) -> bool:
        if address.is_link_local:
            return True
        return not self._loopback and (address.is_loopback or address.is_multicast or address.is_unspecified)


async def _addresses(host: str) -> list[Address]:
    try:
        return [_plain(host)]
    except ValueError:
        pass
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [_plain(str(where[0])) for *_, where in found]


def _plain(text: str) -> Address:
    """The address, without a zone, and that of IPv4 where IPv6 only wraps it."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address
