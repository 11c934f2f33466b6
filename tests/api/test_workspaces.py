"""Workspaces over HTTP: who may see, make, change and delete which, through our API and MLflow's."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from runyard.server.settings import Settings
from tests.api.live_server import Client, live_server
from tests.api.people import People

HERE = "/api/v1/workspace"
ALL = "/api/v1/workspaces"
GROUPS = "/api/v1/resource-groups"
TOKEN = "/api/v1/workspace/tracking-token"
MLFLOW = "/api/3.0/mlflow/workspaces"
GROUP = "/subscriptions/default/resourceGroups/default"
INVALID = (400, "INVALID_PARAMETER_VALUE")
TAKEN = (400, "RESOURCE_ALREADY_EXISTS")
STATE = (400, "INVALID_STATE")
DENIED = (403, "PERMISSION_DENIED")
NOT_FOUND = (404, "RESOURCE_DOES_NOT_EXIST")
UNKNOWN = (401, "UNAUTHENTICATED")


class Office:
    """A server that asks everybody for a credential, and its owner."""

    def __init__(self, client: Client, people: People) -> None:
        self._client = client
        self._made: list[Client] = []
        self.people = people
        self.owner = self.user(("Owner", "/"))

    def user(
        self, *roles: tuple[str, str], deny: list[tuple[str, str]] | None = None, base: str = ""
    ) -> Client:
        """A client of somebody with these roles."""
        return self.of(self.people.with_roles(*roles, deny=deny or []), base)

    def of(self, token: str, base: str = "") -> Client:
        self._made.append(self._client.also(base=base, token=token))
        return self._made[-1]

    def at(self, who: Client, workspace: str) -> Client:
        """The same client in a workspace."""
        return self.of(who.headers["Authorization"].removeprefix("Bearer "), f"/workspaces/{workspace}")

    def close(self) -> None:
        """Hang up for all; each connects again when it is used again."""
        for client in self._made:
            client.close()

    def workspace(self, **fields: Any) -> str:
        """The name of a new workspace of the owner."""
        name = self._client.name("ws")
        self.owner.ok("POST", ALL, name=name, **fields)
        return name

    def name(self) -> str:
        return self._client.name("ws")


def scope(workspace: str, group: str = GROUP) -> str:
    return f"{group}/workspaces/{workspace}"


def names(answer: Any) -> list[str]:
    return [one["name"] for one in answer["items"]]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    directory: Path = tmp_path_factory.mktemp("office")
    with live_server(directory, Settings(data=str(directory), auth="required")) as client:
        yield Office(client, People(directory))


@pytest.fixture(autouse=True)
def _hang_up(office: Office) -> Iterator[None]:
    yield
    office.close()


def test_a_workspace_tells_all_about_itself(office: Office) -> None:
    name = office.name()
    texts = {
        "location": "here",
        "sku": "enterprise",
        "friendly_name": "Öh",
        "description": "d",
        "tags": {"a": "b"},
    }
    made = office.owner.ok("POST", ALL, name=name, subscription="s1", group="g-(1)", **texts)
    assert office.at(office.owner, name).ok("GET", HERE) == made
    arm = f"/subscriptions/s1/resourceGroups/g-(1)/providers/Microsoft.MachineLearningServices/workspaces/{name}"
    assert (made["id"], made["subscription"], made["group"]) == (arm, "s1", "g-(1)")
    assert {key: made[key] for key in texts} == texts
    assert made["created_ms"] == made["updated_ms"] and len(made["guid"]) == 36
    by_id = office.of(office.people.with_roles(("Reader", "/")), arm)
    assert by_id.ok("GET", HERE) == made


@pytest.mark.parametrize("name", ["ab", "a" * 33, "0-_", "A_b-C"])
def test_good_names(office: Office, name: str) -> None:
    assert office.owner.ok("POST", ALL, name=name)["name"] == name


@pytest.mark.parametrize("name", ["", "a", "a" * 34, "-ab", "_ab", "a b", "a/b", "a.b", "äb", "ab\n", "a\x00b", "~ab"])  # fmt: skip
def test_bad_names(office: Office, name: str) -> None:
    assert office.owner.fails("POST", ALL, name=name) == INVALID


@pytest.mark.parametrize(
    "fields",
    [
        {"group": "a/b"},
        {"subscription": "-"},
        {"description": "x" * 8_001},
        {"friendly_name": "\x00"},
        {"tags": {"": "x"}},
        {"tags": {"a": "x" * 5_001}},
        {"tags": {str(n): "" for n in range(101)}},
    ],
)
def test_bad_fields(office: Office, fields: dict[str, Any]) -> None:
    assert office.owner.fails("POST", ALL, name=office.name(), **fields) == INVALID


def test_a_name_is_taken_whatever_the_group(office: Office) -> None:
    name = office.workspace()
    assert office.owner.fails("POST", ALL, name=name) == TAKEN
    assert office.owner.fails("POST", ALL, name=name, group="other") == TAKEN
    assert office.owner.fails("POST", ALL, name=name, group="other", exist_ok=True) == TAKEN
    assert office.owner.ok("POST", ALL, name=name, exist_ok=True)["name"] == name


def test_an_existing_workspace_is_given_to_whoever_may_see_it(office: Office) -> None:
    name = office.workspace()
    reader = office.user(("Reader", scope(name)))
    assert reader.ok("POST", ALL, name=name, exist_ok=True)["name"] == name
    assert (
        office.user(("Reader", scope(office.workspace()))).fails("POST", ALL, name=name, exist_ok=True)
        == DENIED
    )


def test_the_group_must_be_there_unless_it_is_to_be_made(office: Office) -> None:
    assert (
        office.owner.fails("POST", ALL, name=office.name(), group="nowhere", create_group=False) == NOT_FOUND
    )


def test_everybody_lists_what_is_theirs(office: Office) -> None:
    group = "list-group"
    mine, other, denied = (
        office.workspace(group=group),
        office.workspace(group=group),
        office.workspace(group=group),
    )
    place = f"/subscriptions/default/resourceGroups/{group}"
    assert names(office.owner.ok("GET", ALL, group=group)) == sorted([mine, other, denied])
    assert names(office.user(("Reader", scope(mine, place))).ok("GET", ALL)) == [mine]
    seer = office.user(("Reader", place), deny=[("Owner", scope(denied, place))])
    assert names(seer.ok("GET", ALL)) == sorted([mine, other])
    assert names(office.user(("Data Scientist", f"{scope(mine, place)}/experiments/1")).ok("GET", ALL)) == [
        mine
    ]
    assert names(office.user().ok("GET", ALL)) == []
    assert names(office.owner.ok("GET", ALL, subscription="no-such")) == []


def test_a_token_of_one_workspace_sees_only_that(office: Office) -> None:
    name = office.workspace()
    person = office.people.add(("Owner", "/"))
    bound = office.of(office.people.token(person, workspace_id=office.people.row_of(name)))
    assert names(bound.ok("GET", ALL)) == [name]
    assert bound.fails("POST", ALL, name=office.name()) == DENIED
    assert bound.ok("GET", GROUPS)["items"] == []
    assert office.at(bound, name).ok("GET", HERE)["name"] == name
    assert office.at(bound, "default").fails("GET", HERE) == NOT_FOUND


def test_pages_of_workspaces(office: Office) -> None:
    made = sorted(office.workspace(group="pages") for _ in range(5))
    found, token = [], ""
    while True:
        page = office.owner.ok("GET", ALL, group="pages", max_results=2, page_token=token)
        found += names(page)
        token = page["next_page_token"]
        if not token:
            break
        assert office.user(("Reader", f"{GROUP[:-7]}pages")).fails("GET", ALL, group="pages", page_token=token) == INVALID  # fmt: skip
    assert found == made
    assert office.owner.fails("GET", ALL, max_results=0) == INVALID
    assert office.owner.fails("GET", ALL, max_results=1_001) == INVALID
    assert office.owner.fails("GET", ALL, page_token="nonsense") == INVALID


def test_creating_needs_the_right_at_the_group(office: Office) -> None:
    office.workspace(group="lab")
    lab = "/subscriptions/default/resourceGroups/lab"
    contributor = office.user(("Contributor", lab))
    name = office.name()
    assert contributor.ok("POST", ALL, name=name, group="lab")["created_by"].startswith("u-")
    for refused in (
        contributor.fails("POST", ALL, name=office.name()),
        office.user(("Reader", lab)).fails("POST", ALL, name=office.name(), group="lab"),
        office.user(("Data Scientist", "/")).fails("POST", ALL, name=office.name(), group="lab"),
        office.user(("Owner", lab), deny=[("Contributor", "/")]).fails(
            "POST", ALL, name=office.name(), group="lab"
        ),
        office.user().fails("POST", ALL, name=office.name(), group="lab"),
    ):
        assert refused == DENIED


def test_who_creates_a_workspace_owns_it(office: Office) -> None:
    group = "/subscriptions/default/resourceGroups/lab2"
    office.owner.ok("POST", GROUPS, name="lab2")
    maker = office.user(("Contributor", group))
    name = office.name()
    maker.ok("POST", ALL, name=name, group="lab2")
    office.at(maker, name).ok("PATCH", HERE, description="mine")
    assert office.people.count("role_assignments", scope=scope(name, group)) == 1


def test_only_who_may_changes_a_workspace(office: Office) -> None:
    name = office.workspace(description="old")
    for role, allowed in (
        ("Owner", True),
        ("Contributor", True),
        ("Data Scientist", False),
        ("Reader", False),
    ):
        client = office.at(office.user((role, scope(name))), name)
        status = client.call("PATCH", HERE, {"description": role}).status
        assert status == (200 if allowed else 403)
        assert client.ok("GET", HERE)["description"] == "Contributor" if not allowed else True
    assert office.at(office.user(("Owner", scope(office.workspace()))), name).fails("GET", HERE) == NOT_FOUND


def test_what_is_not_given_stays(office: Office) -> None:
    here = office.at(office.owner, office.workspace(description="d", tags={"a": "b"}))
    changed = here.ok("PATCH", HERE, friendly_name="F")
    assert (changed["friendly_name"], changed["description"], changed["tags"]) == ("F", "d", {"a": "b"})
    assert here.ok("PATCH", HERE, tags={})["tags"] == {}
    assert here.fails("PATCH", HERE, default_datastore="nowhere") == NOT_FOUND
    assert here.fails("PATCH", HERE, description="x" * 8_001) == INVALID


def test_a_deleted_workspace_is_gone_for_everybody_at_once(office: Office) -> None:
    name = office.workspace()
    reader = office.at(office.user(("Reader", scope(name))), name)
    owner = office.at(office.owner, name)
    person = office.people.add(("Owner", "/"))
    bound = office.at(office.of(office.people.token(person, workspace_id=office.people.row_of(name))), name)
    run = owner.run("0")
    for client in (reader, bound):
        assert client.ok("GET", "runs/get", run_id=run)["run"]["info"]["run_id"] == run
    assert reader.fails("DELETE", HERE) == DENIED
    assert owner.send("DELETE", HERE).status == 200
    assert owner.fails("GET", "runs/get", run_id=run) == NOT_FOUND
    assert reader.fails("GET", "runs/get", run_id=run) == NOT_FOUND
    assert bound.fails("GET", "runs/get", run_id=run) == UNKNOWN
    assert name not in names(office.owner.ok("GET", ALL))
    office.owner.ok("POST", ALL, name=name)
    assert reader.fails("GET", HERE) == NOT_FOUND
    assert owner.fails("GET", "runs/get", run_id=run) == NOT_FOUND


def test_the_default_workspace_stays(office: Office) -> None:
    assert office.owner.fails("DELETE", HERE) == STATE
    answer = office.owner.send("DELETE", f"{MLFLOW}/default?mode=CASCADE")
    assert (answer.status, answer.json()["error_code"]) == STATE
    assert office.owner.fails("DELETE", f"{GROUPS}/default") == STATE


def test_files_of_a_deleted_workspace_go_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runyard.store.sql.purger.EVERY_S", 0.05)
    monkeypatch.setattr("runyard.server.app.PURGE_GRACE_MS", 0)
    with live_server(tmp_path) as client:
        kept, gone = (client.ok("POST", ALL, name=name) for name in ("kept", "gone"))
        for name, query in (("kept", ""), ("gone", "?delete_files=true")):
            here = client.also(base=f"/workspaces/{name}")
            assert here.send("PUT", "/api/2.0/mlflow-artifacts/artifacts/f", b"data").status == 200
            assert here.send("DELETE", f"{HERE}{query}").status == 200
        folder = tmp_path / "artifacts" / "workspaces"
        deadline = time.monotonic() + 20
        while (folder / gone["guid"]).exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert [one.name for one in folder.iterdir()] == [kept["guid"]]


def test_resource_groups(office: Office) -> None:
    made = office.owner.ok("POST", GROUPS, name="g1", tags={"a": "b"})
    assert made["id"] == "/subscriptions/default/resourceGroups/g1"
    assert office.owner.fails("POST", GROUPS, name="g1") == TAKEN
    assert office.owner.fails("POST", GROUPS, name="a/b") == INVALID
    assert office.owner.ok("GET", f"{GROUPS}/g1") == made
    assert made in office.owner.ok("GET", GROUPS)["items"]
    assert office.user(("Reader", made["id"])).ok("GET", GROUPS)["items"] == [made]
    stranger = office.user(("Owner", GROUP))
    for name in ("g1", "never"):
        assert stranger.fails("GET", f"{GROUPS}/{name}") == NOT_FOUND
        assert stranger.fails("DELETE", f"{GROUPS}/{name}") == NOT_FOUND
    assert stranger.fails("POST", GROUPS, name="g2") == DENIED
    assert office.user(("Contributor", made["id"])).fails("DELETE", f"{GROUPS}/g1") == DENIED
    assert office.owner.call("DELETE", f"{GROUPS}/g1").json() == {"workspaces": 0}


def test_a_group_goes_with_all_in_it_if_all_may_go(office: Office) -> None:
    first, second = office.workspace(group="g3"), office.workspace(group="g3")
    place = "/subscriptions/default/resourceGroups/g3"
    barred = office.user(("Owner", place), deny=[("Contributor", scope(first, place))])
    assert barred.fails("DELETE", f"{GROUPS}/g3") == DENIED
    assert office.user(("Owner", place)).call("DELETE", f"{GROUPS}/g3").json() == {"workspaces": 2}
    for name in (first, second):
        assert office.at(office.owner, name).fails("GET", HERE) == NOT_FOUND


def test_a_tracking_token_is_for_its_workspace_and_person(office: Office) -> None:
    name, other = office.workspace(), office.workspace()
    person = office.at(office.user(("Reader", scope(name)), ("Owner", scope(other))), name)
    made = person.ok("POST", TOKEN)
    assert 3_590_000 < made["expires_ms"] - time.time() * 1000 <= 3_600_000
    here, there = (office.of(made["token"], f"/workspaces/{each}") for each in (name, other))
    assert here.ok("GET", HERE)["name"] == name
    assert here.fails("POST", "experiments/create", name="e") == DENIED
    for elsewhere in (there, office.of(made["token"]), office.of(made["token"], "/workspaces/no-such")):
        answer = elsewhere.call("GET", HERE)
        assert answer.status == 401 and "get_mlflow_tracking_uri() again" in answer.json()["message"]
    assert there.call("GET", HERE).json()["message"].replace(other, "no-such") == elsewhere.call("GET", HERE).json()["message"]  # fmt: skip


def test_a_tracking_token_is_no_better_than_what_it_was_made_with(office: Office) -> None:
    name = office.workspace()
    person = office.people.add(("Owner", "/"))
    narrow = office.at(office.of(office.people.token(person, actions='["*/read"]')), name)
    made = office.of(narrow.ok("POST", TOKEN, life_s=100)["token"], f"/workspaces/{name}")
    assert made.fails("POST", "experiments/create", name="e") == DENIED
    again = made.ok("POST", TOKEN, life_s=3_000)
    claims = [jwt.decode(token, options={"verify_signature": False}) for token in (made.headers["Authorization"][7:], again["token"])]  # fmt: skip
    assert claims[1]["exp"] <= claims[0]["exp"] and claims[1]["act"] == ["*/read"]
    assert narrow.fails("POST", TOKEN, life_s=0) == INVALID
    capped = jwt.decode(
        narrow.ok("POST", TOKEN, life_s=9_999_999)["token"], options={"verify_signature": False}
    )
    assert capped["exp"] - capped["iat"] == 3_600


def test_mlflow_lists_and_reads_what_the_caller_may_see(office: Office) -> None:
    name = office.workspace(description="d")
    reader = office.user(("Reader", scope(name)))
    assert reader.ok("GET", MLFLOW) == {"workspaces": [{"name": name, "description": "d"}]}
    assert reader.ok("GET", f"{MLFLOW}/{name}") == {"workspace": {"name": name, "description": "d"}}
    absent, hidden = (reader.call("GET", f"{MLFLOW}/{one}") for one in ("no-such", "default"))
    assert (absent.status, absent.content.replace(b"no-such", b"default")) == (404, hidden.content)


def test_mlflow_makes_and_changes_a_workspace(office: Office) -> None:
    name = office.name()
    answer = office.owner.call("POST", MLFLOW, {"name": name, "description": "d"})
    assert (answer.status, answer.json()) == (201, {"workspace": {"name": name, "description": "d"}})
    assert office.owner.fails("POST", MLFLOW, name=name) == TAKEN
    assert office.owner.fails("POST", MLFLOW, name="Not/Good") == INVALID
    changed = office.owner.ok("PATCH", f"{MLFLOW}/{name}", description="new")
    assert changed == {"workspace": {"name": name, "description": "new"}}
    for fields in (
        {},
        {"default_artifact_root": "s3://b"},
        {"trace_archival_config": {"location": "s3://b"}},
    ):
        assert office.owner.fails("PATCH", f"{MLFLOW}/{name}", **fields) == INVALID
    assert office.owner.fails("POST", MLFLOW, name=office.name(), default_artifact_root="s3://b") == INVALID
    reader = office.user(("Reader", scope(name)))
    assert reader.fails("PATCH", f"{MLFLOW}/{name}", description="x") == DENIED
    assert reader.fails("DELETE", f"{MLFLOW}/{name}") == DENIED
    assert reader.fails("PATCH", f"{MLFLOW}/no-such", description="x") == NOT_FOUND
    assert reader.fails("POST", MLFLOW, name=office.name()) == DENIED


def test_mlflow_deletes_an_empty_workspace_or_all_in_it(office: Office) -> None:
    empty, full = office.workspace(), office.workspace()
    office.at(office.owner, full).run("0")
    assert office.owner.fails("DELETE", f"{MLFLOW}/{full}") == STATE
    for mode in ("SET_DEFAULT", "NONSENSE"):
        answer = office.owner.send("DELETE", f"{MLFLOW}/{full}?mode={mode}")
        assert (answer.status, answer.json()["error_code"]) == INVALID
    for target in (f"{MLFLOW}/{empty}", f"{MLFLOW}/{full}?mode=CASCADE"):
        answer = office.owner.send("DELETE", target)
        assert (answer.status, answer.content) == (204, b"")
    assert {one["name"] for one in office.owner.ok("GET", MLFLOW)["workspaces"]}.isdisjoint({empty, full})


def test_every_way_in_leads_to_the_same_workspace(office: Office) -> None:
    name = office.workspace(group="ways")
    arm = f"/subscriptions/default/resourceGroups/ways/providers/Microsoft.MachineLearningServices/workspaces/{name}"
    made = office.at(office.owner, name).experiment(name="e")
    token = office.owner.headers["Authorization"][7:]
    for base in (f"/workspaces/{name}", arm, f"/mlflow/v1.0{arm}", f"/history/v1.0{arm}"):
        found = office.of(token, base).ok("GET", "experiments/get", experiment_id=made)["experiment"]
        assert (found["experiment_id"], found["workspace"]) == (made, name)
    header = office.of(token)
    header.headers["X-MLFLOW-WORKSPACE"] = name
    assert header.ok("GET", "experiments/get", experiment_id=made)["experiment"]["workspace"] == name
    header.headers["X-MLFLOW-WORKSPACE"] = "no-such"
    assert header.fails("GET", "experiments/get", experiment_id="0") == NOT_FOUND
    assert header.ok("GET", "/api/3.0/mlflow/server-info")["workspaces_enabled"] is True
    header.headers["X-MLFLOW-WORKSPACE"] = ""
    assert header.ok("GET", "experiments/get", experiment_id="0")["experiment"]["workspace"] == "default"
    assert office.of(token).fails("GET", "experiments/get", experiment_id=made) == NOT_FOUND
    misplaced = office.of(token, arm.replace("/ways/", "/default/"))
    assert misplaced.fails("GET", "experiments/get", experiment_id=made) == NOT_FOUND


def test_experiment_0_is_the_default_of_each_workspace(office: Office) -> None:
    here = office.at(office.owner, office.workspace())
    run = here.ok("POST", "runs/create", experiment_id="0")["run"]["info"]
    default = here.ok("GET", "experiments/get-by-name", experiment_name="Default")["experiment"]
    assert run["experiment_id"] == default["experiment_id"] != "0"
    found = here.ok("POST", "runs/search", experiment_ids=["0"])["runs"]
    assert [one["info"]["run_id"] for one in found] == [run["run_id"]]
    assert office.owner.ok("GET", "experiments/get", experiment_id="0")["experiment"]["experiment_id"] == "0"


def test_the_same_names_and_ids_live_in_two_workspaces(office: Office) -> None:
    first, second = (office.at(office.owner, office.workspace()) for _ in range(2))
    for here in (first, second):
        experiment = here.experiment(name="same")
        here.ok("POST", "registered-models/create", name="same")
        assert here.ok("POST", "/api/v1/runs", experiment_id=experiment, run_id="same-id")["run"]["info"]["run_id"] == "same-id"  # fmt: skip
        place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}
        info = {"trace_id": "tr-same", "trace_location": place, "request_time": "2026-01-01T00:00:00Z"}
        here.ok("POST", "/api/3.0/mlflow/traces", trace={"trace_info": info})
    first.ok("POST", "runs/log-metric", run_id="same-id", key="m", value=1, timestamp=1)
    second.ok("POST", "runs/set-tag", run_id="same-id", key="t", value="v")
    data = [
        json.dumps(each.ok("GET", "runs/get", run_id="same-id")["run"]["data"]) for each in (first, second)
    ]
    assert ('"m"' in data[0], '"m"' in data[1]) == (True, False)
    assert ('"t"' in data[0], '"t"' in data[1]) == (False, True)
