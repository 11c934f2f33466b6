"""/api/v1/trash: what was deleted comes back, or goes for good with its files; who may, and what is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.live_server import Client, live_server
from tests.api.people import People

TRASH = "/api/v1/trash"
HERE = "/subscriptions/default/resourceGroups/default/workspaces/default"
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trash")


@pytest.fixture(scope="module")
def server(directory: Path) -> Iterator[Client]:
    with live_server(directory) as client:
        yield client


def put(server: Client, place: str, content: bytes = b"12345") -> None:
    assert server.send("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{place}", content).status == 200


def deleted_run(server: Client, experiment: str | None = None, *, files: int = 2) -> str:
    """With files of five bytes."""
    run = server.run(experiment)
    root = server.ok("GET", "runs/get", run_id=run)["run"]["info"]["artifact_uri"]
    for number in range(files):
        put(server, f"{root.removeprefix('mlflow-artifacts:/')}/a/{number}.txt")
    server.ok("POST", "runs/delete", run_id=run)
    return run


def deleted_model(server: Client, experiment: str) -> str:
    model = server.ok("POST", "logged-models", experiment_id=experiment)["model"]["info"]
    put(server, f"{model['artifact_uri'].removeprefix('mlflow-artifacts:/')}/m.bin")
    server.ok("DELETE", f"logged-models/{model['model_id']}")
    return str(model["model_id"])


def deleted_experiment(server: Client, **fields: Any) -> str:
    experiment = server.experiment(**fields)
    server.ok("POST", "experiments/delete", experiment_id=experiment)
    return experiment


def in_trash(client: Client, **query: Any) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in client.ok("GET", TRASH, max_results=1000, **query)["items"]}


def purge(client: Client, kind: str, id: str) -> dict[str, Any]:
    return dict(client.ok("POST", f"{TRASH}/purge", items=[{"kind": kind, "id": id}]))


def wait_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def test_what_was_deleted_is_listed_with_who_did_it(server: Client) -> None:
    home = server.experiment()
    run, model, gone = deleted_run(server, home), deleted_model(server, home), deleted_experiment(server)
    found = in_trash(server)
    assert [found[one]["kind"] for one in (gone, run, model)] == ["experiment", "run", "model"]
    assert (found[run]["experiment_id"], found[run]["deleted_by"]) == (home, "local")
    assert found[gone]["deleted_by"] == found[model]["deleted_by"] == "local"
    assert abs(found[run]["deleted_ms"] - time.time() * 1000) < HOUR_MS
    assert set(in_trash(server, kind="model")) & {run, model, gone} == {model}


def test_lists_come_in_pages(server: Client) -> None:
    home = server.experiment()
    runs = {deleted_run(server, home, files=0) for _ in range(5)}
    found: list[str] = []
    query: dict[str, Any] = {"kind": "run", "max_results": 2}
    while True:
        page = server.ok("GET", TRASH, **query)
        found += [one["id"] for one in page["items"]]
        if page["next_page_token"] is None:
            break
        query["page_token"] = page["next_page_token"]
    assert len(found) == len(set(found)) and runs <= set(found)


def test_the_size_of_each_is_counted_on_request(server: Client) -> None:
    home = server.experiment()
    run, model = deleted_run(server, home, files=3), deleted_model(server, home)
    for kind, id, files in (("run", run, 3), ("model", model, 1)):
        size = server.ok("GET", f"{TRASH}/size", kind=kind, id=id)
        assert (size["files"], size["bytes"], size["whole"]) == (files, 5 * files, True)
    server.ok("POST", "experiments/delete", experiment_id=home)
    assert server.ok("GET", f"{TRASH}/size", kind="experiment", id=home)["files"] == 4


def test_what_is_restored_is_there_again(server: Client) -> None:
    home = server.experiment()
    run, model, gone = deleted_run(server, home), deleted_model(server, home), deleted_experiment(server)
    items = [{"kind": kind, "id": id} for kind, id in (("run", run), ("model", model), ("experiment", gone))]
    answer = server.ok("POST", f"{TRASH}/restore", items=[*items, items[0], {"kind": "run", "id": "x"}])
    assert answer["restored"] == items
    assert answer["kept"] == [{"kind": "run", "id": "x", "reason": "It is not in the trash."}]
    assert server.ok("GET", "runs/get", run_id=run)["run"]["info"]["lifecycle_stage"] == "active"
    assert server.ok("GET", f"logged-models/{model}")
    assert (
        server.ok("GET", "experiments/get", experiment_id=gone)["experiment"]["lifecycle_stage"] == "active"
    )
    assert not {run, model, gone} & set(in_trash(server))


def test_what_is_purged_is_gone_with_its_files(server: Client, directory: Path) -> None:
    home = server.experiment()
    run, model = deleted_run(server, home), deleted_model(server, home)
    kept = server.run(home)
    folder = directory / "artifacts" / home
    assert (folder / run).is_dir() and (folder / "models" / model).is_dir()
    items = [{"kind": "run", "id": run}, {"kind": "model", "id": model}]
    assert server.ok("POST", f"{TRASH}/purge", items=items) == {"purged": items, "kept": [], "more": False}
    assert not {run, model} & set(in_trash(server))
    assert server.fails("POST", "runs/restore", run_id=run)[0] == 404
    wait_for(lambda: server.call("GET", "runs/get", {"run_id": run}).status == 404)
    wait_for(lambda: not (folder / run).exists() and not (folder / "models" / model).exists())
    assert server.ok("GET", "runs/get", run_id=kept)


def test_a_purged_experiment_frees_its_name_and_its_directory(server: Client, directory: Path) -> None:
    name = server.name("taken")
    home = server.experiment(name=name)
    run = deleted_run(server, home)
    server.ok("POST", "experiments/delete", experiment_id=home)
    assert server.fails("POST", "experiments/create", name=name)[0] == 400
    assert purge(server, "experiment", home)["kept"] == []
    server.ok("POST", "experiments/create", name=name)
    wait_for(lambda: server.call("GET", "experiments/get", {"experiment_id": home}).status == 404)
    assert server.fails("GET", "runs/get", run_id=run)[0] == 404
    wait_for(lambda: not (directory / "artifacts" / home).exists())


def test_what_was_deleted_long_ago_is_purged_at_once_and_the_rest_kept(server: Client) -> None:
    name = server.name("w")
    server.ok("POST", "/api/v1/workspaces", name=name)
    own = server.also(base=f"/workspaces/{name}")
    run = deleted_run(own)
    assert own.ok("POST", f"{TRASH}/purge", older_than_ms=HOUR_MS) == {
        "purged": [],
        "kept": [],
        "more": False,
    }
    assert own.ok("POST", f"{TRASH}/purge", older_than_ms=0)["purged"] == [{"kind": "run", "id": run}]
    wait_for(lambda: own.call("GET", "runs/get", {"run_id": run}).status == 404)


def test_what_registered_models_were_made_from_is_kept(server: Client) -> None:
    home = server.experiment()
    run = server.run(home)
    name = server.name("model")
    server.ok("POST", "registered-models/create", name=name)
    source = f"mlflow-artifacts:/{home}/{run}/artifacts/m"
    server.ok("POST", "model-versions/create", name=name, source=source, run_id=run)
    server.ok("POST", "runs/delete", run_id=run)
    (kept,) = purge(server, "run", run)["kept"]
    assert f"{name} version 1" in kept["reason"]
    server.ok("POST", "experiments/delete", experiment_id=home)
    assert purge(server, "experiment", home)["purged"] == []
    server.ok("DELETE", "model-versions/delete", name=name, version="1")
    assert purge(server, "experiment", home)["kept"] == []


def test_the_default_experiment_and_what_is_active_are_kept(server: Client) -> None:
    name = server.name("w")
    server.ok("POST", "/api/v1/workspaces", name=name)
    own = server.also(base=f"/workspaces/{name}")
    number = own.ok("GET", "experiments/get", experiment_id="0")["experiment"]["experiment_id"]
    own.ok("POST", "experiments/delete", experiment_id="0")
    (kept,) = purge(own, "experiment", number)["kept"]
    assert "default experiment" in kept["reason"]
    assert purge(own, "run", own.run(own.experiment()))["kept"][0]["reason"] == "It is not in the trash."


def test_files_in_a_place_of_the_experiments_own_go_unless_others_are_there(
    server: Client, directory: Path
) -> None:
    places = [f"mlflow-artifacts:/{server.name('own')}/{part}" for part in ("alone", "both", "both/inner")]
    alone, both, _ = (server.experiment(artifact_location=place) for place in places)
    folders = [directory / "artifacts" / place.removeprefix("mlflow-artifacts:/") for place in places]
    for one in (alone, both):
        deleted_run(server, one)
        server.ok("POST", "experiments/delete", experiment_id=one)
        assert purge(server, "experiment", one)["kept"] == []
    wait_for(lambda: server.call("GET", "experiments/get", {"experiment_id": both}).status == 404)
    wait_for(lambda: not folders[0].exists())


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("restore", {}),
        ("restore", {"items": []}),
        ("restore", {"items": [{"kind": "run"}]}),
        ("restore", {"items": [{"kind": "trace", "id": "x"}]}),
        ("restore", {"items": [{"kind": "run", "id": "a\0b"}]}),
        ("restore", {"items": [{"kind": "run", "id": str(number)} for number in range(1001)]}),
        ("restore", {"items": "run"}),
        ("purge", {}),
        ("purge", {"items": []}),
        ("purge", {"items": [{"kind": "run", "id": "x"}], "older_than_ms": 1}),
        ("purge", {"older_than_ms": -1}),
        ("purge", {"older_than_ms": 2**63 - 1}),
        ("purge", {"older_than_ms": "soon"}),
    ],
)
def test_what_makes_no_sense_is_refused(server: Client, path: str, fields: dict[str, Any]) -> None:
    assert server.fails("POST", f"{TRASH}/{path}", **fields) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    "query", [{"kind": "trace"}, {"max_results": 0}, {"max_results": 1001}, {"page_token": "x"}]
)
def test_lists_that_make_no_sense_are_refused(server: Client, query: dict[str, Any]) -> None:
    assert server.fails("GET", TRASH, **query)[0] == 400


@pytest.mark.parametrize("kind", ["experiment", "run", "model"])
@pytest.mark.parametrize("id", ["x", "-1", "9" * 40, "..", "' OR 1=1 --", "😀", "0"])
def test_ids_of_nothing_are_kept_and_have_no_size(server: Client, kind: str, id: str) -> None:
    assert server.fails("GET", f"{TRASH}/size", kind=kind, id=id)[0] == 404
    assert purge(server, kind, id)["kept"][0]["reason"] == "It is not in the trash."


def test_roles_in_a_purged_experiment_open_no_other_one(server: Client, directory: Path) -> None:
    people = People(directory)
    gone = server.experiment()
    person = people.add(("Reader", f"{HERE}/experiments/{gone}"))
    reader = server.also(token=people.token(person))
    assert reader.ok("GET", "experiments/get", experiment_id=gone)
    server.ok("POST", "experiments/delete", experiment_id=gone)
    assert purge(server, "experiment", gone)["kept"] == []
    wait_for(lambda: people.count("experiments", id=gone) == 0)
    assert people.count("role_assignments", principal_id=person) == 0
    new = server.experiment()
    assert new != gone
    run = server.run(new)
    assert reader.call("GET", "runs/get", {"run_id": run}).status == 404


def test_who_may_what(server: Client, directory: Path) -> None:
    people = People(directory)
    home, other = server.experiment(), server.experiment()
    mine, theirs = deleted_run(server, home), deleted_run(server, other)
    roles = {
        role: server.also(token=people.with_roles((role, HERE)))
        for role in ("Reader", "Contributor", "Owner")
    }
    limited = server.also(token=people.with_roles(("Owner", f"{HERE}/experiments/{home}")))
    assert mine in in_trash(roles["Reader"]) and theirs in in_trash(roles["Reader"])
    assert in_trash(roles["Reader"])[mine]["deleted_by"] is None
    assert set(in_trash(limited)) == {mine}
    items = [{"kind": "run", "id": one} for one in (mine, theirs)]
    assert roles["Reader"].fails("POST", f"{TRASH}/restore", items=items)[0] == 403
    for who in ("Reader", "Contributor"):
        assert roles[who].fails("POST", f"{TRASH}/purge", items=items)[0] == 403
    assert roles["Contributor"].ok("POST", f"{TRASH}/restore", items=items[:1])["restored"] == items[:1]
    server.ok("POST", "runs/delete", run_id=mine)
    assert limited.fails("GET", f"{TRASH}/size", kind="run", id=theirs)[0] == 404
    answer = limited.ok("POST", f"{TRASH}/purge", items=items)
    assert answer["purged"] == items[:1] and answer["kept"][0]["reason"] == "It is not in the trash."
    assert roles["Owner"].ok("POST", f"{TRASH}/purge", items=items[1:])["purged"] == items[1:]
    assert server.also(token=people.with_roles()).fails("GET", TRASH)[0] == 404


def test_another_workspace_has_its_own(server: Client) -> None:
    name = server.name("w")
    server.ok("POST", "/api/v1/workspaces", name=name)
    other = server.also(base=f"/workspaces/{name}")
    run = deleted_run(server)
    assert in_trash(other) == {}
    assert purge(other, "run", run)["purged"] == []
    assert other.ok("POST", f"{TRASH}/restore", items=[{"kind": "run", "id": run}])["restored"] == []
    assert run in in_trash(server)


def test_the_audit_log_names_what_was_purged_and_restored(server: Client) -> None:
    run = deleted_run(server, files=0)
    server.ok("POST", f"{TRASH}/restore", items=[{"kind": "run", "id": run}])
    server.ok("POST", "runs/delete", run_id=run)
    purge(server, "run", run)
    purged, _, restored = server.ok("GET", "/api/v1/audit", max_results=3)["items"]
    assert (purged["action"], restored["action"]) == ("trash/purge", "runs/delete")
    assert purged["target"]["runs"] == restored["target"]["runs"] == f"1: {run}"
