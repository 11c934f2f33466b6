"""Logins at a real OpenID Connect provider: code with PKCE in a browser, device code for programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from runyard.server.settings import Settings
from tests.api.live_server import Answer, Client, live_server
from tests.api.people import People
from tests.components.oidc import CLIENT_ID, CLIENT_SECRET, Person, Provider, folder, oidc_provider

V1 = "/api/v1"
PUBLIC = "http://runyard.test"
CALLBACK = f"{PUBLIC}/login/oidc/callback"
pytestmark = pytest.mark.skipif(
    folder() is None, reason="oidc-provider is not installed; scripts/install-components does it"
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("oidc")


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with oidc_provider(CALLBACK) as running:
        running.put("mary", "owners")
        yield running


@pytest.fixture(scope="module")
def server(directory: Path, provider: Provider) -> Iterator[Client]:
    settings = Settings(
        data=str(directory),
        auth="required",
        public_url=PUBLIC,
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT_ID,
        oidc_client_secret=CLIENT_SECRET,
        oidc_owners="owners",
    )
    with live_server(directory, settings) as client:
        yield client


class Browser(NamedTuple):
    """What a browser that was sent to the provider keeps."""

    location: str
    cookie: str


def begin(server: Client, next_path: str = "/") -> Browser:
    answer = server.send("GET", f"/login/oidc?next={quote(next_path)}")
    assert answer.status == 303, answer.content
    return Browser(answer.headers["location"], answer.headers["set-cookie"].partition(";")[0])


def come_back(server: Client, sent_to: str, cookie: str) -> Answer:
    return server.send("GET", f"/login/oidc/callback?{urlsplit(sent_to).query}", headers={"Cookie": cookie})


def session_of(server: Client, name: str, next_path: str = "/") -> str:
    """The cookie of somebody who logged in."""
    browser = begin(server, next_path)
    answer = come_back(server, Person(name, CALLBACK).log_in(browser.location), browser.cookie)
    assert (answer.status, answer.headers["location"]) == (303, next_path), answer.content
    return answer.headers["set-cookie"].partition(";")[0]


def as_(server: Client, cookie: str) -> Client:
    return server.in_session(cookie)


def test_who_logs_in_first_is_a_user_without_any_role(server: Client) -> None:
    ada = as_(server, session_of(server, "ada", "/studio?x=1"))
    me = ada.ok("GET", f"{V1}/me")
    assert me["principal"]["name"] == "ada"
    assert me["principal"]["email"] == "ada@example.org"
    assert me["server_actions"] == []
    assert ada.fails("GET", "experiments/get", experiment_id="0") == (404, "RESOURCE_DOES_NOT_EXIST")


def test_the_group_of_owners_owns_the_server_and_leaves_it_at_the_next_login(
    server: Client, provider: Provider
) -> None:
    provider.put("grace", "owners")
    owner = as_(server, session_of(server, "grace"))
    assert "access/write" in owner.ok("GET", f"{V1}/me")["server_actions"]
    provider.put("grace")
    again = as_(server, session_of(server, "grace"))
    assert again.ok("GET", f"{V1}/me")["server_actions"] == []
    assert owner.ok("GET", f"{V1}/me")["server_actions"] == []


def test_groups_of_the_same_name_are_joined_and_others_kept(server: Client, provider: Provider) -> None:
    owner = as_(server, session_of(server, "mary"))
    for group in ("science", "by-hand"):
        owner.ok("POST", f"{V1}/groups", name=group)
    owner.ok("POST", f"{V1}/role-assignments", principal="science", role="Reader", scope="/")
    provider.put("tim", "science")
    tim = as_(server, session_of(server, "tim"))
    assert "runs/read" in tim.ok("GET", f"{V1}/me")["server_actions"]
    owner.ok("POST", f"{V1}/groups/by-hand/members/tim")
    provider.put("tim", "unknown")
    session_of(server, "tim")
    members = {
        group: [one["name"] for one in owner.ok("GET", f"{V1}/groups/{group}")["members"]]
        for group in ("science", "by-hand")
    }
    assert members == {"science": [], "by-hand": ["tim"]}


def test_a_user_who_is_there_already_is_not_taken_over(server: Client) -> None:
    owner = as_(server, session_of(server, "mary"))
    owner.ok("POST", f"{V1}/users", name="boss", email="boss@example.org")
    owner.ok("POST", f"{V1}/role-assignments", principal="boss", role="Owner", scope="/")
    me = as_(server, session_of(server, "boss")).ok("GET", f"{V1}/me")
    assert me["principal"]["name"].startswith("boss-")
    assert me["server_actions"] == []


def test_a_disabled_user_is_refused(server: Client) -> None:
    session_of(server, "eve")
    as_(server, session_of(server, "mary")).ok("PATCH", f"{V1}/users/eve", disabled=True)
    browser = begin(server)
    answer = come_back(server, Person("eve", CALLBACK).log_in(browser.location), browser.cookie)
    assert answer.status == 401


def test_an_answer_counts_once_and_in_the_browser_that_asked(server: Client) -> None:
    first, second = begin(server), begin(server)
    sent_to = Person("ada", CALLBACK).log_in(first.location)
    assert come_back(server, sent_to, "").status == 401
    assert come_back(server, sent_to, second.cookie).status == 401
    assert come_back(server, sent_to, first.cookie[:-4] + "AAAA").status == 401
    assert come_back(server, sent_to, first.cookie).status == 303
    assert come_back(server, sent_to, first.cookie).status == 401


def test_logging_in_again_ends_the_session_that_the_browser_had(server: Client) -> None:
    before = session_of(server, "zoe")
    assert as_(server, before).ok("GET", f"{V1}/me")
    browser = begin(server)
    sent_to = Person("zoe", CALLBACK).log_in(browser.location)
    assert come_back(server, sent_to, before).status == 401  # without the login's own cookie
    assert as_(server, before).ok("GET", f"{V1}/me")
    answer = come_back(server, sent_to, f"{before}; {browser.cookie}")
    assert server.with_headers({"Cookie": before}).call("GET", f"{V1}/me").status == 401
    assert as_(server, answer.headers["set-cookie"].partition(";")[0]).ok("GET", f"{V1}/me")


def test_a_code_of_another_login_is_refused(server: Client) -> None:
    """The verifier and the nonce are those of the browser's own login."""
    mine, theirs = begin(server), begin(server)
    code = parse_qs(urlsplit(Person("eve-2", CALLBACK).log_in(theirs.location)).query)["code"][0]
    state = parse_qs(urlsplit(mine.location).query)["state"][0]
    assert come_back(server, f"{CALLBACK}?code={code}&state={state}", mine.cookie).status == 401


