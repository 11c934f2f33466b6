"""/api/v1/environments and /environment-locks: versions, locks, who may, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard.entities.environment import environment_hash, is_built
from tests.api.live_server import Client, live_server
from tests.api.people import People

V1 = "/api/v1"
HERE = "/subscriptions/default/resourceGroups/default/workspaces/default"
DEFINITION: dict[str, Any] = {
    "python": {
        "userManagedDependencies": False,
        "interpreterPath": "python",
        "condaDependencies": {
            "name": "project_environment",
            "channels": ["conda-forge"],
            "dependencies": ["python=3.11", "numpy", {"pip": ["mlflow-skinny", "someKey==1"]}],
        },
        "baseCondaEnvironment": None,
    },
    "docker": {"enabled": False, "baseImage": "image", "shmSize": None},
    "environmentVariables": {"someVariable": "x", "OTHER": ""},
}
LOCK = {"hash": "a" * 64, "platform": "linux-x86_64-3.11", "python": "3.11"}


@pytest.fixture(scope="module")
def data_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture(scope="module")
def server(data_directory: Path) -> Iterator[Client]:
    with live_server(data_directory) as client:
        yield client


def register(client: Client, name: str, definition: Any = None) -> dict[str, Any]:
    body = {"name": name, "definition": DEFINITION if definition is None else definition}
    return dict(client.ok("POST", f"{V1}/environments", **body))


def test_a_definition_comes_back_as_it_was_with_name_and_version(server: Client) -> None:
    name = server.name("env")
    made = register(server, name)
    assert made["definition"] == {**DEFINITION, "name": name, "version": "1"}
    assert (made["name"], made["version"], made["hash"]) == (name, "1", environment_hash(DEFINITION))
    assert server.ok("GET", f"{V1}/environments/{name}") == made
    assert register(server, name, made["definition"]) == made


def test_a_change_is_a_new_version_and_the_old_one_stays(server: Client) -> None:
    name = server.name("env")
    first = register(server, name)
    second = register(server, name, {**DEFINITION, "environmentVariables": {"A": "b"}})
    assert (second["version"], second["hash"]) == ("2", first["hash"])
    assert server.ok("GET", f"{V1}/environments/{name}", version="1") == first
    for latest in ({}, {"version": "latest"}, {"version": "2"}, {"version": ""}):
        assert server.ok("GET", f"{V1}/environments/{name}", **latest) == second
    listed = server.ok("GET", f"{V1}/environments/{name}/versions")["items"]
    assert listed == [second, first]
    every = {one["name"]: one for one in server.ok("GET", f"{V1}/environments", max_results=1000)["items"]}
    assert every[name] == second


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"environmentVariables": {}}, True),
        ({"python": {**DEFINITION["python"], "interpreterPath": "/usr/bin/python3"}}, True),
        ({"python": {**DEFINITION["python"], "userManagedDependencies": True}}, False),
        ({"python": {"condaDependencies": {"dependencies": ["numpy"]}}}, False),
        ({"docker": {"enabled": False, "baseImage": "other"}}, True),
        ({"docker": {"enabled": True, "baseImage": "other"}}, False),
        ({"docker": None}, True),
        ({"name": "other", "version": "7"}, True),
    ],
)
def test_the_hash_is_of_what_is_built(change: dict[str, Any], same: bool) -> None:
    assert (environment_hash({**DEFINITION, **change}) == environment_hash(DEFINITION)) is same


def test_an_empty_definition_is_one(server: Client) -> None:
    assert register(server, server.name("env"), {})["version"] == "1"


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "../x", "a/b", ".hidden", "-x", "x" * 256, "ü", "a\0b", "<script>", None]
)
def test_names_that_are_none_are_refused(server: Client, name: Any) -> None:
    status, code = server.fails("POST", f"{V1}/environments", name=name, definition={})
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    "definition",
    [
        *(
            None,
            [],
            "text",
            {"python": []},
            {"python": "3.11"},
            {"docker": 1},
            {"environmentVariables": ["A=b"]},
        ),
        *(
            {"environmentVariables": {"A": 1}},
            {"environmentVariables": {"A": None}},
            {"python": {"x": "a\0b"}},
        ),
        {"x": "y" * 262_144},
    ],
)
def test_definitions_that_are_none_are_refused(server: Client, definition: Any) -> None:
    fields = {"name": server.name("env"), "definition": definition}
    assert server.fails("POST", f"{V1}/environments", **fields)[0] == 400


@pytest.mark.parametrize("version", ["x", "-1", "1.5", "0", "2", "9" * 30, "1; DROP", "\0"])
def test_a_version_that_is_not_there_is_not_found(server: Client, version: str) -> None:
    name = server.name("env")
    register(server, name)
    assert server.fails("GET", f"{V1}/environments/{name}", version=version)[0] in (400, 404)


def test_what_is_not_there_is_not_found(server: Client) -> None:
    for path in ("nothing", "nothing/versions", "%2e%2e", "a%20b"):
        assert server.fails("GET", f"{V1}/environments/{path}")[0] == 404
    assert server.fails("GET", f"{V1}/environments", page_token="x")[0] == 400
    assert server.fails("GET", f"{V1}/environments", max_results=0)[0] == 400


def test_the_first_lock_is_kept(server: Client) -> None:
    assert server.fails("GET", f"{V1}/environment-locks", **LOCK)[0] == 404
    first = server.ok("POST", f"{V1}/environment-locks", **LOCK, text="numpy==2.0\n")
    assert first["text"] == "numpy==2.0\n" and first["created_by"] == "local"
    assert server.ok("POST", f"{V1}/environment-locks", **LOCK, text="numpy==1.0\n") == first
    assert server.ok("GET", f"{V1}/environment-locks", **LOCK) == first


@pytest.mark.parametrize(
    "wrong",
    [
        *({"hash": text} for text in ("", "x", "A" * 64, "a" * 65)),
        *({key: text} for key in ("platform", "python") for text in ("", "a b", "../x", "x" * 101, "\0")),
        *({"text": text} for text in ("", " \n", "x" * 1_048_577, "a\0b", None, 7.5)),
    ],
)
def test_locks_that_make_no_sense_are_refused(server: Client, wrong: dict[str, Any]) -> None:
    fields = {**LOCK, "hash": "b" * 64, "text": "numpy==2.0", **wrong}
    assert server.fails("POST", f"{V1}/environment-locks", **fields)[0] == 400
    if "text" not in wrong:
        query = {key: fields[key] for key in LOCK}
        assert server.fails("GET", f"{V1}/environment-locks", **query)[0] == 400


def test_who_submits_registers_and_who_reads_jobs_reads(server: Client, data_directory: Path) -> None:
    experiment, name = server.experiment(), server.name("env")
    made = register(server, name)
    people = People(data_directory)
    reader = server.also(token=people.with_roles(("Reader", HERE)))
    writer = server.also(token=people.with_roles(("Data Scientist", HERE)))
    partly = server.also(token=people.with_roles(("Data Scientist", f"{HERE}/experiments/{experiment}")))
    nobody = server.also(token=people.with_roles())
    for client in (reader, writer):
        assert client.ok("GET", f"{V1}/environments/{name}") == made
    for path in (
        "",
        f"/{name}",
        f"/{name}/versions",
    ):  # they belong to the workspace, and to no experiment of it
        assert partly.fails("GET", f"{V1}/environments{path}")[0] == 403
    assert nobody.fails("GET", f"{V1}/environments/{name}")[0] == 404
    fields = {"name": name, "definition": {"python": {"x": 1}}}
    assert [one.fails("POST", f"{V1}/environments", **fields)[0] for one in (reader, partly, nobody)] == [
        403,
        403,
        404,
    ]
    assert writer.ok("POST", f"{V1}/environments", **fields)["version"] == "2"
    lock = {**LOCK, "hash": "c" * 64, "text": "x==1"}
    assert reader.fails("POST", f"{V1}/environment-locks", **lock)[0] == 403
    assert (
        partly.fails("POST", f"{V1}/environment-locks", **lock)[0] == 403
    )  # others would install what it says
    assert writer.ok("POST", f"{V1}/environment-locks", **lock)["text"] == "x==1"
    which = {name: value for name, value in lock.items() if name != "text"}
    assert partly.ok("GET", f"{V1}/environment-locks", **which)["text"] == "x==1"


def test_another_workspace_has_its_own(server: Client) -> None:
    name = server.name("env")
    register(server, name)
    server.ok("POST", f"{V1}/environment-locks", **{**LOCK, "hash": "d" * 64}, text="x==1")
    workspace = server.name("w")
    server.ok("POST", f"{V1}/workspaces", name=workspace)
    other = server.also(base=f"/workspaces/{workspace}")
    assert other.fails("GET", f"{V1}/environments/{name}")[0] == 404
    assert other.ok("GET", f"{V1}/environments")["items"] == []
    assert other.fails("GET", f"{V1}/environment-locks", **{**LOCK, "hash": "d" * 64})[0] == 404


@pytest.mark.parametrize(
    ("change", "built"),
    [
        ({}, True),
        ({"python": {}}, False),
        ({"python": {**DEFINITION["python"], "userManagedDependencies": True}}, False),
        ({"python": {}, "docker": {"enabled": True}}, True),
    ],
)
def test_what_has_no_packages_is_not_built(change: dict[str, Any], built: bool) -> None:
    assert is_built({**DEFINITION, **change}) is built


def test_a_job_names_a_registered_environment(server: Client) -> None:
    name = server.name("env")
    made = register(server, name)
    job = {"target": "local", "experiment_id": server.experiment()}

    def submit(environment: Any) -> Any:
        definition = {"script": "a.py", "environment": environment}
        return server.call("POST", f"{V1}/jobs", {**job, "definition": definition})

    for named in ({"name": name}, {"name": name, "version": "1"}, {"name": name, "version": 1}):
        assert submit(named).json()["job"]["definition"]["environment"] == made["definition"]
    whole = submit(DEFINITION).json()["job"]["definition"]["environment"]
    assert whole == DEFINITION
    assert submit({"name": "absent"}).status == 404
    assert submit({"name": name, "version": "2"}).status == 404
    wrongs: list[Any] = [{"name": 7}, {"version": "1"}, {"name": name, "version": []}, {"python": []}, []]
    for wrong in wrongs:
        assert submit(wrong).status in (400, 404), wrong


def test_a_jobs_own_token_keeps_locks_and_registers_nothing(server: Client) -> None:
    asked = {"target": "local", "experiment_name": "e", "definition": {"script": "a.py"}}
    client = server.also(token=server.ok("POST", f"{V1}/jobs", **asked)["token"])
    lock = {**LOCK, "hash": "e" * 64}
    assert client.ok("POST", f"{V1}/environment-locks", **lock, text="x==1")["text"] == "x==1"
    assert client.ok("GET", f"{V1}/environment-locks", **lock)["text"] == "x==1"
    fields = {"name": server.name("env"), "definition": {}}
    assert client.fails("POST", f"{V1}/environments", **fields) == (403, "PERMISSION_DENIED")
