"""Experiments that keep their files in a place of their own: who may not see them does not see their files by any path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from runyard.server.settings import Settings
from tests.api.live_server import JSON, Client, live_server
from tests.api.people import People

SCOPE = "/subscriptions/default/resourceGroups/default/workspaces/theirs"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
MPU = "/api/2.0/mlflow-artifacts/mpu"
SECRET = b"secret words"


@dataclass(frozen=True)
class Lab:
    """`closed` is at word/deep, `open` at other; `barred` owns all but `closed`, `guest` owns `open` alone, `insider`
    `closed` alone.
    """

    directory: Path
    owner: Client
    barred: Client
    guest: Client
    insider: Client
    closed: str
    open: str
    files: dict[str, str]  # path of a file by experiment
    runs: dict[str, str]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    directory: Path = tmp_path_factory.mktemp("places")
    with live_server(directory, Settings(data=str(directory), auth="required")) as client:
        people = People(directory)
        root = people.with_roles(("Owner", "/"))
        client.also(token=root).ok("POST", "/api/v1/workspaces", name="theirs")
        base = "/workspaces/theirs"
        owner = client.also(base=base, token=root)
        closed = owner.experiment(artifact_location="mlflow-artifacts:/word/deep")
        opened = owner.experiment(artifact_location="mlflow-artifacts:/other")
        runs = {one: owner.run(one) for one in (closed, opened)}
        files = {}
        for one, run in runs.items():
            uri = owner.ok("GET", "runs/get", run_id=run)["run"]["info"]["artifact_uri"]
            files[one] = f"{uri.removeprefix('mlflow-artifacts:/')}/f.txt"
            assert owner.send("PUT", f"{FILES}/{files[one]}", SECRET).status == 200
        there = f"{SCOPE}/experiments/{closed}"
        tokens = (
            people.with_roles(("Owner", SCOPE), deny=[("Owner", there)]),
            people.with_roles(("Owner", f"{SCOPE}/experiments/{opened}")),
            people.with_roles(("Owner", there)),
        )
        barred, guest, insider = (client.also(base=base, token=token) for token in tokens)
        yield Lab(directory, owner, barred, guest, insider, closed, opened, files, runs)


def ways(path: str) -> list[tuple[str, str, bytes | None]]:
    """Requests for a file and the directories above it."""
    directory, _, name = path.rpartition("/")
    parts = json.dumps({"path": name, "num_parts": 1}).encode()
    return [
        ("GET", f"{FILES}/{quote(path)}", None),
        ("HEAD", f"{FILES}/{quote(path)}", None),
        ("PUT", f"{FILES}/{quote(path)}", b"overwritten"),
        ("DELETE", f"{FILES}/{quote(path)}", None),
        ("DELETE", f"{FILES}/{quote(directory)}", None),
        ("GET", f"{FILES}?path={quote(directory)}", None),
        ("GET", f"/api/2.0/mlflow-artifacts/presigned/{quote(path)}", None),
        ("POST", f"{MPU}/create/{quote(directory)}", parts),
        ("POST", f"{MPU}/abort/{quote(directory)}", json.dumps({"path": name, "upload_id": "x"}).encode()),
    ]


def answers(client: Client, path: str) -> set[int]:
    headers = {"POST": JSON}
    return {
        client.send(method, target, body, headers.get(method)).status for method, target, body in ways(path)
    }


def spellings(path: str) -> list[str]:
    """The same place on some file system."""
    first, _, rest = path.partition("/")
    return [
        *(path, f"./{path}", f"././{path}", f"{first}/./{rest}"),
        *(f"{first.upper()}/{rest}", f"{first[0].upper()}{first[1:]}/{rest.upper()}"),
        *(f"{first[:2]}\u200c{first[2:]}/{rest}", f"{first[:2]}\u00ad{first[2:]}/{rest}"),
    ]


def test_a_denied_experiment_keeps_its_files_closed_however_their_path_is_spelt(lab: Lab) -> None:
    for client in (lab.barred, lab.guest):
        for path in spellings(lab.files[lab.closed]):
            assert answers(client, path) <= {400, 403, 404}, path
        for above in ("word", "Word/deep", "word/"):
            assert client.send("DELETE", f"{FILES}/{above}").status in (400, 403)
            assert client.send("GET", f"{FILES}?path={above}").status in (400, 403)
    for path in (f"/{lab.files[lab.closed]}", f"x/../{lab.files[lab.closed]}", "%77ord/deep/x"):
        assert lab.barred.send("GET", f"{FILES}/{path}").status in (400, 403, 404)
    assert lab.owner.send("GET", f"{FILES}/{lab.files[lab.closed]}").content == SECRET


def test_who_has_a_role_in_the_experiment_alone_works_with_its_files(lab: Lab) -> None:
    for client, experiment in ((lab.insider, lab.closed), (lab.guest, lab.open), (lab.barred, lab.open)):
        path = lab.files[experiment]
        assert client.send("GET", f"{FILES}/{path}").content == SECRET
        directory = path.rpartition("/")[0]
        assert client.call("GET", FILES, {"path": directory}).json()["files"]
        assert client.ok("GET", "artifacts/list", run_id=lab.runs[experiment])["files"]
        assert client.send("PUT", f"{FILES}/{directory}/mine", b"x").status == 200
        assert client.send("DELETE", f"{FILES}/{directory}/mine").status == 200
    assert answers(lab.insider, lab.files[lab.open]) <= {403, 404}


def test_no_record_leads_to_the_files_of_a_denied_experiment(lab: Lab) -> None:
    """Nor does a tag that says where a trace's spans are, nor the place of an imported run."""
    directory = lab.files[lab.closed].rpartition("/")[0]
    root = f"mlflow-artifacts:/{directory}"
    assert lab.owner.send("PUT", f"{FILES}/{directory}/traces.json", b"{}").status == 200
    for number, place in enumerate((root, root.replace("word", "Word"), root.replace("word", "%77ord"))):
        trace, run = f"tr-{number:032x}", f"{number + 1:032x}"
        tags = {"mlflow.artifactLocation": place}
        record = {"id": trace, "experiment_id": lab.open, "request_ms": 1, "state": "OK", "tags": tags}
        lab.owner.ok("POST", "/api/v1/import/traces", items=[record])
        record = {"id": run, "experiment_id": lab.open, "artifact_uri": place}
        lab.owner.ok("POST", "/api/v1/import/runs", items=[record])
        ways = (
            f"/ajax-api/2.0/mlflow/get-trace-artifact?request_id={trace}",
            f"/get-artifact?run_id={run}&path=f.txt",
            f"/api/2.0/mlflow/artifacts/list?run_id={run}",
        )
        for way in ways:
            assert lab.owner.send("GET", way).status in (
                (200,) if place != root.replace("word", "Word") else (200, 404)
            )
            for client in (lab.barred, lab.guest):
                assert client.send("GET", way).status in (400, 404), way
    for path in ("../../../word", f"../../{lab.closed}"):
        answer = lab.barred.call("GET", "artifacts/list", {"run_id": lab.runs[lab.open], "path": path})
        assert answer.status == 400