@pytest.mark.parametrize(
    "next_path", ["//evil.example", "/\\evil.example", "https://evil.example", "x", "/a\nb"]
)
def test_the_browser_is_sent_nowhere_else(server: Client, next_path: str) -> None:
    assert server.send("GET", f"/login/oidc?next={quote(next_path, safe='')}").status == 400


def test_a_program_logs_in_with_a_device_code(server: Client) -> None:
    began = server.ok("POST", f"{V1}/login/device")
    handle = began["handle"]
    assert server.ok("POST", f"{V1}/login/device/token", handle=handle)["status"] == "pending"
    Person("dev").confirm_device(began["verification_uri_complete"])
    done = server.ok("POST", f"{V1}/login/device/token", handle=handle, name="laptop")
    assert done["status"] == "done"
    dev = server.also(token=done["token"])
    assert dev.ok("GET", f"{V1}/me")["principal"]["name"] == "dev"
    assert [one["name"] for one in dev.ok("GET", f"{V1}/tokens")["items"]] == ["laptop"]
    assert server.fails("POST", f"{V1}/login/device/token", handle=handle)[0] == 401


def test_a_handle_that_is_not_ours_is_refused(server: Client) -> None:
    for handle in ("", "x", "gAAAAA" * 20, "\0", "é"):
        assert server.fails("POST", f"{V1}/login/device/token", handle=handle)[0] == 400


def test_logins_are_in_the_audit_log(server: Client) -> None:
    owner = as_(server, session_of(server, "mary"))
    lines = owner.ok("GET", f"{V1}/audit", action="login", max_results=1000)["items"]
    assert {"oidc", "device"} <= {line["credential"] for line in lines}
    assert {"done", "UNAUTHENTICATED"} <= {line["outcome"] for line in lines}
    assert owner.ok("GET", f"{V1}/audit/verify")["intact"]


def test_what_a_login_changes_is_in_the_audit_log(server: Client, provider: Provider) -> None:
    owner = as_(server, session_of(server, "mary"))
    owner.ok("POST", f"{V1}/groups", name="listed")
    provider.put("noted", "listed", "unknown")
    session_of(server, "noted")

    def lines(**query: str) -> list[tuple[str, str, dict[str, str]]]:
        found = owner.ok("GET", f"{V1}/audit", max_results=1000, **query)["items"]
        return [
            (one["credential"], one["action"], one["target"]) for one in found if one["action"] != "login"
        ]

    assert lines(principal="noted") == [
        ("oidc", "principals/write", {"member": "noted", "name": "listed, unknown"}),
        ("oidc", "principals/write", {"name": "noted"}),
    ]
    session_of(server, "noted")  # which changes nothing
    assert len(lines(principal="noted")) == 2
    made = {"principal": "owners", "role": "Owner", "scope": "/"}
    assert [one for one in lines(action="access/write") if one[2] == made] == [("oidc", "access/write", made)]


def test_nobody_settles_in_the_group_that_comes_to_own_the_server(tmp_path: Path, provider: Provider) -> None:
    """Whoever manages people could make it before the first owner logs in, and stay in it."""
    settings = Settings(
        data=str(tmp_path),
        auth="required",
        public_url=PUBLIC,
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT_ID,
        oidc_client_secret=CLIENT_SECRET,
        oidc_owners="owners",
    )
    with live_server(tmp_path, settings) as client:
        people = People(tmp_path)
        root = client.also(token=people.with_roles(("Owner", "/")))
        root.ok("POST", f"{V1}/roles", name="Staff", actions=["principals/*"])
        staff = client.also(token=people.token(people.add(("Staff", "/"), name="staff")))
        assert staff.fails("POST", f"{V1}/groups", name="owners")[0] == 403
        assert staff.ok("POST", f"{V1}/groups", name="others")
        root.ok("POST", f"{V1}/groups", name="owners")
        assert staff.fails("POST", f"{V1}/groups/owners/members/staff")[0] == 403
        assert staff.fails("DELETE", f"{V1}/groups/owners")[0] == 403
        provider.put("first", "owners")
        owner = as_(client, session_of(client, "first"))
        assert "access/write" in owner.ok("GET", f"{V1}/me")["server_actions"]


def test_ways_to_log_in_are_told_to_everybody(server: Client) -> None:
    ways = server.ok("GET", f"{V1}/login")
    assert (ways["password"], ways["oidc"], ways["device"]) == (True, True, True)


def test_secrets_are_nowhere_on_disk(server: Client, directory: Path) -> None:
    cookie = session_of(server, "secretive")
    secret = cookie.partition("=")[2].encode()
    found = [path for path in directory.rglob("*") if path.is_file() and secret in path.read_bytes()]
    assert found == []
    assert not any(
        CLIENT_SECRET.encode() in path.read_bytes() for path in directory.rglob("*") if path.is_file()
    )
