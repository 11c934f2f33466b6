"""Workspaces: made, found, listed, described, deleted."""

from __future__ import annotations

import re

import pytest

from runyard.client.addresses import parse_tracking_uri
from runyard.sdk.exceptions import AzureMLException, UserErrorException, WorkspaceException
from runyard.sdk.experiment import Experiment
from runyard.sdk.workspace import Workspace
from tests.api.live_server import Client


def test_details_have_the_documented_keys(ws: Workspace) -> None:
    details = ws.get_details()
    assert set(details) == {
        "id", "name", "location", "type", "sku", "workspaceid", "friendlyName", "creationTime", "storageAccount",
        "hbiWorkspace", "provisioningState",
    }  # fmt: skip
    assert details["type"] == "Microsoft.MachineLearningServices/workspaces"
    assert details["id"].endswith("/providers/Microsoft.MachineLearningServices/workspaces/default")
    assert re.fullmatch(r"[0-9a-f-]{36}", details["workspaceid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", details["creationTime"])


def test_what_is_set_is_in_the_details(other: Workspace) -> None:
    details = other.update(friendly_name="Ours", description="what it is for", tags={"team": "a"})
    assert (details["friendlyName"], details["description"]) == ("Ours", "what it is for")
    assert details["tags"] == other.tags == Workspace.get(other.name).tags == {"team": "a"}


def test_repr(ws: Workspace) -> None:
    assert repr(ws) == "Workspace.create(name='default', subscription_id='default', resource_group='default')"


def test_the_table_for_notebooks_is_escaped_and_links_to_its_page(ws: Workspace, server: Client) -> None:
    shown = ws._repr_html_()
    assert f'href="http://127.0.0.1:{server.port}/workspaces/default"' in shown
    assert "<td>default</td>" in shown


def test_properties(ws: Workspace) -> None:
    assert (ws.name, ws.subscription_id, ws.resource_group) == ("default",) * 3
    assert (ws.location, ws.sku) == ("local", "basic")


def test_the_constructor_finds_it_and_refuses_what_is_not_there() -> None:
    assert Workspace("default", "default", "default") == Workspace.get("default")
    for ids in (
        ("default", "default", "absent"),
        ("other", "default", "default"),
        ("default", "other", "default"),
    ):
        with pytest.raises(WorkspaceException, match="No workspaces found"):
            Workspace(*ids)


def test_get_names_what_it_looked_for() -> None:
    with pytest.raises(
        WorkspaceException, match="name=absent in subscription s in resource group g"
    ) as caught:
        Workspace.get("absent", subscription_id="s", resource_group="g")
    assert caught.value.found_multiple is False


def test_create_says_so_and_again_is_refused_unless_it_may_be_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = Workspace.create("made-1", resource_group="group-1", location="here", tags={"a": "b"})
    assert capsys.readouterr().out.startswith("Deployed Workspace with name made-1. Took ")
    assert (made.resource_group, made.location, made.tags) == ("group-1", "here", {"a": "b"})
    with pytest.raises(WorkspaceException, match="exists"):
        Workspace.create("made-1")
    assert Workspace.create("made-1", exist_ok=True, show_output=False, resource_group="group-1") == made
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["a", "a" * 34, "-ab", "a b", "a/b", "", "ü1"])
def test_create_refuses_a_bad_name(name: str) -> None:
    with pytest.raises(UserErrorException, match="between 2 and 33"):
        Workspace.create(name)


def test_create_needs_a_group_unless_it_may_make_it() -> None:
    with pytest.raises(WorkspaceException):
        Workspace.create("made-2", resource_group="absent-group", create_resource_group=False)


def test_create_says_what_it_does_not_use() -> None:
    with pytest.warns(UserWarning, match="key_vault, storage_account"):
        Workspace.create("made-3", storage_account="s", key_vault="k", show_output=False)


def test_list_is_by_name(other: Workspace) -> None:
    found = Workspace.list("default")
    assert found[other.name] == [other]
    assert Workspace.list("default", resource_group="absent") == {}
    assert Workspace.list("absent") == {}


def test_delete(other: Workspace) -> None:
    other.delete(delete_dependent_resources=True)
    with pytest.raises(WorkspaceException):
        Workspace.get(other.name)
    with pytest.raises(UserErrorException):
        other.get_details()


def test_the_tracking_uri_is_fresh_at_each_call_and_for_this_workspace(
    other: Workspace, server: Client
) -> None:
    first, second = other.get_mlflow_tracking_uri(), other.get_mlflow_tracking_uri()
    address = parse_tracking_uri(first)
    assert first.startswith(f"runyard://127.0.0.1:{server.port}/workspaces/{other.name}?auth=")
    assert first != second
    assert address.token is not None and address.workspace == other.name
    here = server.also(base=f"/workspaces/{other.name}", token=address.token)
    assert here.call("GET", "/api/v1/workspace").status == 200
    elsewhere = server.also(base="/workspaces/default", token=address.token)
    assert elsewhere.call("GET", "/api/v1/workspace").status in (401, 403, 404)
    assert other.get_mlflow_tracking_uri(with_auth=False) == first.partition("?")[0]


def test_another_scheme_for_the_tracking_uri(other: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workspace, "tracking_scheme", "azureml")
    uri = other.get_mlflow_tracking_uri()
    assert uri.startswith("azureml://127.0.0.1")
    assert f"/subscriptions/default/resourceGroups/default/providers/Microsoft.MachineLearningServices/workspaces/{other.name}?auth=" in uri  # fmt: skip


def test_experiments_are_a_dict_of_those_in_use(other: Workspace) -> None:
    made = Experiment(other, "one")
    archived = Experiment(other, "two")
    archived.archive()
    assert other.experiments["one"] == made
    with pytest.raises(KeyError):
        other.experiments["two"]


def test_workspaces_do_not_see_each_other(ws: Workspace, other: Workspace) -> None:
    run = Experiment(other, "mine").start_logging(snapshot_directory=None)
    run.log("m", 1)
    assert other.get_run(run.id).get_metrics() == {"m": 1}
    with pytest.raises(UserErrorException):
        ws.get_run(run.id)
    assert "mine" not in ws.experiments


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(AzureMLException, match=r"http://127\.0\.0\.1:9") as caught:
        Workspace.get("default", server="http://127.0.0.1:9")
    assert not isinstance(caught.value, UserErrorException | WorkspaceException)


def test_the_other_collections(other: Workspace) -> None:
    assert "workspaceblobstore" in other.datastores
    assert other.get_default_datastore().name == "workspaceblobstore"
    assert (other.datasets, other.environments, other.images, other.webservices) == ({}, {}, {}, {})
    with pytest.raises(UserErrorException):
        other.set_default_datastore("absent")
    assert other.compute_targets == {} and other.get_default_compute_target("CPU") is None
    with pytest.raises(ValueError, match="CPU or GPU"):
        other.get_default_compute_target("TPU")


def test_the_keyvault(other: Workspace) -> None:
    vault = other.get_default_keyvault()
    vault.set_secret("name", "value")
    assert vault.get_secret("name") == "value"


def test_keys_are_never_copied_and_never_given_out(ws: Workspace) -> None:
    ws.sync_keys()
    for asked in (ws.list_keys, ws.get_keys):
        with pytest.raises(UserErrorException, match="credentials of datastores never leave the server"):
            asked()
