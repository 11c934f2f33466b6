"""Hosts that datastores may name."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket

import pytest

from runyard.errors import InvalidInput
from runyard.services import datastore_hosts
from runyard.services.datastore_hosts import DatastoreHosts
from runyard.services.datastore_kinds import _checked_endpoint

NEARBY = ("127.0.0.1", "127.9.9.9", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "017700000001", "localhost",
          "LOCALHOST.", "127.0.0.1.", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::127.0.0.1", "2002:7f00:1::",
          "0.0.0.0", "0", "::", "224.0.0.1", "ff02::1")  # fmt: skip
LINK = ("169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%1", "::ffff:169.254.169.254", "2852039166", "0xa9fea9fe",
        "0251.0376.0251.0376", "64:ff9b::169.254.169.254", "::169.254.169.254", "2002:a9fe:a9fe::", "fd00:ec2::254",
        "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16", "::ffff:100.100.100.200")  # fmt: skip
PRIVATE = ("10.0.0.7", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.1.1", "100.64.0.1", "100.127.255.254",
           "fc00::1", "fdff::1", "fec0::1", "198.18.0.1", "240.0.0.1", "255.255.255.255", "::ffff:10.0.0.1", "167772161",
           "0xa000001", "012.0.0.1", "10.1", "64:ff9b::10.0.0.1", "2002:a00:1::")  # fmt: skip
PUBLIC = ("1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "2606:4700::1111")


def allowed(host: str, *listed: str, local: bool = False) -> bool:
    try:
        asyncio.run(DatastoreHosts(listed, local=local).check(host))
    except InvalidInput:
        return False
    return True


@pytest.mark.parametrize("host", NEARBY)
def test_the_servers_own_machine_is_named_only_without_logins(host: str) -> None:
    assert not allowed(host) and not allowed(host, "private")
    assert allowed(host, local=True)


@pytest.mark.parametrize("host", LINK)
def test_the_servers_link_and_a_clouds_metadata_are_never_named(host: str) -> None:
    assert not allowed(host) and not allowed(host, local=True) and not allowed(host, "private")


@pytest.mark.parametrize("host", PRIVATE)
def test_private_networks_are_named_without_logins_or_when_they_are_listed(host: str) -> None:
    assert not allowed(host)
    assert allowed(host, local=True) and allowed(host, "private") and allowed(host, "Private")


@pytest.mark.parametrize("host", PUBLIC)
def test_others_are_named(host: str) -> None:
    assert allowed(host)


def test_what_the_administrator_lists_is_named() -> None:
    assert allowed("localhost", "LocalHost") and allowed("127.0.0.1", "127.0.0.1") and allowed("::1", "[::1]")
    assert allowed("169.254.169.254", "169.254.169.254") and allowed("127.1", "127.0.0.1")
    assert allowed("10.1.2.3", "10.1.0.0/16") and allowed("::ffff:10.1.2.3", "10.1.2.3/16")
    assert allowed("fd12::7", "fd12::/32")
    for host, listed in (("127.0.0.2", "127.0.0.1"), ("10.2.0.1", "10.1.0.0/16"), ("fd13::1", "fd12::/32")):
        assert not allowed(host, listed)
    assert allowed("no-such-host.invalid")
    with pytest.raises(InvalidInput, match="10.0.0.0/33"):
        DatastoreHosts(["10.0.0.0/33"], local=False)


@pytest.mark.parametrize(
    "host", ["a\\.example.org", "%31%32%37.0.0.1", "\uff11\uff12\uff17.0.0.1", "u@127.0.0.1"]
)
def test_hosts_that_readers_of_urls_differ_about_are_refused(host: str) -> None:
    with pytest.raises(InvalidInput):
        _checked_endpoint(f"http://{host}/x")


def test_a_name_is_looked_up_once_and_connected_to_what_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several addresses those that may be reached are taken."""
    asked = []

    async def addresses(host: str) -> list[datastore_hosts.Address]:
        asked.append(host)
        return [
            ipaddress.ip_address(one) for one in ("127.0.0.1", "169.254.169.254", "127.0.0.3", "127.0.0.2")
        ]

    monkeypatch.setattr(datastore_hosts, "_addresses", addresses)
    hosts = DatastoreHosts(["127.0.0.2", "127.0.0.3"], local=False)
    with contextlib.closing(socket.create_server(("127.0.0.2", 0))) as listener:
        port = listener.getsockname()[1]
        with contextlib.closing(asyncio.run(hosts.connect("Store.Example.", port))) as made:
            assert made.getpeername() == ("127.0.0.2", port)
    assert asked == ["store.example"]
    with pytest.raises(InvalidInput, match="own machine"):
        asyncio.run(DatastoreHosts(["private"], local=False).connect("store.example", port))
