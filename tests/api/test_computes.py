"""/api/v1/computes and /api/v1/compute-sizes: who sees and changes them, what is refused, and that no secret comes back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard.server.settings import Settings
from tests.api.live_server import Client, live_server
from tests.api.people import People
from tests.components.processes import free_ports

COMPUTES, SIZES = "/api/v1/computes", "/api/v1/compute-sizes"
HERE = "/subscriptions/default/resourceGroups/default/workspaces/default"
SECRET = "-----BEGIN OPENSSH PRIVATE KEY----- canary"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIArJ0000000000000000000000000000000000000000"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("computes")


@pytest.fixture(scope="module")
def server(directory: Path) -> Iterator[Client]:
    with live_server(directory) as client:
        yield client


def machines(**fields: Any) -> dict[str, Any]:
    """Settings of a machine that nothing listens on."""
    (port,) = free_ports(1)
    return {"hosts": [{"address": "127.0.0.1", "port": port}], "username": "u", **fields}


def attach(server: Client, name: str = "", **fields: Any) -> dict[str, Any]:
    body = {
        "name": name or server.name("c"),
        "kind": "ssh",
        "settings": machines(),
        "credentials": {"password": SECRET},
        **fields,
    }
    return dict(server.ok("POST", COMPUTES, **body))


def somebody(server: Client, directory: Path, *roles: tuple[str, str]) -> Client:
    return server.also(token=People(directory).with_roles(*roles))


def test_one_that_does_not_answer_is_kept_and_says_so(server: Client) -> None:
    made = attach(server, description="d", tags={"a": "b"}, limits={"max_running": 4})
    assert (made["state"], made["provisioning_state"]) == ("Unreachable", "Failed")
    assert "cannot be reached" in made["error"]
    assert made["provisioning_errors"] == [{"code": "Unreachable", "message": made["error"]}]
    assert (made["description"], made["tags"], made["limits"]["max_running"]) == ("d", {"a": "b"}, 4)
    assert made["counts"] == {"queued": 0, "running": 0} and made["created_by"] == "local"
    assert server.ok("GET", f"{COMPUTES}/{made['name']}") == made


def test_credentials_are_never_answered(server: Client) -> None:
    made = attach(server)
    assert made["has_credentials"] == {"password": True}
    for answer in (
        server.call("GET", f"{COMPUTES}/{made['name']}"),
        server.call("GET", COMPUTES),
        server.call("POST", f"{COMPUTES}/{made['name']}/check"),
        server.call("PATCH", f"{COMPUTES}/{made['name']}", {"description": "x"}),
        server.call(
            "POST", COMPUTES, {"name": made["name"], "kind": "ssh", "credentials": {"password": SECRET}}
        ),
        server.call("POST", COMPUTES, {"name": "x", "kind": "ssh", "credentials": [SECRET]}),
        server.call("POST", COMPUTES, {"name": "x", "kind": "ssh", "credentials": {SECRET: SECRET}}),
    ):
        assert b"canary" not in answer.content


def test_credentials_are_encrypted_where_they_are_stored(server: Client, directory: Path) -> None:
    attach(server)
    for file in directory.rglob("*.db*"):
        assert b"canary" not in file.read_bytes()


def test_what_a_change_leaves_out_stays(server: Client) -> None:
    made = attach(server, limits={"max_running": 4, "max_nodes": 2}, description="old")
    one = f"{COMPUTES}/{made['name']}"
    changed = server.ok("PATCH", one, limits={"max_running": 5}, tags={"t": "v"})
    assert changed["limits"] == {**made["limits"], "max_running": 5}
    assert (changed["description"], changed["tags"], changed["has_credentials"]) == (
        "old",
        {"t": "v"},
        {"password": True},
    )
    key = server.ok("PATCH", one, credentials={"private_key": "x"})
    assert key["has_credentials"] == {"private_key": True} and "cannot be read" in key["error"]


def test_another_place_needs_the_credentials_again(server: Client) -> None:
    made = attach(server)
    one = f"{COMPUTES}/{made['name']}"
    for settings in (machines(), {**made["settings"], "username": "v"}):
        assert server.fails("PATCH", one, settings=settings)[0] == 400
    moved = server.ok("PATCH", one, settings=machines(), credentials={"password": "other"})
    assert moved["settings"] != made["settings"]
    echoed = {**moved["settings"], "jobs_per_host": 3}
    assert server.ok("PATCH", one, settings=echoed)["settings"]["jobs_per_host"] == 3


def test_settings_come_back_with_fingerprints_and_may_be_sent_as_they_came(server: Client) -> None:
    settings = machines()
    settings["hosts"][0]["host_key"] = KEY
    made = attach(server, settings=settings)
    (host,) = made["settings"]["hosts"]
    assert host["fingerprint"].startswith("SHA256:") and host["host_key"] == KEY
    again = server.ok("PATCH", f"{COMPUTES}/{made['name']}", settings=made["settings"])
    assert again["settings"] == made["settings"]


def test_it_starts_and_stops(server: Client) -> None:
    made = server.ok("POST", COMPUTES, name=server.name("here"), kind="local")
    one = f"{COMPUTES}/{made['name']}"
    assert (made["state"], made["error"], len(made["nodes"])) == ("Running", "", 1)
    assert server.ok("POST", f"{one}/stop")["state"] == "Stopped"
    assert server.ok("POST", f"{one}/check")["state"] == "Stopped"
    assert server.ok("POST", f"{one}/start")["state"] == "Running"
    assert server.ok("DELETE", one) == {}
    for method in ("GET", "PATCH", "DELETE"):
        assert server.fails(method, one) == (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "a b"},
        {"name": "../x"},
        {"name": "x" * 65},
        {"name": "local"},
        {"name": "Local"},
        {"kind": "none"},
        {"kind": ""},
        {"settings": {"hosts": [], "username": "u"}},
        {"settings": {"hosts": "127.0.0.1", "username": "u"}},
        {"settings": {"hosts": [{"address": "a b"}], "username": "u"}},
        {"settings": {"hosts": [{"address": "-oProxyCommand=x"}], "username": "u"}},
        {"settings": {"hosts": [{"address": "127.0.0.1", "port": 0}], "username": "u"}},
        {"settings": {"hosts": [{"address": "127.0.0.1", "port": 70_000}], "username": "u"}},
        {"settings": {"hosts": [{"address": "127.0.0.1"}] * 2, "username": "u"}},
        {"settings": {"hosts": [{"address": "127.0.0.1", "host_key": "nonsense"}], "username": "u"}},
        {"settings": {"hosts": [{"address": "127.0.0.1"}], "username": "-x"}},
        {"settings": {"hosts": [{"address": "127.0.0.1"}], "username": ""}},
        {"settings": {"hosts": [{"address": "127.0.0.1"}], "username": "u", "folder": "relative"}},
        {"settings": {"hosts": [{"address": "127.0.0.1"}], "username": "u", "folder": "/a/../etc"}},
        {"settings": {"hosts": [{"address": "127.0.0.1"}], "username": "u", "folder": "/a\nb"}},
        {"settings": {"hosts": [{"address": "127.0.0.1"}], "username": "u", "python": "-c"}},
        {"settings": {"hosts": [{"address": "127.0.0.1"}], "username": "u", "python": "a;b"}},
        {"settings": {"hosts": [{"address": "127.0.0.1"}], "username": "u", "unknown": 1}},
        {"settings": {"hosts": [{"address": "127.0.0.1"}], "username": "u", "jobs_per_host": 0}},
        {"settings": {"hosts": [{"address": "169.254.169.254"}], "username": "u"}},
        {"credentials": {}},
        {"credentials": {"password": "a", "private_key": "b"}},
        {"credentials": {"password": 7}},
        {"credentials": "text"},
        {"credentials": {"other": "x"}},
        {"limits": {"max_running": -1}},
        {"limits": {"max_running": 2**31}},
        {"limits": {"none": 1}},
        {"limits": {"min_nodes": 3, "max_nodes": 2}},
        {"description": "x" * 10_001},
        {"tags": {"a": "x" * 1_001}},
        {"groups": ["nobody knows it"]},
        {"server_url": "ftp://x"},
        {"server_url": "http://user:password@x"},
        {"server_url": "http://x/?a=b"},
        {"server_url": "http://x y"},
        {"base": "x"},
        {"size": "x"},
    ],
)
def test_what_makes_no_sense_is_refused(server: Client, wrong: dict[str, Any]) -> None:
    body = {
        "name": server.name("c"),
        "kind": "ssh",
        "settings": machines(),
        "credentials": {"password": "x"},
        **wrong,
    }
    assert server.fails("POST", COMPUTES, **body) == (400, "INVALID_PARAMETER_VALUE")


def test_names_are_taken_once(server: Client) -> None:
    made = attach(server)
    status, code = server.fails("POST", COMPUTES, name=made["name"], kind="local")
    assert (status, code) == (400, "RESOURCE_ALREADY_EXISTS")


def test_lists_come_in_pages_by_name(server: Client) -> None:
    wanted = {server.ok("POST", COMPUTES, name=server.name("p"), kind="local")["name"] for _ in range(3)}
    names: list[str] = []
    token = None
    while True:
        query = {"max_results": 2, **({"page_token": token} if token else {})}
        page = server.ok("GET", COMPUTES, **query)
        names += [one["name"] for one in page["items"]]
        token = page["next_page_token"]
        if not token:
            break
    assert names == sorted(names) and wanted <= set(names)
    for query in ({"max_results": 0}, {"max_results": 1_001}, {"page_token": "x"}):
        assert server.fails("GET", COMPUTES, **query)[0] == 400


def test_sizes_are_declared_and_pools_are_made_of_them(server: Client) -> None:
    base = server.ok("POST", COMPUTES, name=server.name("b"), kind="local")["name"]
    resources = {"cpus": 2, "memory_mb": 100, "gpus": 0}
    size = server.ok("PUT", f"{SIZES}/STANDARD_X1", compute=base, resources=resources, max_nodes=2)
    assert size in server.ok("GET", SIZES)["items"]
    pool = server.ok("POST", COMPUTES, name=server.name("pool"), kind="pool", size="standard_x1")
    assert (pool["base"], pool["size"], pool["error"]) == (base, "STANDARD_X1", "")
    assert server.fails("DELETE", f"{COMPUTES}/{base}") == (400, "INVALID_STATE")
    server.ok("DELETE", f"{SIZES}/standard_X1")
    assert server.fails("DELETE", f"{SIZES}/standard_X1")[0] == 404
    assert "not declared any more" in server.ok("POST", f"{COMPUTES}/{pool['name']}/check")["error"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"compute": "none"},
        {"resources": {"cpus": -1}},
        {"resources": {"gpus": 2**31}},
        {"max_nodes": -1},
        {"options": {"a b": "x"}},
        {"options": {"a": "x\ny"}},
        {"name": "a b"},
    ],
)
def test_sizes_that_make_no_sense_are_refused(server: Client, wrong: dict[str, Any]) -> None:
    base = server.ok("POST", COMPUTES, name=server.name("b"), kind="local")["name"]
    name = wrong.pop("name", "s").replace(" ", "%20")
    assert server.fails("PUT", f"{SIZES}/{name}", **{"compute": base, **wrong})[0] in (400, 404)


def test_readers_see_and_data_scientists_do_not_change(server: Client, directory: Path) -> None:
    made = attach(server)
    one = f"{COMPUTES}/{made['name']}"
    for role in ("Reader", "Data Scientist"):
        person = somebody(server, directory, (role, HERE))
        assert person.ok("GET", one) == server.ok("GET", one)
        for method, path in (
            ("POST", COMPUTES),
            ("PATCH", one),
            ("DELETE", one),
            ("POST", f"{one}/start"),
            ("POST", f"{one}/stop"),
            ("POST", f"{one}/check"),
            ("PUT", f"{SIZES}/s"),
            ("DELETE", f"{SIZES}/s"),
        ):
            assert person.fails(method, path, name="x", kind="local", compute="c")[0] == 403
    somebody(server, directory, ("Contributor", HERE)).ok("PATCH", one, description="by a contributor")


def test_another_workspace_has_its_own(server: Client) -> None:
    name = server.name("w")
    server.ok("POST", "/api/v1/workspaces", name=name)
    other = server.also(base=f"/workspaces/{name}")
    made = attach(server)
    assert other.fails("GET", f"{COMPUTES}/{made['name']}")[0] == 404
    assert other.ok("GET", COMPUTES)["items"] == []
    assert attach(other, made["name"])["name"] == made["name"]


def test_only_members_of_its_groups_submit(server: Client, directory: Path) -> None:
    group = server.name("group")
    server.ok("POST", "/api/v1/groups", name=group)
    made = server.ok("POST", COMPUTES, name=server.name("c"), kind="local", groups=[group])
    server.ok("POST", f"{COMPUTES}/{made['name']}/stop")
    person = somebody(server, directory, ("Data Scientist", HERE))
    experiment = server.experiment()
    body = {"experiment_id": experiment, "target": made["name"], "definition": {"command": ["true"]}}
    assert person.fails("POST", "/api/v1/jobs", **body) == (403, "PERMISSION_DENIED")
    name = person.ok("GET", "/api/v1/me")["principal"]["name"]
    server.ok("POST", f"/api/v1/groups/{group}/members/{name}")
    job = person.ok("POST", "/api/v1/jobs", **body)["job"]
    assert job["state"] == "NotStarted"
    pool = server.ok("POST", COMPUTES, name=server.name("pool"), kind="pool", base=made["name"])["name"]
    other = somebody(server, directory, ("Data Scientist", HERE))
    assert other.fails("POST", "/api/v1/jobs", **{**body, "target": pool})[0] == 403
    server.ok("DELETE", f"{COMPUTES}/{pool}")
    assert server.ok("GET", f"{COMPUTES}/{made['name']}")["counts"] == {"queued": 1, "running": 0}
    assert server.fails("DELETE", f"{COMPUTES}/{made['name']}") == (400, "INVALID_STATE")
    server.ok("DELETE", f"{COMPUTES}/{made['name']}", force=True)
    assert person.ok("GET", f"/api/v1/jobs/{job['run_id']}")["state"] == "Canceled"


def test_limits_of_a_target_hold_when_a_job_is_submitted(server: Client) -> None:
    made = server.ok("POST", COMPUTES, name=server.name("c"), kind="local", limits={"max_nodes": 2, "max_seconds": 60, "max_queued_per_person": 1})  # fmt: skip
    server.ok("POST", f"{COMPUTES}/{made['name']}/stop")
    body = {"experiment_id": server.experiment(), "target": made["name"]}
    many = {"command": ["true"], "node_count": 3}
    assert server.fails("POST", "/api/v1/jobs", **body, definition=many)[0] == 400
    job = server.ok("POST", "/api/v1/jobs", **body, definition={"command": ["true"]})["job"]
    assert job["definition"]["max_seconds"] == 60
    assert server.fails("POST", "/api/v1/jobs", **body, definition={"command": ["true"]}) == (
        400,
        "INVALID_STATE",
    )


def test_what_no_machine_of_a_target_has_is_refused_when_a_job_is_submitted(server: Client) -> None:
    made = server.ok("POST", COMPUTES, name=server.name("c"), kind="local")
    server.ok("POST", f"{COMPUTES}/{made['name']}/stop")
    body = {"experiment_id": server.experiment(), "target": made["name"]}
    has = made["nodes"][0]
    for definition, text in (
        ({"node_count": 2}, "the target is one machine"),
        ({"resources": {"cpus": has["cpus"] + 1}}, f"no machine of the target has more than {has['cpus']}."),
        ({"resources": {"memory_mb": has["memory_mb"] + 1}}, f"has more than {has['memory_mb']:,}."),
    ):
        fields = {**body, "definition": {"command": ["true"], **definition}}
        refused = server.call("POST", "/api/v1/jobs", fields)
        assert refused.status == 400 and text in refused.json()["message"], refused.json()
    most = {"command": ["true"], "resources": {"cpus": has["cpus"], "memory_mb": has["memory_mb"]}}
    assert server.ok("POST", "/api/v1/jobs", **body, definition=most)["job"]["state"] == "NotStarted"


def test_where_people_log_in_nothing_runs_on_the_servers_machine(tmp_path: Path) -> None:
    with live_server(tmp_path, Settings(data=str(tmp_path), auth="required")) as client:
        owner = client.also(token=People(tmp_path).with_roles(("Owner", "/")))
        for body in (
            {"kind": "local"},
            {"kind": "slurm", "settings": {"hosts": []}},
            {"kind": "pool", "size": "STANDARD_D2_V2"},
            {"kind": "ssh", "settings": machines(), "credentials": {"password": "x"}},
            {"kind": "ray", "settings": {"address": "http://127.0.0.1:8265"}},
        ):
            assert owner.fails("POST", COMPUTES, **{"name": "c", **body}) == (400, "INVALID_PARAMETER_VALUE")


def test_the_administrator_can_let_jobs_run_there(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path), auth="required", local_jobs=True)
    with live_server(tmp_path, settings) as client:
        owner = client.also(token=People(tmp_path).with_roles(("Owner", "/")))
        if os.geteuid() == 0:  # nobody's jobs are root's because the server is
            for user in ({}, {"user": "root"}):
                assert owner.fails("POST", COMPUTES, name="c", kind="local", settings=user)[0] == 400
            assert owner.fails("POST", COMPUTES, name="c", kind="slurm", settings={"hosts": []})[0] == 400
            assert owner.fails("POST", COMPUTES, name="c", kind="pool", size="ANY")[0] == 400
        user = {"user": "nobody"} if os.geteuid() == 0 else {}
        assert owner.ok("POST", COMPUTES, name="c", kind="local", settings=user)["kind"] == "local"


@pytest.mark.parametrize("end", ["/ü", "/a b", "/\r\nX: y", "/?a=b", "/#a", "/a\\b", ":0", ":x"])
def test_addresses_that_make_no_request_are_refused(server: Client, end: str) -> None:
    settings = {"address": f"http://127.0.0.1:1{end}" if end[0] == "/" else f"http://127.0.0.1{end}"}
    body = {"name": server.name("ray"), "kind": "ray", "settings": settings}
    assert server.fails("POST", COMPUTES, **body) == (400, "INVALID_PARAMETER_VALUE")
