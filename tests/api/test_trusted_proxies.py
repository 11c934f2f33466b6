"""Behind proxies: whose failed logins are slowed down, and whom the audit log names."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.server.first_owner import create_owner
from runyard.server.settings import Settings
from runyard.services import throttle
from runyard.services.throttle import FREE_FAILURES
from tests.api.live_server import JSON, Client, live_server

V1 = "/api/v1"
FORGED = "203.0.113.66"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path


def owner_of(directory: Path, trusted_proxies: str = "") -> Iterator[Client]:
    made = Settings(data=str(directory), auth="required", trusted_proxies=trusted_proxies)
    token = asyncio.run(create_owner(made, "root", None, with_token=True))
    with live_server(directory, made) as server:
        yield server.also(token=token or "")


@pytest.fixture
def owner(directory: Path) -> Iterator[Client]:
    """The owner of a server behind a proxy on this machine."""
    yield from owner_of(directory, trusted_proxies="127.0.0.1")


@pytest.fixture
def alone(directory: Path) -> Iterator[Client]:
    """The owner of a server that knows of no proxy."""
    yield from owner_of(directory)


def guess(owner: Client, user: str, via: str) -> int:
    """Log in wrongly; `via` is what the proxy has made of X-Forwarded-For."""
    body = json.dumps({"user": user, "password": "wrong"}).encode()
    headers = {**JSON, "X-Forwarded-For": via}
    return owner.also().send("POST", f"{V1}/login", body, headers).status


def remotes(owner: Client, **query: str) -> list[str]:
    found = owner.ok("GET", f"{V1}/audit", max_results=1000, **query)["items"]
    return [one["remote"] for one in found]


def test_each_client_behind_the_proxy_has_failures_of_its_own(owner: Client) -> None:
    statuses = [guess(owner, "ada", f"{FORGED}, 198.51.100.{n}") for n in range(1, 4) for _ in range(11)]
    assert statuses == ([401] * FREE_FAILURES + [429]) * 3
    assert remotes(owner, principal="ada") == [f"198.51.100.{n}" for n in (3, 2, 1) for _ in range(10)]


def test_a_client_does_not_escape_by_what_it_forges(owner: Client) -> None:
    """The proxy adds the true address at the end, whatever was there."""
    for number in range(FREE_FAILURES):
        assert guess(owner, "ada", f"198.51.100.{number}, 192.0.2.7") == 401
    assert guess(owner, "ada", f"{FORGED}, 192.0.2.7") == 429
    assert guess(owner, "ada", "127.0.0.1, 192.0.2.7") == 429


def test_guesses_over_many_accounts_from_one_client_wait(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "FREE_AT_ADDRESS", 12)
    statuses = [guess(owner, f"user{number}", "192.0.2.8") for number in range(13)]
    assert statuses == [401] * 12 + [429]
    assert guess(owner, "user", "192.0.2.9") == 401


def test_without_a_known_proxy_what_requests_say_means_nothing(alone: Client) -> None:
    statuses = [guess(alone, "ada", f"198.51.100.{number}") for number in range(FREE_FAILURES + 1)]
    assert statuses == [401] * FREE_FAILURES + [429]
    assert set(remotes(alone, principal="ada")) == {"127.0.0.1"}


def test_the_audit_log_names_the_client_of_changes_and_refusals(owner: Client) -> None:
    proxied = owner.with_headers({**owner.headers, "X-Forwarded-For": f"{FORGED}, 198.51.100.7"})
    proxied.ok("POST", f"{V1}/groups", name="g")
    weak = proxied.ok("POST", f"{V1}/tokens", name="weak", actions=["runs/read"])["token"]
    headers = {"Authorization": f"Bearer {weak}", "X-Forwarded-For": "198.51.100.8"}
    assert owner.with_headers(headers).fails("POST", f"{V1}/groups", name="h")[0] == 403
    assert remotes(owner, action="principals/write") == ["198.51.100.8", "198.51.100.7"]


def test_failures_are_still_known_after_a_restart(directory: Path) -> None:
    for _ in range(2):
        for owner in owner_of(directory, trusted_proxies="127.0.0.1"):
            statuses = {guess(owner, "ada", "192.0.2.7") for _ in range(FREE_FAILURES)}
    assert statuses == {429}
