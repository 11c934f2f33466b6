"""Hosts that datastores may name."""

from __future__ import annotations

import asyncio

import pytest

from runyard.errors import InvalidInput
from runyard.services.datastore_hosts import DatastoreHosts
from runyard.services.datastore_kinds import _checked_endpoint

NEARBY = ("127.0.0.1", "127.9.9.9", "127.1", "2130706433", "0x7f000001", "localhost", "LOCALHOST.", "127.0.0.1.", "::1",
          "::ffff:127.0.0.1", "0.0.0.0", "::", "224.0.0.1", "ff02::1")  # fmt: skip
LINK = ("169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%1", "::ffff:169.254.169.254", "2852039166")


def allowed(host: str, *listed: str, loopback: bool = False) -> bool:
    try:
        asyncio.run(DatastoreHosts(listed, loopback=loopback).check(host))
    except InvalidInput:
        return False
    return True


@pytest.mark.parametrize("host", NEARBY)
def test_the_servers_own_machine_is_named_only_without_logins(host: str) -> None:
    assert not allowed(host)
    assert allowed(host, loopback=True)


@pytest.mark.parametrize("host", LINK)
def test_the_servers_link_is_never_named(host: str) -> None:
    assert not allowed(host) and not allowed(host, loopback=True)


def test_what_the_administrator_lists_is_named() -> None:
    assert allowed("localhost", "LocalHost") and allowed("127.0.0.1", "127.0.0.1") and allowed("::1", "[::1]")
    assert allowed("169.254.169.254", "169.254.169.254") and allowed("127.1", "127.0.0.1")
    assert not allowed("127.0.0.2", "127.0.0.1")


def test_others_are_named() -> None:
    assert allowed("10.0.0.7") and allowed("192.0.2.1") and allowed("no-such-host.invalid")


@pytest.mark.parametrize(
    "host", ["a\\.example.org", "%31%32%37.0.0.1", "\uff11\uff12\uff17.0.0.1", "u@127.0.0.1"]
)
def test_hosts_that_readers_of_urls_differ_about_are_refused(host: str) -> None:
    with pytest.raises(InvalidInput):
        _checked_endpoint(f"http://{host}/x")
