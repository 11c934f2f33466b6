"""Who a request comes from, whatever it says about that itself."""

from __future__ import annotations

import pytest

from runyard.errors import InvalidInput
from runyard.server.client_addresses import ClientAddresses

PROXY, INNER, CLIENT, FORGED = "127.0.0.1", "10.9.0.7", "198.51.100.7", "203.0.113.66"
TRUSTED = ClientAddresses([PROXY, "10.9.0.0/16", "2001:db8:9::/48"])


def of(*headers: tuple[str, str], peer: str | None = PROXY, clients: ClientAddresses = TRUSTED) -> str:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    return clients.of({"client": None if peer is None else (peer, 1), "headers": raw})


def xff(*values: str) -> list[tuple[str, str]]:
    return [("X-Forwarded-For", value) for value in values]


def forwarded(*values: str) -> list[tuple[str, str]]:
    return [("Forwarded", value) for value in values]


def test_without_trusted_proxies_nobody_is_believed() -> None:
    nobody = ClientAddresses()
    assert of(*xff(FORGED), *forwarded(f"for={FORGED}"), clients=nobody) == PROXY
    assert of(peer=None, clients=nobody) == ""


def test_only_a_trusted_proxy_is_believed() -> None:
    assert of(*xff(FORGED), peer=CLIENT) == CLIENT
    assert of(*forwarded(f"for={FORGED}"), peer=CLIENT) == CLIENT
    assert of(*xff(FORGED), peer="11.9.0.7") == "11.9.0.7"
    assert of(*xff(CLIENT), peer=None) == ""


@pytest.mark.parametrize(
    "values",
    [
        [CLIENT],
        [f"{FORGED}, {CLIENT}"],
        [FORGED, CLIENT],  # two headers are one list
        [f"{FORGED},{CLIENT},{INNER}"],
        [f"{PROXY}, {FORGED}, {CLIENT}, {INNER}, {PROXY}"],
        [f"{CLIENT}:4711"],
        [f"::ffff:{CLIENT}"],
        [f"[::ffff:{CLIENT}]:80"],
        [f"nonsense, unknown,, {CLIENT}, {INNER}"],
        ["x" * 20_000 + f", {CLIENT}"],
    ],
)
def test_the_last_hop_that_is_no_proxy_is_the_client(values: list[str]) -> None:
    assert of(*xff(*values)) == CLIENT


@pytest.mark.parametrize("values", [[""], ["unknown"], [f"{FORGED}, unknown"], [f"{FORGED}, "], ["300.1.1.1"], [f"{FORGED} "
                                    f"{CLIENT}"]])  # fmt: skip
def test_what_a_proxy_says_unreadably_counts_as_the_proxy(values: list[str]) -> None:
    assert of(*xff(*values)) == PROXY
    assert of(*xff(f"{values[0]}, {INNER}")) == INNER


@pytest.mark.parametrize(
    "values",
    [
        [f"for={CLIENT}"],
        [f"For={CLIENT};proto=https;by={PROXY}"],
        [f'by="x, for={FORGED}";for="{CLIENT}"'],
        [f'for={FORGED}, for="{CLIENT}:4711"'],
        [f"for={FORGED}", f'proto=http;for="{CLIENT}"'],
        [f'for={FORGED};host="a\\", for={FORGED}", for={CLIENT};host="b\\", for={FORGED}", for={INNER}'],
    ],
)
def test_forwarded_is_read_as_rfc_7239_says(values: list[str]) -> None:
    assert of(*forwarded(*values)) == CLIENT
    assert of(*forwarded(*values), *xff(CLIENT)) == CLIENT


@pytest.mark.parametrize(
    "value",
    [
        f'for="{FORGED}, for={CLIENT}',  # an open quote would swallow what the proxy adds
        f'for="x, for={CLIENT};host="a", for={FORGED}',
        f"for={FORGED} , , for={CLIENT}",
        f"for:{FORGED}",
        "for=unknown",
        "for=_hidden",
        f'for={FORGED};by="a" b, for={CLIENT}"',
        "for=" + "1" * 9_000,
        "",
    ],
)
def test_forwarded_that_breaks_the_grammar_counts_as_the_proxy(value: str) -> None:
    assert of(*forwarded(value)) == PROXY


def test_a_proxy_that_writes_one_header_and_passes_the_other_on_is_not_deceived() -> None:
    assert of(*xff(CLIENT), *forwarded(f"for={FORGED}")) == PROXY
    assert of(*xff(FORGED), *forwarded(f"for={CLIENT}")) == PROXY
    assert of(*xff(CLIENT), *forwarded("rubbish")) == PROXY


def test_addresses_of_ipv6() -> None:
    client = "2001:db8:1::7"
    for value in (client, f"[{client}]:80", f"[{client}]"):
        assert of(*xff(f"{FORGED}, {value}, 2001:db8:9::1"), peer="2001:db8:9::2") == client
    assert of(*forwarded(f'for="[{client}]:4711"'), peer="::ffff:127.0.0.1") == client


def test_what_is_no_network_is_refused() -> None:
    for bad in ("proxy.lan", "10.0.0.0/40", "*"):
        with pytest.raises(InvalidInput, match="--trusted-proxies"):
            ClientAddresses([bad])
