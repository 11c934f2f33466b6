"""A browser's session: what its requests must bring that other sites cannot, and how all of a person's end at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from runyard.server.first_owner import create_owner
from runyard.server.settings import Settings
from tests.api.live_server import JSON, Client, live_server

V1 = "/api/v1"
PASSWORD = "a passphrase of twelve or more"
POINT = {"key": "m", "value": 1, "timestamp": 1}
WRITES = [
    ("POST", "/api/2.0/mlflow/runs/log-metric", POINT),
    ("POST", "/api/2.0/mlflow/runs/log-batch", {"metrics": [POINT]}),
    ("POST", "/api/2.0/mlflow/runs/search", {"experiment_ids": ["0"]}),
    ("PATCH", "/api/2.0/mlflow/registered-models/update", {"name": "x"}),
    ("PUT", "/api/2.0/mlflow-artifacts/artifacts/0/x", {}),
    ("DELETE", "/api/2.0/mlflow-artifacts/artifacts/0/x", {}),
    ("POST", f"{V1}/groups", {"name": "by-another-site"}),
    ("POST", f"{V1}/logout", {}),
]


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The owner of a server that everybody must log in to."""
    directory = tmp_path_factory.mktemp("sessions")
    settings = Settings(data=str(directory), auth="required")
    token = asyncio.run(create_owner(settings, "root", None, with_token=True))
    with live_server(directory, settings) as server:
        yield server.also(token=token or "")


@pytest.fixture
def name(owner: Client) -> str:
    """A new user who owns the server."""
    made = owner.name("user")
    owner.ok("POST", f"{V1}/users", name=made, password=PASSWORD)
    owner.ok("POST", f"{V1}/role-assignments", principal=made, role="Owner", scope="/")
    return made


def log_in(owner: Client, name: str) -> tuple[str, dict[str, Any]]:
    """The cookie of a new session, and what the login answered."""
    answer = owner.also().call("POST", f"{V1}/login/session", {"user": name, "password": PASSWORD})
    assert answer.status == 200, answer.content
    return answer.headers["set-cookie"].partition(";")[0], answer.json()


def test_the_token_is_told_at_login_and_to_the_session_alone(owner: Client, name: str) -> None:
    cookie, answer = log_in(owner, name)
    told = owner.with_headers({"Cookie": cookie}).ok("GET", f"{V1}/me")["csrf_token"]
    assert answer["csrf_token"] == told and len(told) == 43
    assert cookie.partition("=")[2] not in told
    assert log_in(owner, name)[1]["csrf_token"] != told
    assert "csrf_token" not in owner.ok("GET", f"{V1}/me")


@pytest.mark.parametrize(("method", "path", "fields"), WRITES)
def test_nothing_but_reading_goes_without_it(
    owner: Client, name: str, method: str, path: str, fields: dict[str, Any]
) -> None:
    cookie, answer = log_in(owner, name)
    body = json.dumps({**fields, "run_id": owner.run("0")} if "runs/log" in path else fields).encode()
    session = owner.with_headers({"Cookie": cookie})
    other = log_in(owner, name)[1]["csrf_token"]
    for sent in ({}, {"X-Runyard-CSRF": ""}, {"X-Runyard-CSRF": "é"}, {"X-Runyard-CSRF": other}):
        refused = session.send(method, path, body, {**JSON, **sent})
        assert (refused.status, refused.json()["error_code"]) == (403, "CSRF_TOKEN_WRONG"), sent
        assert answer["csrf_token"].encode() not in refused.content
    done = session.send(method, path, body, {**JSON, "X-Runyard-CSRF": answer["csrf_token"]})
    assert done.status not in (401, 403), done.content


def test_reading_needs_none(owner: Client, name: str) -> None:
    session = owner.with_headers({"Cookie": log_in(owner, name)[0]})
    for path in ("/api/2.0/mlflow/experiments/get?experiment_id=0", f"{V1}/me", "/openapi.json"):
        assert session.send("GET", path).status == 200


def test_what_comes_with_a_token_needs_none_whatever_cookies_there_are(owner: Client, name: str) -> None:
    cookie, _ = log_in(owner, name)
    both = owner.with_headers({**owner.headers, "Cookie": cookie})
    assert both.run("0")
    assert both.ok("GET", f"{V1}/me")["principal"]["name"] == "root"


def test_a_login_needs_none_also_while_another_session_lasts(owner: Client, name: str) -> None:
    session = owner.with_headers({"Cookie": log_in(owner, name)[0]})
    assert session.ok("POST", f"{V1}/login/session", user=name, password=PASSWORD)["csrf_token"]


def test_on_a_server_without_people_nothing_is_asked_for(server: Client) -> None:
    for cookie in ("runyard_session=ry_of-another-server", "other=1"):
        browser = server.with_headers({"Cookie": cookie})
        assert browser.run("0")
        assert "csrf_token" not in browser.ok("GET", f"{V1}/me")
    assert server.ok("POST", f"{V1}/logout", everywhere=True) == {"revoked": False, "sessions": 0}


def test_logging_out_everywhere_ends_all_sessions_of_that_person_and_nothing_else(
    owner: Client, name: str
) -> None:
    mine, also_mine = (owner.in_session(log_in(owner, name)[0]) for _ in range(2))
    gone = owner.in_session(log_in(owner, name)[0])
    gone.ok("POST", f"{V1}/logout")
    program = owner.also(token=owner.also().ok("POST", f"{V1}/login", user=name, password=PASSWORD)["token"])
    token = owner.also(token=mine.ok("POST", f"{V1}/tokens", name="kept")["token"])
    uri = owner.also(token=mine.ok("POST", f"{V1}/workspace/tracking-token")["token"])
    owner.ok("POST", f"{V1}/users", name=f"{name}-else", password=PASSWORD)
    theirs = owner.in_session(log_in(owner, f"{name}-else")[0])
    answer = mine.call("POST", f"{V1}/logout", {"everywhere": True})
    assert answer.json() == {"revoked": True, "sessions": 2}
    assert "Max-Age=0" in answer.headers["set-cookie"]
    statuses = [one.call("GET", f"{V1}/me").status for one in (mine, also_mine, uri, program, token, theirs)]
    assert statuses == [401, 401, 401, 200, 200, 200]
    line = owner.ok("GET", f"{V1}/audit", principal=name, max_results=1)["items"][0]
    assert line["action"] == f"POST {V1}/logout" and line["target"] == {"sessions": "2"}


def test_a_program_ends_the_sessions_of_its_owner_but_a_narrow_token_does_not(
    owner: Client, name: str
) -> None:
    session = owner.in_session(log_in(owner, name)[0])
    login = owner.also(token=owner.also().ok("POST", f"{V1}/login", user=name, password=PASSWORD)["token"])
    narrow = owner.also(token=login.ok("POST", f"{V1}/tokens", name="n", actions=["runs/*"])["token"])
    uri = owner.also(token=login.ok("POST", f"{V1}/workspace/tracking-token")["token"])
    for one in (narrow, uri):
        assert one.fails("POST", f"{V1}/logout", everywhere=True) == (403, "PERMISSION_DENIED")
        assert one.ok("GET", f"{V1}/me")
    assert login.ok("POST", f"{V1}/logout", everywhere=True) == {"revoked": True, "sessions": 1}
    assert session.call("GET", f"{V1}/me").status == 401


@pytest.mark.parametrize("everywhere", ["yes please", 2, [], {"a": 1}])
def test_everywhere_is_yes_or_no(owner: Client, everywhere: Any) -> None:
    assert owner.fails("POST", f"{V1}/logout", everywhere=everywhere)[0] == 400
