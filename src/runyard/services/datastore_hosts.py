"""Which hosts users may name, for datastores and alerts: the server connects to them from where it stands, which
callers may not.

A name is looked up once, each address that it has is judged, and the connection goes to one that was judged: nothing
that a name, a redirect or a proxy says later leads anywhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Sequence

from runyard.errors import InvalidInput

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PRIVATE = "private"  # in the list: every private network
CONNECT_S = 5.0
_WAY_OUT = "The server's administrator can allow it by --datastore-hosts or RUNYARD_DATASTORE_HOSTS."
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        (
            "169.254.169.254",  # AWS, Azure, Google, OpenStack, DigitalOcean
            "169.254.170.2",  # ECS task roles
            "100.100.100.200",  # Alibaba
            "192.0.0.192",  # Oracle
            "168.63.129.16",  # Azure's host
            "fd00:ec2::254",  # AWS
            "fd00:ec2::23",  # EKS pod identity
            "fd20:ce::254",  # Google
        ),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


class DatastoreHosts:
    """Judges hosts, and connects to those that may be reached.

    Link-local addresses and those by which a cloud tells machines about themselves are refused to everybody; this
    machine and private networks where callers are not on this machine themselves.

    Args:
        listed: names, addresses and networks that the administrator allows in any case; `private`: all private ones.
        local: callers are on this machine, so that it and its networks are theirs anyway.
    Raises: InvalidInput for a network that is none.
    """

    def __init__(self, listed: Sequence[str], *, local: bool) -> None:
        self._names = {one.strip("[]").rstrip(".").casefold() for one in listed}
        self._networks = [network for one in listed if (network := _network(one)) is not None]
        self._private = PRIVATE in self._names
        self._local = local

    async def check(self, host: str) -> None:
        """Raises: InvalidInput. A name that does not resolve is nobody's; who connects to it will say so."""
        with contextlib.suppress(OSError):
            await self._reachable(host)

    async def connect(self, host: str, port: int) -> socket.socket:
        """A connection to an address of the host that may be reached; the caller closes it.

        Raises: InvalidInput, when there is none; OSError, when the name has no address or nothing answers.
        """
        addresses = await self._reachable(host)
        failure: OSError = TimeoutError(f"{host[:100]} does not answer")
        for address in addresses:
            try:
                async with asyncio.timeout(CONNECT_S / len(addresses)):
                    return await _connected(address, port)
            except OSError as exc:  # TimeoutError is one
                failure = exc
        raise failure

    async def _reachable(self, host: str) -> list[Address]:
        host = host.rstrip(".").casefold()
        found = await _addresses(host)
        if host in self._names:
            return found
        reachable = [address for address in found if self._why_not(address) is None]
        if not reachable:
            reason = next(filter(None, map(self._why_not, found)), "it has no address")
            raise InvalidInput(f"Invalid host {host[:100]!r}: {reason}. {_WAY_OUT}")
        return reachable

    def _why_not(self, address: Address) -> str | None:
        """Why an address is refused, or None."""
        for one in _judged(address):
            if any(one in network for network in self._networks):
                continue
            reason = self._refusal(one)
            if reason is not None:
                return reason
        return None

    def _refusal(self, address: Address) -> str | None:
        if address.is_link_local or address in _METADATA:
            return "it is on the server's own network link, where clouds tell machines their secrets"
        if self._local:
            return None
        if address.is_loopback or address.is_multicast or address.is_unspecified:
            return "it is the server's own machine, or no single one"
        if _is_private(address) and not self._private:
            return "it is in a private network"
        return None


def _network(text: str) -> Network | None:
    """The network or address that an entry of the list is; None for a name. Raises: InvalidInput."""
    try:
        return ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        if "/" in text:
            raise InvalidInput(
                f"Invalid network {text[:100]!r} in --datastore-hosts: write it like 10.20.0.0/16."
            ) from None
        return None


async def _addresses(host: str) -> list[Address]:
    """All addresses of a host, each once. Raises: OSError for a name that has none."""
    with contextlib.suppress(ValueError):
        return [_plain(host)]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError as exc:
        raise OSError(f"{host[:100]!r} is no name of a host") from exc
    return list(dict.fromkeys(_plain(str(where[0])) for *_, where in found))


def _plain(text: str) -> Address:
    """The address without a zone, and that of IPv4 where IPv6 only wraps it. Raises: ValueError."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def _judged(address: Address) -> list[Address]:
    """The address, and that of IPv4 which one of IPv6 leads to through a translator."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return [address, ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address] if address.sixtofour is None else [address, address.sixtofour]


def _is_private(address: Address) -> bool:
    return not address.is_global or (isinstance(address, ipaddress.IPv6Address) and address.is_site_local)


async def _connected(address: Address, port: int) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(made, (str(address), port))
    except BaseException:
        made.close()
        raise
    return made
