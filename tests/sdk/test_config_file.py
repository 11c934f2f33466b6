"""config.json: where it is looked for, what it may say, what is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runyard.sdk.config_file import find_config, read_config
from runyard.sdk.exceptions import UserErrorException, WorkspaceException
from runyard.sdk.workspace import Workspace
from tests.api.live_server import Client

KEYS = {"subscription_id": "default", "resource_group": "default", "workspace_name": "default"}
SCOPE = "/subscriptions/default/resourceGroups/default/providers/Microsoft.MachineLearningServices/workspaces/default"
ORDER = (
    ".azureml/config.json",
    ".azureml/project.json",
    "aml_config/config.json",
    "aml_config/project.json",
    "config.json",
)


def write(file: Path, **fields: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(fields or KEYS))
    return file


def test_places_in_their_order(place: Path) -> None:
    for name in reversed(ORDER):
        write(place / name)
        assert find_config() == place / name


def test_a_nearer_folder_wins_over_a_better_place_above(place: Path) -> None:
    above, here = write(place / ORDER[0]), place / "a" / "b"
    here.mkdir(parents=True)
    assert find_config(here) == above
    assert find_config(here) != write(place / "a" / "config.json") == find_config(here)


def test_a_file_is_taken_as_it_is(place: Path) -> None:
    write(place / ORDER[0])
    assert find_config(write(place / "other.json")) == place / "other.json"


def test_another_file_name(place: Path) -> None:
    write(place / ORDER[0])
    mine = write(place / ".azureml" / "mine.json")
    assert find_config(None, "mine.json") == mine


def test_nothing_found_names_the_file_and_where_it_was_looked_for(place: Path) -> None:
    with pytest.raises(UserErrorException, match=r"could not find config\.json in") as caught:
        Workspace.from_config()
    assert str(place) in caught.value.message


@pytest.mark.parametrize("fields", [KEYS, {"Id": None, "Scope": SCOPE}, {**KEYS, "extra": [1]}])
def test_both_spellings_name_the_workspace(place: Path, fields: dict[str, object]) -> None:
    write(place / "config.json", **fields)
    assert Workspace.from_config().name == "default"
    assert Workspace.from_config(str(place / "config.json")) == Workspace.get("default")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"Scope": "/x"}', '{"subscription_id": 1}'])
def test_a_file_that_names_none_is_refused(place: Path, text: str) -> None:
    (place / "config.json").write_text(text)
    with pytest.raises(UserErrorException, match="config file"):
        read_config(place / "config.json")


def test_a_workspace_that_is_not_there(place: Path) -> None:
    write(place / "config.json", **{**KEYS, "workspace_name": "absent"})
    with pytest.raises(WorkspaceException, match="name=absent"):
        Workspace.from_config()


def test_write_config_is_found_again_without_anything_in_the_environment(
    ws: Workspace, place: Path, server: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws.write_config()
    written = json.loads((place / ".azureml" / "config.json").read_text())
    assert written == {**KEYS, "Id": None, "Scope": SCOPE, "server": f"http://127.0.0.1:{server.port}"}
    monkeypatch.delenv("RUNYARD_SERVER")
    assert Workspace.from_config() == ws


def test_write_config_goes_into_an_old_folder_that_is_there(ws: Workspace, place: Path) -> None:
    (place / "p" / "aml_config").mkdir(parents=True)
    ws.write_config(str(place / "p"), "mine.json")
    assert (place / "p" / "aml_config" / "mine.json").is_file()
