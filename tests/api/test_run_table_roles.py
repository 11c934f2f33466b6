"""Tables of runs, where part of the workspace is closed to who asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from runyard.server.settings import Settings
from runyard.wire.api import columns
from tests.api.live_server import Client, live_server
from tests.api.people import People
from tests.api.test_run_table import ROWS, TABLE, ask, read

SCOPE = "/subscriptions/default/resourceGroups/default/workspaces/default"


@dataclass(frozen=True)
class Lab:
    """Two experiments with a run each. `guest` has a role in the first only, `barred` everywhere but in the second."""

    owner: Client
    guest: Client
    barred: Client
    open: str
    closed: str
    here: str
    there: str


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    directory = tmp_path_factory.mktemp("tables")
    with live_server(directory, Settings(data=str(directory), auth="required")) as client:
        people = People(directory)
        owner = client.also(token=people.with_roles(("Owner", "/")))
        first, second = owner.experiment(), owner.experiment()
        guest = people.with_roles(("Reader", f"{SCOPE}/experiments/{first}"))
        barred = people.with_roles(("Reader", SCOPE), deny=[("Owner", f"{SCOPE}/experiments/{second}")])
        one, other = client.also(token=guest), client.also(token=barred)
        yield Lab(owner, one, other, first, second, owner.run(first), owner.run(second))


def test_the_whole_workspace_is_what_one_may_read(lab: Lab) -> None:
    assert set(read(lab.owner, TABLE)["table"]["run_id"]) >= {lab.here, lab.there}
    for client in (lab.guest, lab.barred):
        page = read(client, TABLE)
        assert page["table"]["run_id"] == [lab.here] and page["total"] == 1


def test_handles_of_what_is_closed_lead_nowhere(lab: Lab) -> None:
    handles = columns.read(read(lab.owner, TABLE)["rows"])
    for client in (lab.guest, lab.barred):
        assert read(client, ROWS, handles=handles)["table"]["run_id"] == [lab.here]


def test_naming_what_is_closed_is_as_naming_what_is_absent(lab: Lab) -> None:
    for client in (lab.guest, lab.barred):
        assert ask(client, TABLE, experiment_ids=[lab.closed]).status == 404
        assert ask(client, TABLE, experiment_ids=[lab.open, lab.closed]).status == 404
        assert ask(client, ROWS, run_ids=[lab.there]).status == 404
        assert ask(client, ROWS, run_ids=["0" * 32]).status == 404
        assert read(client, TABLE, experiment_ids=[lab.open])["table"]["run_id"] == [lab.here]


def test_nobody_asks_without_a_login(lab: Lab) -> None:
    stranger = lab.owner.with_headers({})
    assert ask(stranger, TABLE).status == ask(stranger, ROWS, handles=[1]).status == 401


def test_names_and_values_of_what_is_closed_are_not_told(lab: Lab) -> None:
    for run, key in ((lab.here, "open"), (lab.there, "closed")):
        lab.owner.ok("POST", "runs/log-parameter", run_id=run, key=key, value=key)
        lab.owner.ok("POST", "runs/log-parameter", run_id=run, key="both", value=key)
    for client in (lab.guest, lab.barred):
        items = client.ok("POST", "/api/v1/runs/keys", kinds=["param"])["items"]
        assert [one["key"] for one in items] == ["both", "open"]
        assert client.ok("POST", "/api/v1/runs/values", kind="param", key="both")["items"] == ["open"]
        for path, more in (("keys", {}), ("values", {"kind": "param", "key": "both"})):
            answer = client.call("POST", f"/api/v1/runs/{path}", {"experiment_ids": [lab.closed], **more})
            assert answer.status == 404
    assert lab.owner.ok("POST", "/api/v1/runs/values", kind="param", key="both")["items"] == [
        "closed",
        "open",
    ]