def test_what_no_experiment_owns_is_for_who_may_do_it_everywhere(lab: Lab) -> None:
    assert lab.owner.send("PUT", f"{FILES}/free/x", b"1").status == 200
    for client in (lab.barred, lab.guest, lab.insider):
        assert answers(client, "free/x") <= {400, 403}
        assert client.send("GET", f"{FILES}?path=").status in (400, 403)
        assert client.send("GET", FILES).status in (400, 403)
    assert lab.owner.send("GET", f"{FILES}/free/x").content == b"1"
    assert lab.owner.send("PUT", f"{FILES}/models/m/x", b"1").status == 200
    assert lab.barred.send("GET", f"{FILES}/models/m/x").content == b"1"  # of the registry, which is shared
    assert lab.guest.send("GET", f"{FILES}/models/m/x").status == 403


@pytest.mark.parametrize(
    "place",
    [
        *(
            "",
            "/",
            "/7",
            "/7/x",
            "/%37",
            "/7\u200c/x",
            "/workspaces",
            "/Workspaces/x",
            "/datastores/x",
            "/models/x",
        ),
        "/DATA\u00adstores",
    ],
)
def test_no_experiment_is_made_where_something_else_is(lab: Lab, place: str) -> None:
    fields = {"name": "n", "artifact_location": f"mlflow-artifacts:{place}"}
    assert lab.owner.fails("POST", "experiments/create", **fields)[0] == 400
    assert lab.owner.fails("POST", "/api/v1/import/experiments", items=[{"id": "x", **fields}])[0] == 400


def test_no_experiment_is_made_in_the_server_s_own_directories(lab: Lab) -> None:
    inside = lab.directory / "artifacts"
    for place in (f"{inside}", f"file:{inside}/1/x", f"{inside}/workspaces/x/y", f"file:{inside}/free"):
        fields = {"name": "n", "artifact_location": place}
        assert lab.owner.fails("POST", "experiments/create", **fields)[0] == 400
    assert lab.owner.experiment(artifact_location="s3://bucket/1/x")


@pytest.mark.parametrize("place", ["word", "word/deep", "word/deep/er", "WORD/deep"])
def test_nobody_settles_in_the_place_of_an_experiment_that_is_closed_to_them(lab: Lab, place: str) -> None:
    fields = {"name": lab.owner.name(), "artifact_location": f"mlflow-artifacts:/{place}"}
    assert lab.barred.fails("POST", "experiments/create", **fields)[0] == 400


def test_two_experiments_in_one_place_are_closed_to_whom_one_of_them_is(lab: Lab) -> None:
    lab.owner.experiment(artifact_location="mlflow-artifacts:/other/shared")
    again = lab.owner.experiment(artifact_location="mlflow-artifacts:/other/shared")
    people = People(lab.directory)
    token = people.with_roles(("Owner", SCOPE), deny=[("Owner", f"{SCOPE}/experiments/{again}")])
    client = lab.owner.also(base="/workspaces/theirs", token=token)
    assert client.send("PUT", f"{FILES}/other/shared/x", b"1").status == 403
    assert client.send("PUT", f"{FILES}/other/elsewhere", b"1").status == 200
    assert client.send("DELETE", f"{FILES}/other").status == 403


def test_an_imported_experiment_s_usual_place_is_that_of_its_number_here(lab: Lab) -> None:
    item: dict[str, Any] = {
        "id": lab.closed,
        "name": "again",
        "artifact_location": f"mlflow-artifacts:/{lab.closed}",
    }
    (placed,) = lab.owner.ok("POST", "/api/v1/import/experiments", items=[item])["items"]
    found = lab.owner.ok("GET", "experiments/get", experiment_id=placed["experiment_id"])["experiment"]
    assert (
        found["artifact_location"]
        == f"mlflow-artifacts:/{placed['experiment_id']}"
        != item["artifact_location"]
    )
    own = {"id": "5", "name": "own", "artifact_location": "mlflow-artifacts:/imported"}
    (placed,) = lab.owner.ok("POST", "/api/v1/import/experiments", items=[own])["items"]
    people = People(lab.directory)
    token = people.with_roles(
        ("Owner", SCOPE), deny=[("Owner", f"{SCOPE}/experiments/{placed['experiment_id']}")]
    )
    assert (
        lab.owner.also(base="/workspaces/theirs", token=token).send("GET", f"{FILES}/imported/x").status
        == 403
    )
