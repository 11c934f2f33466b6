"""HTTP of the runner: certificates, proxies, answers that are none, kept connections."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.runner.exchange import Away, Exchange, Refused, Stopped
from runyard.runner.ranks import Group
from runyard.runner.variables import journaled
from tests.runner.jobs import Runner, python
from tests.runner.standin import RUN, TOKEN, StandIn


@pytest.fixture
def exchange(server: StandIn) -> Iterator[Exchange]:
    """To the plain server."""
    found = Exchange(server.url, "w", TOKEN)
    yield found
    found.close()


def test_a_server_with_a_certificate_of_its_own_needs_its_authority(
    runner: Runner, secure: StandIn, certificate: Path
) -> None:
    secure.told.definition = python("print('ok')")
    assert runner.work(secure, ca_file=str(certificate.parent / "ca.pem")) == 0, runner.said
    assert secure.told.log() == "ok\n"


def test_a_server_that_is_not_trusted_is_not_tried_again(runner: Runner, secure: StandIn) -> None:
    began = time.monotonic()
    assert runner.work(secure) == 77
    assert time.monotonic() - began < 20
    assert "is not trusted" in runner.said
    assert not secure.told.begun


def test_a_server_that_is_away_at_first_is_told_in_the_log(runner: Runner) -> None:
    runner.variables["http_proxy"] = "http://127.0.0.1:1"  # not for this machine's own addresses
    with StandIn() as gone:
        url = gone.url
    call = runner.call("start", runner.lay(url))
    assert call["phase"] == "running"
    log = runner.job / "runner.log"
    end = time.monotonic() + 60
    while "tried again for 60 minutes" not in log.read_text():
        assert time.monotonic() < end
        time.sleep(0.05)
    runner.call("stop", runner.folder, RUN)
    assert runner.state()["phase"] == "ended"


def test_errors_of_the_server_are_told_apart(server: StandIn, exchange: Exchange) -> None:
    server.told.refusals["/a"] = (
        404,
        {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No a.", "size": 3},
    )
    server.told.refusals["/b"] = (503, {"message": "Later."})
    server.told.refusals["/c"] = (500, {})
    with pytest.raises(Refused, match=r"No a\.") as refused:
        exchange.call("GET", "/a")
    assert (refused.value.status, refused.value.code) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert refused.value.told["size"] == 3
    with pytest.raises(Away, match="503"):
        exchange.call("GET", "/b", patience_s=0.5)
    with pytest.raises(Refused):
        exchange.call("GET", "/c", patience_s=60)


def test_waiting_ends_when_nobody_needs_the_answer(server: StandIn, exchange: Exchange) -> None:
    server.told.refusals["/b"] = None
    exchange.another().stop_waiting()
    with pytest.raises(Stopped):
        exchange.call("GET", "/b", patience_s=60)


def test_a_kept_connection_that_the_server_closed_is_replaced(server: StandIn, exchange: Exchange) -> None:
    server.told.definition = {"script": "x"}
    for _ in range(2):
        assert exchange.call("POST", f"/jobs/{RUN}/beat", {}) == {"cancel": False, "interval_s": 0.5}
        server.hang_up()


def test_proxies_of_the_machine_are_used_but_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://me:secret@proxy:3128")
    monkeypatch.setenv("no_proxy", "near.example.org")
    assert Exchange("https://far.example.org", "", "")._proxy == (
        "proxy",
        3128,
        {"Proxy-Authorization": "Basic bWU6c2VjcmV0"},
    )
    assert Exchange("https://near.example.org", "", "")._proxy is None
    assert Exchange("https://127.0.0.1:8443", "", "")._proxy is None


@pytest.mark.parametrize("address", ["ftp://x", "x:5000", "http://", ""])
def test_what_is_no_server_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="no address of a server"):
        Exchange(address, "", "")


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("http://127.0.0.1:5000/workspaces/w", "runyard://127.0.0.1:5000/workspaces/w"),
        ("https://x.org/p/workspaces/w", "runyard://x.org/p/workspaces/w"),
        ("http://10.0.0.1:5000/workspaces/w", "runyard://10.0.0.1:5000/workspaces/w?tls=off"),
        ("https://localhost/workspaces/w", "runyard://localhost/workspaces/w?tls=on"),
    ],
)
def test_addresses_with_a_journal(uri: str, found: str) -> None:
    assert journaled(uri) == found


def test_one_process_needs_no_variables() -> None:
    assert Group("None").alone
    assert not Group("Mpi").alone
