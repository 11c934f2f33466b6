"""What ends a token, a login and a browser's session, and what does not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from runyard.server.first_owner import create_owner
from runyard.server.settings import Settings
from tests.api.live_server import Client, live_server

V1 = "/api/v1"
PASSWORD = "a passphrase of twelve or more"


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The owner of a server that everybody must log in to."""
    directory = tmp_path_factory.mktemp("lives")
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


def logged_in(owner: Client, name: str) -> Client:
    return owner.also(token=owner.also().ok("POST", f"{V1}/login", user=name, password=PASSWORD)["token"])


def browser(owner: Client, name: str, cookie: str = "") -> Client:
    """A browser in which somebody logs in, with the cookie that it has from before."""
    before = owner.with_headers({"Cookie": cookie} if cookie else {})
    answer = before.call("POST", f"{V1}/login/session", {"user": name, "password": PASSWORD})
    assert answer.status == 200, answer.content
    cookie = answer.headers["set-cookie"].partition(";")[0]
    return owner.with_headers({"Cookie": cookie, "X-Runyard-CSRF": answer.json()["csrf_token"]})


def status(client: Client) -> int:
    return client.call("GET", f"{V1}/me").status


def made_with(client: Client, **fields: Any) -> Client:
    return client.also(token=client.ok("POST", f"{V1}/tokens", name="t", **fields)["token"])


def tracking(client: Client) -> Client:
    return client.also(token=client.ok("POST", f"{V1}/workspace/tracking-token")["token"])


def logins(owner: Client, name: str) -> list[dict[str, Any]]:
    """Newest first."""
    found: list[dict[str, Any]] = owner.ok("GET", f"{V1}/audit", principal=name, action="login")["items"]
    return found


@pytest.mark.parametrize("way", [logged_in, browser])
def test_logging_out_ends_that_login_and_its_tracking_uris_and_no_token(
    owner: Client, name: str, way: Any
) -> None:
    login, other = way(owner, name), way(owner, name)
    kept, uri = made_with(login), tracking(login)
    assert uri.call("GET", "experiments/get", {"experiment_id": "0"}).status == 200
    login.ok("POST", f"{V1}/logout")
    assert (status(login), status(other), status(kept)) == (401, 200, 200)
    assert uri.call("GET", "experiments/get", {"experiment_id": "0"}).status == 401


def test_what_a_user_has_ends_with_the_user_but_not_what_service_accounts_have(
    owner: Client, name: str
) -> None:
    owner.ok("POST", f"{V1}/service-accounts", name=f"robot-{name}")
    login, session = logged_in(owner, name), browser(owner, name)
    own = made_with(login)
    uri = tracking(own)
    robots = [made_with(one, service_account=f"robot-{name}") for one in (login, session, own)]
    owner.ok("DELETE", f"{V1}/users/{name}")
    assert [status(one) for one in (login, session, own)] == [401] * 3
    assert uri.call("GET", "experiments/get", {"experiment_id": "0"}).status == 401
    assert [status(one) for one in robots] == [200] * 3
    listed = owner.ok("GET", f"{V1}/tokens", created_by=name)["items"]
    assert [(one["principal"], one["created_by"]) for one in listed] == [(f"robot-{name}", name)] * 3
    page = owner.ok("GET", f"{V1}/tokens", created_by=name, max_results=2)
    rest = owner.ok("GET", f"{V1}/tokens", created_by=name, page_token=page["next_page_token"])
    assert page["items"] + rest["items"] == listed
    for one in listed:
        owner.ok("DELETE", f"{V1}/tokens/{one['token_id']}")
    assert [status(one) for one in robots] == [401] * 3
    audit = owner.ok("GET", f"{V1}/audit", principal=name, max_results=1000)["items"]
    made = [one["target"] for one in audit if "service_account" in one["target"]]
    assert [one["service_account"] for one in made] == [f"robot-{name}"] * 3


def test_who_made_tokens_is_told_to_them_and_to_who_manages_people(owner: Client, name: str) -> None:
    owner.ok("POST", f"{V1}/service-accounts", name=f"robot-{name}")
    login = logged_in(owner, name)
    made_with(login, service_account=f"robot-{name}")
    own = made_with(login, actions=["runs/read"])
    assert len(own.ok("GET", f"{V1}/tokens", created_by=name)["items"]) == 1
    assert own.fails("GET", f"{V1}/tokens", created_by="root")[0] == 403
    assert owner.fails("GET", f"{V1}/tokens", created_by=name, service_account="x")[0] == 400
    assert {one["created_by"] for one in own.ok("GET", f"{V1}/tokens")["items"]} == {name}


def test_a_disabled_user_has_nothing_and_after_that_the_tokens_again(owner: Client, name: str) -> None:
    login, session = logged_in(owner, name), browser(owner, name)
    kept = made_with(login)
    owner.ok("PATCH", f"{V1}/users/{name}", disabled=True)
    assert [status(one) for one in (login, session, kept)] == [401] * 3
    owner.ok("PATCH", f"{V1}/users/{name}", disabled=False)
    assert [status(one) for one in (login, session, kept)] == [401, 401, 200]


def test_a_new_password_ends_logins_and_sessions_and_no_token(owner: Client, name: str) -> None:
    login, session = logged_in(owner, name), browser(owner, name)
    kept = made_with(login)
    owner.ok("PATCH", f"{V1}/users/{name}", password="another good passphrase")
    assert [status(one) for one in (login, session, kept)] == [401, 401, 200]


def test_logging_in_again_ends_the_session_that_the_browser_had(owner: Client, name: str) -> None:
    first, elsewhere = browser(owner, name), browser(owner, name)
    uri = tracking(first)
    again = browser(owner, name, f"other=1; {first.headers['Cookie']}")
    assert [status(one) for one in (first, again, elsewhere)] == [401, 200, 200]
    assert uri.call("GET", "experiments/get", {"experiment_id": "0"}).status == 401
    newest, *older = logins(owner, name)
    assert len(newest["target"]["ended"]) == 32
    assert [one["target"] for one in older] == [{}, {}]
    somebody_else = browser(owner, name, again.headers["Cookie"])
    assert [status(one) for one in (again, somebody_else)] == [401, 200]


def test_a_login_that_fails_ends_nothing(owner: Client, name: str) -> None:
    session = browser(owner, name)
    wrong = json.dumps({"user": name, "password": "wrong"}).encode()
    headers = {"Content-Type": "application/json"}
    assert session.send("POST", f"{V1}/login/session", wrong, headers).status == 401
    assert status(session) == 200


def test_a_cookie_ends_sessions_alone(owner: Client, name: str) -> None:
    """Whoever can write a cookie into a browser ends no token of somebody's by it."""
    login = logged_in(owner, name)
    secret = login.headers["Authorization"].removeprefix("Bearer ")
    for cookie in (f"runyard_session={secret}", "runyard_session=", "runyard_session=ry_unknown"):
        browser(owner, name, cookie)
    assert status(login) == 200


def test_a_session_is_always_a_fresh_one(owner: Client, name: str) -> None:
    """What an attacker planted in a browser is not what the person then works with."""
    planted = browser(owner, name)
    own = browser(owner, name, planted.headers["Cookie"])
    assert own.headers["Cookie"] != planted.headers["Cookie"]
    assert status(planted) == 401
