"""Roles in single experiments: every route finds out where a request happens, and a closed experiment looks absent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runyard.server.named import is_shared, named_by
from runyard.server.raw_shapes import shape_of
from runyard.server.routing import Route
from runyard.server.settings import Settings
from tests.api import hostile
from tests.api.live_server import JSON, Client, live_server
from tests.api.people import People
from tests.api.test_cross_workspace import (
    House,
    ask,
    contents,
    of_workspaces,
    plain,
    records,
    special,
    strangers,
)

SCOPE = "/subscriptions/default/resourceGroups/default/workspaces/theirs"
DENIED = (403, "PERMISSION_DENIED")
NOT_FOUND = (404, "RESOURCE_DOES_NOT_EXIST")
OWN_WORDS = ("GET", "/api/v1/workspace"), ("POST", "/api/v1/workspace/tracking-token")


@dataclass(frozen=True)
class Lab:
    """A workspace with two experiments; `guest` has a role in `mine` only, `barred` everywhere but in `closed`."""

    house: House
    guest: Client
    barred: Client
    mine: dict[str, Any]
    closed: dict[str, Any]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    directory: Path = tmp_path_factory.mktemp("lab")
    settings = Settings(data=str(directory), auth="required", datastore_hosts="127.0.0.1")
    with live_server(directory, settings) as client:
        people = People(directory)
        owner = client.also(token=people.with_roles(("Owner", "/")))
        owner.ok("POST", "/api/v1/workspaces", name="theirs")
        for _ in range(40):  # so that the number of an experiment is in no text by chance
            owner.experiment()
        inside = client.also(base="/workspaces/theirs", token=owner.headers["Authorization"][7:])
        mine, closed = records(inside), records(inside)
        here, there = (f"{SCOPE}/experiments/{each['experiment_id']}" for each in (mine, closed))
        guest = people.with_roles(("Owner", here))
        barred = people.with_roles(("Owner", SCOPE), deny=[("Owner", there)])
        clients = [client.also(base="/workspaces/theirs", token=token) for token in (guest, barred)]
        yield Lab(House(client, directory, inside, closed), clients[0], clients[1], mine, closed)


def fields_of(route: Route, known: dict[str, Any]) -> dict[str, Any]:
    """What a request names, its path included."""
    if route.request is None:
        read = {*shape_of(route.method, route.path).query, *re.findall(r"\{(\w+)", route.path)}
        return {name: value for name, value in known.items() if name in read}
    return {**hostile.plausible(route.request, known), **special(route, known)}


def names_records(route: Route, known: dict[str, Any]) -> bool:
    if is_shared(route) or "{name}" in route.path:
        return False
    return not named_by(route, fields_of(route, known), 0).nothing


def test_a_closed_experiment_looks_absent_to_a_guest(lab: Lab) -> None:
    sources = ("snapshots", "snapshot_blobs")  # of what it may submit; nobody else sees them
    before, wrong = contents(lab.house, sources), []
    unknown = strangers(lab.closed)
    for route in of_workspaces(lab.guest):
        if route.path.startswith("/api/v1/workspace"):
            continue
        closed = plain(ask(lab.guest, route, lab.closed), lab.closed, lab.guest)
        absent = plain(ask(lab.guest, route, unknown), unknown, lab.guest)
        if closed != absent:
            wrong.append(f"{route.method} {route.path}\n  closed {closed}\n  absent {absent}")
    assert wrong == [], "\n".join(wrong)
    assert contents(lab.house, sources) == before


def test_a_denied_experiment_is_closed_on_every_route_that_names_a_record(lab: Lab) -> None:
    before, wrong, count = contents(lab.house), [], 0
    for route in of_workspaces(lab.barred):
        if not names_records(route, lab.closed) or (route.method, route.path) in OWN_WORDS:
            continue
        count += 1
        answer = ask(lab.barred, route, lab.closed)
        if answer.status not in (403, 404):
            wrong.append(f"{route.method} {route.path} {answer.status} {answer.content[:200]!r}")
    assert wrong == [], "\n".join(wrong)
    assert count > 50
    assert contents(lab.house) == before


def test_a_guest_works_in_its_experiment_as_anywhere(lab: Lab) -> None:
    run, experiment, model = (lab.mine[name] for name in ("run_id", "experiment_id", "model_id"))
    guest = lab.guest
    assert guest.ok("GET", "/api/v1/workspace")["name"] == "theirs"
    assert guest.ok("POST", "/api/v1/workspace/tracking-token")["token"]
    assert guest.ok("POST", "/api/v1/runs", experiment_name=lab.mine["experiment_name"])["run"]
    guest.ok("GET", f"logged-models/{model}")
    guest.ok("PATCH", f"logged-models/{model}/tags", tags=[{"key": "a", "value": "b"}])
    guest.ok("POST", "runs/log-batch", run_id=run, metrics=[{"key": "m", "value": 1, "timestamp": 1, "model_id": model}])  # fmt: skip
    guest.ok("GET", f"/api/3.0/mlflow/traces/{lab.mine['trace_id']}")
    assert (
        guest.send("GET", f"/api/2.0/mlflow-artifacts/artifacts/{lab.mine['proxied']}").content
        == b"secret words"
    )
    assert guest.ok("GET", "artifacts/list", run_id=run)["files"]
    assert [one["experiment_id"] for one in guest.ok("POST", "experiments/search", max_results=9)["experiments"]] == [experiment]  # fmt: skip


@pytest.mark.parametrize("place", ["metrics", "models"])
def test_models_of_a_closed_experiment_are_not_written_through_a_run(lab: Lab, place: str) -> None:
    path = "runs/log-batch" if place == "metrics" else "runs/outputs"
    for client in (lab.guest, lab.barred):
        for model, status in ((lab.closed["model_id"], NOT_FOUND), (f"m-{'1' * 32}", NOT_FOUND)):
            one = {"key": "m", "value": 1, "timestamp": 1, "model_id": model, "step": 1}
            assert client.fails("POST", path, run_id=lab.mine["run_id"], **{place: [one]}) == status


@pytest.mark.parametrize(
    "spelling", ["{}", "0{}", " {}", "+{}", "{}.0", "٤٢", "-{}", "{}\n", "{}e0", "\uff14\uff12"]
)
def test_numbers_are_read_in_one_way_only(lab: Lab, spelling: str) -> None:
    number = lab.closed["experiment_id"]
    digits = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
    text = number.translate(digits) if spelling == "٤٢" else spelling.format(number)
    for client in (lab.guest, lab.barred):
        assert client.call("GET", "experiments/get", {"experiment_id": text}).status in (400, 403, 404)
        assert client.call("POST", "runs/create", {"experiment_id": text}).status in (400, 403, 404)


def test_0_is_the_default_experiment_for_roles_too(lab: Lab) -> None:
    default = lab.house.theirs.ok("GET", "experiments/get", experiment_id="0")["experiment"]["experiment_id"]
    people = People(lab.house.directory)
    token = people.with_roles(("Owner", SCOPE), deny=[("Owner", f"{SCOPE}/experiments/{default}")])
    barred = lab.house.client.also(base="/workspaces/theirs", token=token)
    for number in ("0", "-0", "00", default):
        assert barred.fails("GET", "experiments/get", experiment_id=number) == NOT_FOUND
        assert barred.fails("POST", "runs/create", experiment_id=number) == NOT_FOUND


def test_what_a_query_adds_opens_nothing(lab: Lab) -> None:
    own = f"experiment_id={lab.mine['experiment_id']}&run_id={lab.mine['run_id']}"
    files = "/api/2.0/mlflow-artifacts/artifacts"
    items = json.dumps({"items": [{"id": "1", "name": "stolen"}]}).encode()
    extra = {
        **JSON,
        "x-mlflow-experiment-id": lab.mine["experiment_id"],
        "x-mlflow-run-id": lab.mine["run_id"],
    }
    for method, target, body in (
        ("POST", f"/api/v1/import/experiments?{own}", items),
        ("PUT", f"/api/v1/datastores/workspaceblobstore/file/x?{own}", b"x"),
        ("GET", f"{files}/{lab.closed['proxied']}?{own}", None),
        ("PUT", f"{files}/some/where?{own}", b"x"),
        ("GET", f"/get-artifact?{own}&run_id={lab.closed['run_id']}&path=f.txt", None),
        ("GET", f"/get-artifact?run_id=&run_uuid={lab.closed['run_id']}&path=f.txt", None),
    ):
        answer = lab.guest.send(method, target, body, extra)
        assert answer.status in (403, 404), (target, answer.content)


def test_nothing_is_exported_whole_by_whom_a_part_is_closed_to(lab: Lab) -> None:
    assert lab.barred.fails("GET", "/api/v1/export/experiments") == DENIED
    for known in (lab.closed, lab.mine):
        assert lab.barred.fails("GET", "/api/v1/export/runs", experiment_id=known["experiment_id"]) == DENIED
    paths = json.dumps({"paths": [lab.closed["proxied"]]}).encode()
    assert lab.barred.send("POST", "/api/v1/export/files", paths, JSON).status == 403
    assert lab.house.theirs.ok("GET", "/api/v1/export/experiments")["items"]


def test_a_guest_registers_no_models(lab: Lab) -> None:
    source = f"runs:/{lab.mine['run_id']}/model"
    fields = {"name": lab.mine["name"], "source": source, "run_id": lab.mine["run_id"]}
    assert lab.guest.fails("POST", "model-versions/create", **fields) == DENIED
    assert lab.guest.fails("GET", "registered-models/get", name=lab.mine["name"]) == DENIED


@pytest.mark.parametrize("location", ["mlflow-artifacts:/{}/models", "mlflow-artifacts:/%3{}/models"])
def test_no_other_experiments_location_leads_into_a_denied_one(lab: Lab, location: str) -> None:
    closed = str(lab.closed["experiment_id"])
    place = location.format(closed)  # its first digit as %3N, once
    owner = lab.house.theirs
    for way in ("experiments/create", "/api/v1/import/experiments"):
        fields = {"name": owner.name("leads"), "artifact_location": place}
        assert (
            owner.fails("POST", way, **({**fields} if way[0] == "e" else {"items": [{"id": "x", **fields}]}))[
                0
            ]
            == 400
        )
    made = owner.ok("POST", "experiments/create", name=owner.name("leads"))
    model = lab.closed["model_id"]
    record = {"id": model, "experiment_id": str(made["experiment_id"])}
    run = owner.ok("POST", "runs/create", experiment_id=made["experiment_id"])["run"]["info"]["run_id"]
    root = f"mlflow-artifacts:/{closed}"
    moved = {**record, "id": run[::-1], "artifact_uri": f"{root}/models/{model}/artifacts"}
    owner.ok("POST", "/api/v1/import/runs", items=[moved])
    assert owner.ok("GET", "artifacts/list", run_id=run[::-1])["files"]
    for path in ("artifacts/list", "/get-artifact"):
        asked = {"run_id": run[::-1], "path": "" if path.startswith("a") else "f.txt"}
        assert lab.barred.call("GET", path, asked).status == 404
