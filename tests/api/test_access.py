"""Every route × who asks: the answer is refused exactly where the table of actions says so, and is never a 5xx."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from runyard.entities.access import ACTIONS, ANONYMOUS, BUILT_IN_ROLES, SELF, expand
from runyard.server.access import SESSION_COOKIES, credential_of
from runyard.server.first_owner import create_owner
from runyard.server.routing import Route
from runyard.server.settings import Settings
from runyard.server.storage import DATABASE_FILE
from tests.api import hostile
from tests.api.live_server import JSON, Client, live_server
from tests.api.test_hostile_input import filled, known_records

V1 = "/api/v1"
HERE = "/subscriptions/default/resourceGroups/default/workspaces/walked"
PASSWORD = "a passphrase for tests"
RUNNER = ("runs/*", "experiments/read")
LEFT_OUT = {("DELETE", f"{V1}/workspace"), ("POST", f"{V1}/logout")}  # what ends the walk for whoever may
Sees = frozenset[str] | None


class Walker(NamedTuple):
    """Somebody who asks. `status` is the answer to everything that needs a credential; None: it follows from what they
    may do on the server and in the workspace. `here` is None where they do not even see the workspace.
    """

    name: str
    token: str = ""
    status: int | None = None
    server: frozenset[str] = frozenset()
    here: frozenset[str] | None = None


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("access")


@pytest.fixture(scope="module")
def owner(directory: Path) -> Iterator[Client]:
    """The first owner of a server that everybody must log in to, in whose workspace people walk."""
    settings = Settings(data=str(directory), auth="required", datastore_hosts="127.0.0.1")
    token = asyncio.run(create_owner(settings, "root", None, with_token=True))
    assert token is not None
    with live_server(directory, settings) as server:
        client = server.also(token=token)
        for name in ("walked", "other"):
            client.ok("POST", f"{V1}/workspaces", name=name)
        client.ok("POST", f"{V1}/roles", name="Runner", actions=list(RUNNER))
        yield client


def user(owner: Client, *roles: tuple[str, str], **more: Any) -> tuple[str, str]:
    """Name and token of a new user with (role, scope)."""
    name = owner.name("user")
    owner.ok("POST", f"{V1}/users", name=name, password=PASSWORD)
    for role, scope in roles:
        owner.ok("POST", f"{V1}/role-assignments", principal=name, role=role, scope=scope, **more)
    return name, owner.ok("POST", f"{V1}/login", user=name, password=PASSWORD)["token"]


def token_of(owner: Client, maker: str, **limits: Any) -> str:
    """A further token of somebody."""
    return str(owner.also(token=maker).ok("POST", f"{V1}/tokens", name="t", **limits)["token"])


def expire(directory: Path, token_id: str) -> None:
    with closing(sqlite3.connect(directory / DATABASE_FILE, timeout=10)) as database, database:
        database.execute("UPDATE access_tokens SET expires_ms = 1 WHERE uuid = ?", (token_id,))


@pytest.fixture(scope="module")
def walkers(owner: Client, directory: Path) -> dict[str, Walker]:
    everything = frozenset(ACTIONS)
    found = [Walker("anonymous", status=401), Walker("a wrong token", "ry_" + "x" * 43, 401)]
    for role in ("Reader", "Data Scientist", "Contributor", "Owner"):
        actions = BUILT_IN_ROLES[role].expand()
        found.append(
            Walker(f"{role} of the workspace", user(owner, (role, HERE))[1], None, frozenset(), actions)
        )
        found.append(Walker(f"{role} of the server", user(owner, (role, "/"))[1], None, actions, actions))
    runner = user(owner, ("Runner", HERE))[1]
    found.append(Walker("a custom role", runner, here=expand(RUNNER)))
    everywhere = user(owner, ("Owner", "/"))[1]
    narrow = token_of(owner, everywhere, actions=["runs/read"])
    found.append(Walker("a narrow token", narrow, None, expand(("runs/read",)), expand(("runs/read",))))
    found.append(
        Walker(
            "a token of the workspace",
            token_of(owner, everywhere, workspace="walked"),
            None,
            frozenset(),
            everything,
        )
    )
    found.append(Walker("a token of another workspace", token_of(owner, everywhere, workspace="other")))
    found.append(Walker("nobody in particular", user(owner)[1]))
    denied, token = user(owner, ("Owner", HERE))
    owner.ok("POST", f"{V1}/role-assignments", principal=denied, role="Reader", scope="/", allow=False)
    found.append(
        Walker(
            "an owner who may not read",
            token,
            None,
            frozenset(),
            everything - BUILT_IN_ROLES["Reader"].expand() - {"workspaces/import"},
        )
    )
    name, disabled = user(owner, ("Owner", "/"))
    kept = token_of(owner, disabled)
    owner.ok("PATCH", f"{V1}/users/{name}", disabled=True)
    found.append(Walker("a disabled user", kept, 401))
    for way in ("expired", "revoked"):
        made = owner.ok("POST", f"{V1}/tokens", name=way)
        if way == "expired":
            expire(directory, made["token_id"])
        else:
            owner.ok("DELETE", f"{V1}/tokens/{made['token_id']}")
        found.append(Walker(f"an {way} token" if way == "expired" else f"a {way} token", made["token"], 401))
    return {one.name: one for one in found}


WALKERS = (
    *("anonymous", "a wrong token", "Reader of the workspace", "Reader of the server", "Data Scientist of the workspace"),
    *("Data Scientist of the server", "Contributor of the workspace", "Contributor of the server", "Owner of the server"),
    *("Owner of the workspace", "a custom role", "a narrow token", "a token of the workspace", "nobody in particular"),
    *("a token of another workspace", "an owner who may not read", "a disabled user", "an expired token", "a revoked token"),
)  # fmt: skip


def expected(route: Route, who: Walker) -> set[int] | None:
    """The statuses that are right; None: anything but a refusal."""
    if route.action == ANONYMOUS:
        return None
    if who.status is not None:
        return {who.status}
    if route.in_workspace and not who.here:
        return {404}
    if route.action == SELF or route.decides:
        return set(range(200, 500)) - {401}
    may = (who.here or frozenset()) if route.in_workspace else who.server
    return None if route.action in may else {403}


@pytest.mark.parametrize("name", WALKERS)
def test_every_route_is_refused_where_the_table_says_so(
    owner: Client, walkers: Mapping[str, Walker], name: str
) -> None:
    assert set(WALKERS) == set(walkers)
    who = walkers[name]
    client = owner.also(base="/workspaces/walked", token=who.token)
    wrong = []
    for route in owner.routes:
        right = expected(route, who)
        if right is None and (route.method, route.path) in LEFT_OUT:
            continue
        if right != {401} and (route.method, route.path) in LEFT_OUT:
            continue
        body = None if route.method == "GET" else b"{}"
        answer = client.send(route.method, filled(route.path, {}), body, JSON)
        good = answer.status not in (401, 403) if right is None else answer.status in right
        if not good or (answer.status >= 500 and answer.status != 501):
            wrong.append(
                f"{route.method} {route.path} ({route.action}): {answer.status} {answer.content[:150]!r}"
            )
    assert wrong == []


def test_every_action_is_named_by_a_route_or_by_a_later_issue(owner: Client) -> None:
    later = {"compute/read", "compute/write", "jobs/read", "jobs/write"}
    used = {route.action for route in owner.routes}
    assert set(ACTIONS) - used <= later
    assert used - set(ACTIONS) == {ANONYMOUS, SELF}


def test_only_these_routes_are_for_everybody(owner: Client) -> None:
    known = {"/health", "/version", "/ready", "/login/oidc", "/login/oidc/callback"}
    known |= {"/studio/assets/{file}", "/studio/{file}"}
    known |= {f"{V1}/jobs/{{run_id}}/claim"}
    known |= {f"{V1}/login{rest}" for rest in ("", "/session", "/device", "/device/token")}
    assert {route.path for route in owner.routes if route.action == ANONYMOUS} <= known


def test_a_route_that_is_not_there_is_told_to_nobody_else(owner: Client) -> None:
    for path in ("/nothing", "/api/2.0/mlflow/nothing", "/workspaces/walked/nothing"):
        assert owner.also().call("GET", path).status == 401
        assert owner.call("GET", path).status == 404


@pytest.fixture(scope="module")
def halves(owner: Client) -> tuple[Client, dict[str, Any], dict[str, Any]]:
    """Somebody who has a role in one experiment of the workspace, its records, and those of another."""
    here = owner.with_headers(owner.headers, "/workspaces/walked")
    mine, theirs = known_records(here), known_records(here)
    scope = f"{HERE}/experiments/{mine['experiment_id']}"
    _, token = user(owner, ("Data Scientist", scope))
    return owner.also(base="/workspaces/walked", token=token), mine, theirs


def ask(client: Client, route: Route, known: Mapping[str, Any]) -> int:
    """The status of a plausible request about known records."""
    path = filled(route.path, known)
    if route.method == "GET":
        fields = hostile.plausible(route.request, known) if route.request else known
        plain = {key: value for key, value in fields.items() if isinstance(value, str | int | list)}
        return client.call("GET", path, plain).status
    body = hostile.plausible(route.request, known) if route.request else {}
    return client.send(route.method, path, json.dumps(body).encode(), JSON).status


def test_a_role_in_one_experiment_opens_no_other(
    halves: tuple[Client, dict[str, Any], dict[str, Any]],
) -> None:
    client, _, theirs = halves
    opened = []
    for route in client.routes:
        free = route.action in (ANONYMOUS, SELF) or route.decides or route.filtered or not route.in_workspace
        if not free and (route.method, route.path) not in LEFT_OUT:
            status = ask(client, route, theirs)
            if status < 400 or (status >= 500 and status != 501):
                opened.append(f"{route.method} {route.path}: {status}")
    assert opened == []


def test_a_role_in_one_experiment_is_enough_to_work_in_it(
    halves: tuple[Client, dict[str, Any], dict[str, Any]],
) -> None:
    client, mine, theirs = halves
    run, experiment = mine["run_id"], mine["experiment_id"]
    client.ok("POST", "runs/log-metric", run_id=run, key="m", value=1, timestamp=1)
    client.ok("POST", "runs/log-batch", run_id=run, params=[{"key": "p", "value": "1"}])
    made = client.ok("POST", "runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
    assert client.ok("GET", "runs/get", run_id=made)
    assert client.ok("POST", "runs/search", experiment_ids=[experiment])["runs"]
    assert client.fails("POST", "runs/search", experiment_ids=[experiment, theirs["experiment_id"]])[0] == 404
    found = client.ok("POST", "experiments/search", max_results=100)["experiments"]
    assert [one["experiment_id"] for one in found] == [experiment]
    assert client.fails("POST", "experiments/create", name="another")[0] == 403
    assert client.fails("POST", "registered-models/create", name="m")[0] == 403


@pytest.mark.parametrize("path", ["{}/x", "./{}/x", "/{}/x", "{}%2Fx", "%2e/{}/x", "./././{}/x"])
def test_files_of_another_experiment_are_closed_however_their_path_is_spelt(
    halves: tuple[Client, dict[str, Any], dict[str, Any]], path: str
) -> None:
    client, _, theirs = halves
    target = "/api/2.0/mlflow-artifacts/artifacts/" + path.format(theirs["experiment_id"])
    for method, body in (("GET", None), ("PUT", b"x"), ("DELETE", None)):
        assert client.send(method, target, body).status in (400, 403, 404)


def test_a_denied_experiment_is_closed_to_who_has_the_rest(
    owner: Client, halves: tuple[Client, dict[str, Any], dict[str, Any]]
) -> None:
    _, mine, theirs = halves
    closed = theirs["experiment_id"]
    name, token = user(owner, ("Data Scientist", HERE))
    scope = f"{HERE}/experiments/{closed}"
    owner.ok("POST", f"{V1}/role-assignments", principal=name, role="Owner", scope=scope, allow=False)
    client = owner.also(base="/workspaces/walked", token=token)
    assert client.ok("GET", "runs/get", run_id=mine["run_id"])
    assert client.fails("GET", "runs/get", run_id=theirs["run_id"])[0] == 404
    found = client.ok("POST", "experiments/search", max_results=1000)["experiments"]
    assert closed not in {one["experiment_id"] for one in found}
    files = "/api/2.0/mlflow-artifacts/artifacts"
    assert client.call("GET", f"{files}/./{closed}/x").status == 404
    assert client.call("GET", files, {"path": closed}).status == 404
    source = f"mlflow-artifacts:/{closed}/{theirs['run_id']}/artifacts"
    model = client.name("model")
    client.ok("POST", "registered-models/create", name=model)
    assert client.fails("POST", "model-versions/create", name=model, source=source)[0] in (400, 404)
    source = f"runs:/{theirs['run_id']}/m"
    assert client.fails("POST", "model-versions/create", name=model, source=source)[0] in (400, 404)


@pytest.mark.parametrize("hidden", ["runs/read", "artifacts/read", "traces/read", "models/read"])
def test_whole_workspaces_are_for_who_may_read_all_of_them(
    owner: Client, halves: tuple[Client, dict[str, Any], dict[str, Any]], hidden: str
) -> None:
    _, _, theirs = halves
    name, token = user(owner, ("Owner", HERE))
    client = owner.also(base="/workspaces/walked", token=token)
    assert client.ok("GET", f"{V1}/export/experiments")["items"]
    role = owner.name("Hidden")
    owner.ok("POST", f"{V1}/roles", name=role, actions=[hidden])
    deny = {"principal": name, "role": role, "scope": f"{HERE}/experiments/{theirs['experiment_id']}"}
    owner.ok("POST", f"{V1}/role-assignments", **deny, allow=False)
    for path, fields in (("experiments", {}), ("runs", {"experiment_id": theirs["experiment_id"]})):
        assert client.fails("GET", f"{V1}/export/{path}", **fields)[0] == 403
    assert client.fails("POST", f"{V1}/export/files", paths=[f"{theirs['experiment_id']}/x"])[0] == 403


def test_what_is_revoked_or_taken_away_is_gone_at_once(owner: Client) -> None:
    name, token = user(owner, ("Data Scientist", HERE))
    client = owner.also(base="/workspaces/walked", token=token)
    run = client.run()

    def log() -> int:
        body = {"run_id": run, "key": "m", "value": 1, "timestamp": 1}
        return client.call("POST", "runs/log-metric", body).status

    assert [log() for _ in range(3)] == [200] * 3  # the last ones in the fast lane
    (one,) = owner.ok("GET", f"{V1}/role-assignments", scope=HERE, principal=name)["items"]
    owner.ok("DELETE", f"{V1}/role-assignments/{one['assignment_id']}")
    assert log() == 404
    owner.ok("POST", f"{V1}/role-assignments", principal=name, role="Reader", scope=HERE)
    assert log() == 403
    owner.ok("POST", f"{V1}/groups", name=f"g-{name}")
    owner.ok("POST", f"{V1}/groups/g-{name}/members/{name}")
    owner.ok("POST", f"{V1}/role-assignments", principal=f"g-{name}", role="Data Scientist", scope=HERE)
    assert [log(), log()] == [200, 200]
    owner.ok("DELETE", f"{V1}/groups/g-{name}/members/{name}")
    assert log() == 403
    owner.ok("DELETE", f"{V1}/users/{name}")
    assert log() == 401


def test_what_another_process_revokes_is_gone_within_seconds(owner: Client, directory: Path) -> None:
    made = owner.ok("POST", f"{V1}/tokens", name="t")
    client = owner.also(token=made["token"])
    assert client.call("GET", f"{V1}/me").status == 200
    expire(directory, made["token_id"])
    began = time.monotonic()
    while client.call("GET", f"{V1}/me").status == 200:
        assert time.monotonic() - began < 10
        time.sleep(0.2)


def test_a_token_never_gives_more_than_the_one_that_made_it(owner: Client) -> None:
    _, login = user(owner, ("Owner", "/"))
    person = owner.also(token=login)
    narrow = person.also(token=token_of(owner, login, actions=["runs/*"], workspace="walked", life_s=1_000))
    for fields in (
        {},
        {"actions": ["runs/*"]},
        {"actions": ["*"], "workspace": "walked"},
        {"actions": ["runs/*", "models/read"], "workspace": "walked"},
        {"actions": ["runs/read"], "workspace": "walked", "life_s": 2_000},
    ):
        assert narrow.fails("POST", f"{V1}/tokens", name="more", **fields)[0] == 403, fields
    assert narrow.fails("POST", f"{V1}/tokens", name="x", actions=["runs/*"], workspace="other")[0] == 404
    less = narrow.ok("POST", f"{V1}/tokens", name="less", actions=["runs/read"], workspace="walked")
    assert less["expires_ms"] <= int((time.time() + 1_001) * 1000)
    assert narrow.fails("DELETE", f"{V1}/tokens/{less['token_id']}")[0] == 403
    assert narrow.fails("POST", f"{V1}/users", name="x")[0] == 403


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": " "},
        {"name": "x" * 200},
        {"name": "x", "life_s": 0},
        {"name": "x", "life_s": 367 * 86_400},
        {"name": "x", "life_s": 2**62},
        {"name": "x", "actions": ["run/read"]},
        {"name": "x", "actions": ["*"] * 101},
    ],
)
def test_tokens_that_make_no_sense_are_refused(owner: Client, fields: dict[str, Any]) -> None:
    assert owner.fails("POST", f"{V1}/tokens", **fields)[0] in (400, 403)


def test_a_token_made_with_a_token_ends_with_it(owner: Client) -> None:
    owner.ok("POST", f"{V1}/service-accounts", name="child")
    login = owner.also(token=user(owner, ("Owner", "/"))[1])
    kept = owner.also(token=login.ok("POST", f"{V1}/tokens", name="kept")["token"])
    parent = login.ok("POST", f"{V1}/tokens", name="parent", life_s=3600)
    with_it = owner.also(token=parent["token"])
    own = owner.also(token=with_it.ok("POST", f"{V1}/tokens", name="own")["token"])
    made = with_it.ok("POST", f"{V1}/tokens", name="robot", service_account="child")
    assert made["expires_ms"] <= parent["expires_ms"]
    longer = {"name": "x", "service_account": "child", "life_s": 7200}
    assert with_it.fails("POST", f"{V1}/tokens", **longer)[0] == 403
    robot = owner.also(token=made["token"])
    assert [one.call("GET", f"{V1}/me").status for one in (own, robot)] == [200, 200]
    login.ok("DELETE", f"{V1}/tokens/{parent['token_id']}")
    assert [one.call("GET", f"{V1}/me").status for one in (own, robot, with_it)] == [401] * 3
    login.ok("POST", f"{V1}/logout")
    assert kept.ok("GET", f"{V1}/me")  # a login makes what it likes


def test_a_tracking_token_makes_no_tokens(owner: Client) -> None:
    token = owner.ok("POST", f"/workspaces/walked{V1}/workspace/tracking-token")["token"]
    answer = owner.also(token=token).call("POST", f"{V1}/tokens", {"name": "x", "workspace": "walked"})
    assert answer.status == 403 and "tracking URI" in answer.json()["message"]


def test_secrets_are_shown_once(owner: Client) -> None:
    made = owner.ok("POST", f"{V1}/tokens", name="once")
    listed = owner.ok("GET", f"{V1}/tokens", max_results=1000)["items"]
    assert made["token_id"] in {one["token_id"] for one in listed}
    assert made["token"] not in json.dumps(listed)
    assert "hash" not in json.dumps(owner.ok("GET", f"{V1}/users"))


def test_service_accounts_work_with_tokens_that_owners_make(owner: Client) -> None:
    owner.ok("POST", f"{V1}/service-accounts", name="robot")
    owner.ok("POST", f"{V1}/role-assignments", principal="robot", role="Runner", scope=HERE)
    token = owner.ok("POST", f"{V1}/tokens", name="ci", service_account="robot")["token"]
    robot = owner.also(base="/workspaces/walked", token=token)
    assert robot.ok("GET", f"{V1}/me")["principal"]["kind"] == "service_account"
    assert robot.ok("POST", "runs/create", experiment_id="0")
    assert owner.fails("POST", f"{V1}/login", user="robot", password=PASSWORD)[0] == 401
    plain = owner.also(token=user(owner, ("Contributor", "/"))[1])
    assert plain.fails("POST", f"{V1}/tokens", name="x", service_account="robot")[0] == 403
    owner.ok("PATCH", f"{V1}/service-accounts/robot", disabled=True)
    assert robot.call("GET", f"{V1}/me").status == 401


def test_who_manages_people_does_not_become_an_owner_by_it(owner: Client) -> None:
    owner.ok("POST", f"{V1}/roles", name="Clerk", actions=["principals/*", "access/*"])
    name, token = user(owner, ("Clerk", "/"))
    clerk = owner.also(token=token)
    boss = user(owner, ("Owner", HERE))[0]
    owner.ok("POST", f"{V1}/groups", name="bosses")
    owner.ok("POST", f"{V1}/role-assignments", principal="bosses", role="Owner", scope="/")
    owner.ok("POST", f"{V1}/service-accounts", name="strong")
    owner.ok("POST", f"{V1}/role-assignments", principal="strong", role="Owner", scope="/")
    clerk.ok("POST", f"{V1}/users", name=f"{name}-friend", password=PASSWORD)
    clerk.ok("PATCH", f"{V1}/users/{name}-friend", disabled=True)
    for method, path, fields in (
        ("PATCH", f"users/{boss}", {"password": "taken over by me"}),
        ("PATCH", f"users/{boss}", {"disabled": True}),
        ("DELETE", f"users/{boss}", {}),
        ("POST", f"groups/bosses/members/{name}", {}),
        ("POST", "tokens", {"name": "x", "service_account": "strong"}),
        ("POST", "role-assignments", {"principal": name, "role": "Owner", "scope": "/"}),
        ("POST", "role-assignments", {"principal": name, "role": "Reader", "scope": HERE}),
        ("PATCH", "users/root", {"password": "taken over by me", "current_password": ""}),
    ):
        assert clerk.fails(method, f"{V1}/{path}", **fields)[0] in (401, 403), (method, path)
    clerk.ok("POST", f"{V1}/role-assignments", principal=f"{name}-friend", role="Clerk", scope="/")


def test_an_owner_of_a_workspace_assigns_there_and_nowhere_else(owner: Client) -> None:
    _, token = user(owner, ("Owner", HERE))
    other, _ = user(owner)
    client = owner.also(token=token)
    made = client.ok("POST", f"/workspaces/walked{V1}/role-assignments", principal=other, role="Owner")
    assert made["scope"] == HERE
    one = client.ok(
        "POST", f"{V1}/role-assignments", principal=other, role="Reader", scope=HERE, experiment_id=3
    )
    assert one["scope"] == f"{HERE}/experiments/3"
    group = HERE.rpartition("/workspaces")[0]
    for scope in ("/", "/subscriptions/default", group):
        assert (
            client.fails("POST", f"{V1}/role-assignments", principal=other, role="Reader", scope=scope)[0]
            == 403
        )
    elsewhere = f"{group}/workspaces/other"
    assert (
        client.fails("POST", f"{V1}/role-assignments", principal=other, role="Reader", scope=elsewhere)[0]
        == 404
    )
    assert client.fails("GET", f"{V1}/role-assignments")[0] == 403
    server_wide = owner.ok("POST", f"{V1}/role-assignments", principal=other, role="Reader", scope="/")
    assert client.fails("DELETE", f"{V1}/role-assignments/{server_wide['assignment_id']}")[0] == 404
    client.ok("DELETE", f"{V1}/role-assignments/{made['assignment_id']}")


def test_an_owner_of_the_server_undoes_what_shuts_them_out_of_a_workspace(owner: Client) -> None:
    name, token = user(owner, ("Owner", "/"))
    person = owner.also(token=token)
    keeper = owner.also(token=user(owner, ("Owner", HERE))[1])
    denial = keeper.ok(
        "POST", f"{V1}/role-assignments", principal=name, role="Owner", scope=HERE, allow=False
    )
    assert person.fails("GET", "/workspaces/walked/api/2.0/mlflow/experiments/get", experiment_id=0)[0] == 404
    person.ok("DELETE", f"{V1}/role-assignments/{denial['assignment_id']}")
    assert (
        person.fails("GET", "/workspaces/walked/api/2.0/mlflow/experiments/get", experiment_id=99)[0] == 404
    )


def test_a_denial_is_not_lifted_by_whom_it_binds(owner: Client) -> None:
    owner.ok("POST", f"{V1}/roles", name="Keys", actions=["secrets/*"])
    name, token = user(owner, ("Owner", HERE))
    person = owner.also(token=token)
    deny = {"principal": name, "role": "Keys", "scope": HERE, "allow": False}
    denial = owner.ok("POST", f"{V1}/role-assignments", **deny)["assignment_id"]
    assert person.fails("DELETE", f"{V1}/role-assignments/{denial}")[0] == 403
    inner = person.ok("POST", f"{V1}/role-assignments", **{**deny, "role": "Reader", "experiment_id": 0})
    person.ok("DELETE", f"{V1}/role-assignments/{inner['assignment_id']}")  # they may do all of it around it
    keeper = owner.also(token=user(owner, ("Owner", HERE))[1])
    keeper.ok("DELETE", f"{V1}/role-assignments/{denial}")


def test_who_manages_groups_does_not_lift_what_they_deny(owner: Client) -> None:
    owner.ok("POST", f"{V1}/roles", name="Staff", actions=["principals/*"])
    name, token = user(owner, ("Staff", "/"), ("Owner", HERE))
    person = owner.also(token=token)
    owner.ok("POST", f"{V1}/groups", name="limited")
    owner.ok("POST", f"{V1}/role-assignments", principal="limited", role="Reader", scope=HERE, allow=False)
    owner.ok("POST", f"{V1}/groups/limited/members/{name}")
    assert person.fails("DELETE", f"{V1}/groups/limited/members/{name}")[0] == 403
    assert person.fails("DELETE", f"{V1}/groups/limited")[0] == 403
    assert person.fails("PATCH", f"{V1}/groups/limited", disabled=True)[0] in (400, 403, 405)
    owner.ok("DELETE", f"{V1}/groups/limited/members/{name}")
    owner.ok("DELETE", f"{V1}/groups/limited")


def test_who_manages_people_does_not_come_by_others_to_what_is_denied_to_them(owner: Client) -> None:
    """Neither by a password, a token or a group of somebody else, nor by somebody whom they make."""
    owner.ok("POST", f"{V1}/roles", name="Personnel", actions=["principals/*"])
    name, token = user(owner, ("Personnel", "/"), ("Reader", "/"))
    person = owner.also(token=token)
    number = owner.with_headers(owner.headers, "/workspaces/walked").experiment()
    scope = f"{HERE}/experiments/{number}"
    reader, group, robot = (owner.name(word) for word in ("reader", "readers", "robot"))
    owner.ok("POST", f"{V1}/users", name=reader, password=PASSWORD)
    owner.ok("POST", f"{V1}/groups", name=group)
    owner.ok("POST", f"{V1}/service-accounts", name=robot)
    for one in (reader, group, robot):
        owner.ok("POST", f"{V1}/role-assignments", principal=one, role="Reader", scope=HERE)
    ways: list[tuple[str, str, dict[str, Any]]] = [
        ("PATCH", f"users/{reader}", {"password": "another good passphrase"}),
        ("POST", "tokens", {"name": "t", "service_account": robot}),
        ("POST", f"groups/{group}/members/{name}", {}),
    ]
    for method, path, fields in ways:
        person.ok(method, f"{V1}/{path}", **fields)  # what they may do everywhere themselves
    owner.ok("DELETE", f"{V1}/groups/{group}/members/{name}")
    owner.ok("POST", f"{V1}/role-assignments", principal=name, role="Reader", scope=scope, allow=False)
    for method, path, fields in ways:
        assert person.fails(method, f"{V1}/{path}", **fields)[0] == 403, path
    made = owner.name("made")
    person.ok("POST", f"{V1}/users", name=made, password=PASSWORD)
    assert person.fails("POST", f"{V1}/groups/{group}/members/{made}")[0] == 403


@pytest.mark.parametrize(
    ("method", "path", "fields", "status"),
    [
        ("POST", "users", {"name": "with:colon"}, 400),
        ("POST", "users", {"name": "\0"}, 400),
        ("POST", "users", {"name": "x", "password": "short"}, 400),
        ("POST", "users", {"name": "x", "password": "ry_looks like a token"}, 400),
        ("POST", "users", {"name": "passwordless-x", "password": "x" * 200}, 400),
        ("POST", "users", {"name": "local"}, 400),
        ("PATCH", "users/local", {"disabled": True}, 400),
        ("DELETE", "users/local", {}, 400),
        ("POST", "groups", {"name": " blank"}, 400),
        ("POST", "groups/nothing/members/root", {}, 404),
        ("GET", "users/nobody", {}, 404),
        ("GET", "groups/root", {}, 404),
        ("POST", "roles", {"name": "Owner", "actions": ["*"]}, 400),
        ("POST", "roles", {"name": "x", "actions": ["run/read"]}, 400),
        ("POST", "roles", {"name": "x", "actions": []}, 400),
        ("DELETE", "roles/Owner", {}, 400),
        ("DELETE", "roles/nothing", {}, 404),
        ("POST", "role-assignments", {"principal": "root", "role": "Nothing", "scope": "/"}, 404),
        ("POST", "role-assignments", {"principal": "nobody", "role": "Owner", "scope": "/"}, 404),
        ("POST", "role-assignments", {"principal": "local", "role": "Owner", "scope": "/"}, 400),
        ("POST", "role-assignments", {"principal": "root", "role": "Owner", "scope": "x"}, 400),
        (
            "POST",
            "role-assignments",
            {"principal": "root", "role": "Owner", "scope": "/", "experiment_id": 1},
            400,
        ),
        ("POST", "role-assignments", {"principal": "root", "role": "Owner", "scope": HERE + "x"}, 404),
        ("GET", "audit", {"max_results": 0}, 400),
        ("GET", "audit", {"page_token": "x"}, 400),
    ],
)
def test_what_makes_no_sense_is_refused(
    owner: Client, method: str, path: str, fields: dict[str, Any], status: int
) -> None:
    assert owner.fails(method, f"{V1}/{path}", **fields)[0] == status


def test_everybody_is_told_what_they_may_do_in_a_workspace(owner: Client) -> None:
    mine = f"/workspaces/walked{V1}/workspace/my-actions"
    name, token = user(owner, ("Reader", HERE))
    reader = owner.also(token=token)
    expected = sorted(BUILT_IN_ROLES["Reader"].expand())
    assert reader.ok("GET", mine) == {"actions": expected, "somewhere": expected}
    narrow = owner.also(token=token_of(owner, token, actions=["runs/*", "workspaces/read"]))
    assert narrow.ok("GET", mine)["actions"] == ["runs/read", "workspaces/read"]
    owner.ok("POST", f"{V1}/role-assignments", principal=name, role="Runner", scope=HERE, allow=False)
    assert "runs/read" not in reader.ok("GET", mine)["actions"]
    assert reader.call("GET", f"/workspaces/other{V1}/workspace/my-actions").status == 404


def test_a_role_in_one_experiment_counts_as_somewhere(owner: Client) -> None:
    _, token = user(owner, ("Runner", f"{HERE}/experiments/0"))
    found = owner.also(token=token).ok("GET", f"/workspaces/walked{V1}/workspace/my-actions")
    assert found == {"actions": [], "somewhere": sorted(expand(RUNNER))}


def test_the_list_of_roles_says_what_each_action_allows(owner: Client) -> None:
    assert owner.ok("GET", f"{V1}/roles")["actions"] == dict(ACTIONS)


def test_a_role_that_is_assigned_stays(owner: Client) -> None:
    assert owner.fails("DELETE", f"{V1}/roles/Runner") == (400, "INVALID_STATE")


def test_lists_are_paged(owner: Client) -> None:
    for path in ("users", "tokens", "role-assignments", "audit"):
        seen: list[str] = []
        token = None
        while True:
            page = owner.ok("GET", f"{V1}/{path}", max_results=3, **({"page_token": token} if token else {}))
            seen += [json.dumps(one, sort_keys=True) for one in page["items"]]
            token = page["next_page_token"]
            if token is None:
                break
        assert len(seen) == len(set(seen)) > 3


def test_a_password_is_changed_by_who_knows_it(owner: Client) -> None:
    name, token = user(owner)
    person = owner.also(token=token)
    new = "another good passphrase"
    assert person.fails("PATCH", f"{V1}/users/{name}", password=new)[0] == 403
    assert person.fails("PATCH", f"{V1}/users/{name}", password=new, current_password="wrong")[0] == 401
    person.ok("PATCH", f"{V1}/users/{name}", password=new, current_password=PASSWORD)
    assert person.call("GET", f"{V1}/me").status == 401  # logins end with the old password
    assert owner.fails("POST", f"{V1}/login", user=name, password=PASSWORD)[0] == 401
    assert owner.ok("POST", f"{V1}/login", user=name, password=new)


def test_guessing_is_slowed_down_and_written_down(owner: Client) -> None:
    name, _ = user(owner)
    found = [
        owner.also().call("POST", f"{V1}/login", {"user": name, "password": f"guess {n}"}) for n in range(12)
    ]
    assert [one.status for one in found] == [401] * 10 + [429] * 2
    assert 1 <= int(found[-1].headers["retry-after"]) <= 30
    lines = owner.ok("GET", f"{V1}/audit", principal=name, action="login", max_results=1000)["items"]
    assert sum(one["outcome"] == "UNAUTHENTICATED" for one in lines) == 10
    assert "guess" not in json.dumps(lines)


def test_a_session_is_a_cookie_that_other_sites_cannot_use(owner: Client) -> None:
    name, _ = user(owner, ("Owner", "/"))
    answer = owner.also().call("POST", f"{V1}/login/session", {"user": name, "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert cookie.partition("=")[2].partition(";")[0] not in answer.content.decode()
    browser = owner.in_session(f"other=1; {cookie.partition(';')[0]}")
    assert browser.ok("GET", f"{V1}/me")["principal"]["name"] == name
    body = json.dumps({"name": "by-another-site"}).encode()
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert browser.send("POST", f"{V1}/groups", body, {**JSON, **headers}).status == 403
    assert browser.send("POST", f"{V1}/groups", body, {"Content-Type": "text/plain"}).status == 400
    run = browser.run("0")
    browser.ok("POST", "runs/log-metric", run_id=run, key="m", value=1, timestamp=1)
    browser.ok("POST", f"{V1}/logout")
    assert browser.call("GET", f"{V1}/me").status == 401


def test_over_tls_only_the_cookie_of_this_host_counts() -> None:
    headers = [(b"cookie", b"runyard_session=planted; __Host-runyard_session=own")]
    assert credential_of(headers, SESSION_COOKIES[0]) == "Session own"
    assert credential_of(headers[:1], SESSION_COOKIES[1]) == "Session planted"
    assert credential_of([(b"cookie", b"runyard_session=planted")], SESSION_COOKIES[0]) is None


def test_the_audit_log_says_what_a_change_was_about(owner: Client) -> None:
    name, _ = user(owner)

    def last(method: str, path: str, **fields: Any) -> dict[str, Any]:
        owner.ok(method, path, **fields)
        return dict(owner.ok("GET", f"{V1}/audit", max_results=1)["items"][0])

    made = owner.ok("POST", f"{V1}/role-assignments", principal=name, role="Reader", scope=HERE)
    gone = last("DELETE", f"{V1}/role-assignments/{made['assignment_id']}")["target"]
    assert (gone["principal"], gone["role"], gone["scope"]) == (name, "Reader", HERE)
    there = owner.ok("GET", f"{V1}/audit", workspace=HERE.rpartition("/")[2], max_results=2)["items"]
    assert [one["target"]["principal"] for one in there] == [name, name]  # both of the workspace of the scope
    role = last(
        "POST", f"{V1}/roles", name=owner.name("Role"), actions=["runs/*"], not_actions=["runs/delete"]
    )
    assert (role["target"]["actions"], role["target"]["not_actions"]) == ("runs/*", "runs/delete")
    changed = last("PATCH", f"{V1}/users/{name}", disabled=True, password="a new passphrase of theirs")
    assert changed["target"] == {"name": name, "disabled": "True", "password": "changed"}
    assigned = last("POST", f"/workspaces/walked{V1}/role-assignments", principal="root", role="Reader")
    assert assigned["workspace"] == "walked"
    assert last("POST", f"/workspaces/walked{V1}/workspace/tracking-token")["action"] == "workspaces/read"
    here = owner.with_headers(owner.headers, "/workspaces/walked")
    file = f"{V1}/datastores/workspaceblobstore/file/kept/x"
    assert here.send("PUT", file, b"x").status < 300
    assert here.send("DELETE", file, None).status < 300
    line = owner.ok("GET", f"{V1}/audit", max_results=1)["items"][0]
    assert line["action"] == "datastores/write" and line["target"]["path"] == "kept/x"


def test_the_audit_log_has_what_somebody_tried_in_a_workspace_that_is_not_theirs(owner: Client) -> None:
    name, token = user(owner, ("Owner", HERE))
    person = owner.also(token=token)
    for place in ("other", "absent"):
        assert person.fails("DELETE", f"/workspaces/{place}{V1}/workspace")[0] == 404
        assert (
            person.fails("GET", f"/workspaces/{place}{V1}/workspace")[0] == 404
        )  # which is not written down
    lines = owner.ok("GET", f"{V1}/audit", principal=name)["items"]
    kept = [(one["workspace"], one["action"], one["status"]) for one in lines if one["action"] != "login"]
    assert kept == [("absent", "workspaces/delete", 404), ("other", "workspaces/delete", 404)]
    assert (
        person.with_headers({"Authorization": "Bearer ry_x"}).fails(
            "DELETE", f"/workspaces/other{V1}/workspace"
        )[0]
        == 401
    )


def test_who_reads_the_audit_log_of_a_workspace_sees_its_lines_only(owner: Client) -> None:
    name, token = user(owner, ("Contributor", HERE))
    here = owner.also(token=token)
    path = f"/workspaces/walked{V1}/workspace/audit"
    assert here.fails("GET", f"{V1}/audit")[0] == 403
    here.ok("POST", "/workspaces/walked/api/2.0/mlflow/experiments/create", name=owner.name("e"))
    lines = here.ok("GET", path, principal=name)["items"]
    assert [(one["workspace"], one["action"]) for one in lines] == [("walked", "experiments/write")]
    everything = here.ok("GET", path, max_results=1000, workspace="other")["items"]
    assert {one["workspace"] for one in everything} == {"walked"}
    exported = here.call("GET", f"{path}/export", {"principal": name}).content.splitlines()
    assert [json.loads(line)["principal"] for line in exported] == [name]
    reader = owner.also(token=user(owner, ("Reader", HERE))[1])
    assert reader.fails("GET", path)[0] == 403
    assert here.fails("GET", f"/workspaces/other{V1}/workspace/audit")[0] == 404


def test_a_new_workspace_does_not_show_the_audit_log_of_an_earlier_one_of_its_name(owner: Client) -> None:
    name = owner.name("again")
    for made in range(2):
        owner.ok("POST", f"{V1}/workspaces", name=name)
        inside = f"/workspaces/{name}{V1}/workspace"
        owner.ok("POST", f"{inside}/tracking-token")
        tokens = owner.ok("GET", f"{inside}/audit", action="workspaces/read")["items"]
        assert len(tokens) == 1, made
        owner.ok("DELETE", inside)
        time.sleep(0.01)


def test_the_last_owner_stays(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path), auth="required")
    token = asyncio.run(create_owner(settings, "root", None, with_token=True))
    with live_server(tmp_path, settings) as server:
        root = server.also(token=token or "")
        (mine,) = root.ok("GET", f"{V1}/role-assignments", scope="/", principal="root")["items"]
        last = (400, "INVALID_STATE")
        assert root.fails("DELETE", f"{V1}/users/root") == last
        assert root.fails("PATCH", f"{V1}/users/root", disabled=True) == last
        assert root.fails("DELETE", f"{V1}/role-assignments/{mine['assignment_id']}") == last
        deny = {"principal": "root", "role": "Owner", "scope": "/", "allow": False}
        assert root.fails("POST", f"{V1}/role-assignments", **deny) == last
        root.ok("POST", f"{V1}/users", name="second", password=PASSWORD)
        root.ok("POST", f"{V1}/groups", name="owners")
        root.ok("POST", f"{V1}/groups/owners/members/second")
        root.ok("POST", f"{V1}/role-assignments", principal="owners", role="Owner", scope="/")
        root.ok("DELETE", f"{V1}/role-assignments/{mine['assignment_id']}")
        assert root.fails("DELETE", f"{V1}/users/second")[0] == 403
        second = server.also(token=root.ok("POST", f"{V1}/login", user="second", password=PASSWORD)["token"])
        assert second.fails("DELETE", f"{V1}/groups/owners/members/second") == last
        assert second.fails("DELETE", f"{V1}/groups/owners") == last


def test_the_audit_log_tells_who_did_what_and_notices_changes(owner: Client, directory: Path) -> None:
    name, token = user(owner, ("Reader", HERE))
    owner.also(base="/workspaces/walked", token=token).fails("POST", "experiments/create", name="mine")
    page = owner.ok("GET", f"{V1}/audit", principal=name, action="experiments/write")["items"]
    assert [(one["outcome"], one["status"], one["workspace"], one["remote"]) for one in page] == [
        ("PERMISSION_DENIED", 403, "walked", "127.0.0.1")
    ]
    nothing = owner.call("GET", f"{V1}/audit/export", {"principal": "nobody"})
    assert (nothing.status, nothing.content) == (200, b"")
    exported = owner.call("GET", f"{V1}/audit/export", {"principal": name}).content.splitlines()
    assert len(exported) == len(owner.ok("GET", f"{V1}/audit", principal=name, max_results=1000)["items"])
    verdict = owner.ok("GET", f"{V1}/audit/verify")
    assert verdict["intact"]
    victim = json.loads(exported[0])["id"]
    with closing(sqlite3.connect(directory / DATABASE_FILE, timeout=10)) as database, database:
        database.execute("UPDATE audit_log SET outcome = 'done!' WHERE id = ?", (victim,))
    broken = owner.ok("GET", f"{V1}/audit/verify")
    assert (broken["intact"], broken["first_broken"]) == (False, victim)
    with closing(sqlite3.connect(directory / DATABASE_FILE, timeout=10)) as database, database:
        database.execute("DELETE FROM audit_log WHERE id = ?", (victim,))
    assert owner.ok("GET", f"{V1}/audit/verify")["first_broken"] == victim + 1


def test_secrets_are_nowhere_in_clear(
    owner: Client, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    canary = "canary-of-a-passphrase"
    owner.ok("POST", f"{V1}/users", name="canary", password=canary)
    token = owner.ok("POST", f"{V1}/login", user="canary", password=canary)["token"]
    wrong = owner.also().call(
        "POST", f"{V1}/login", {"user": "canary", "password": canary + "x", "life_s": "no"}
    )
    bad = owner.call("POST", f"{V1}/users", {"name": "canary", "password": canary})
    odd = owner.call("POST", f"{V1}/users", {"name": "c2", "password": [canary]})
    for answer in (wrong, bad, odd, owner.also(token=token + "x").call("GET", f"{V1}/me")):
        assert answer.status >= 400
        assert canary.encode() not in answer.content
        assert token.encode() not in answer.content
    kept = b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())
    assert canary.encode() not in kept
    assert token.encode() not in kept
    assert canary not in caplog.text and token not in caplog.text


def test_a_tracking_token_opens_its_workspace_alone(owner: Client) -> None:
    token = owner.ok("POST", f"/workspaces/walked{V1}/workspace/tracking-token")["token"]
    assert owner.also(base="/workspaces/walked", token=token).run("0")
    other = owner.also(base="/workspaces/other", token=token).call(
        "GET", "experiments/get", {"experiment_id": "0"}
    )
    assert other.status == 401
    assert "get_mlflow_tracking_uri()" in other.json()["message"]
    assert 'error="invalid_token"' in other.headers["www-authenticate"]
    assert owner.also(token=token).fails("GET", f"{V1}/users")[0] == 403
    assert owner.also(token=token).fails("POST", f"{V1}/tokens", name="longer")[0] == 403
    assert owner.also(token=token).ok("POST", f"{V1}/logout") == {"revoked": False, "sessions": 0}
