"""Which workspace a path is in, and which records a request names."""

from __future__ import annotations

import pytest

from runyard.server.access import split_base

REST = "/api/2.0/mlflow/runs/get"
SCOPE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


@pytest.mark.parametrize(
    ("path", "workspace"),
    [
        (f"/workspaces/w{REST}", "w"),
        (f"/workspaces/a%20b{REST}", "a b"),
        (f"{SCOPE}{REST}", "s/g/w"),
        (f"/subscriptions/s/resourcegroups/g/workspaces/w{REST}", "s/g/w"),
        (f"/mlflow/v1.0{SCOPE}{REST}", "s/g/w"),
        (f"/history/v1.0{SCOPE}{REST}", "s/g/w"),
    ],
)
def test_a_path_begins_with_its_workspace(path: str, workspace: str) -> None:
    assert split_base(path) == (workspace, REST)


@pytest.mark.parametrize(
    "path",
    [
        REST,
        "/workspaces/w",
        "/workspaces/",
        "/workspacesw/api",
        "/subscriptions/s/resourceGroups/g",
        "/subscriptions/s/groups/g/workspaces/w/api/x",
        f"{SCOPE}",
        "/mlflow/v1.0/api/2.0/mlflow/runs/get",
        "/history/v1.0",
    ],
)
def test_other_paths_name_no_workspace(path: str) -> None:
    assert split_base(path) == (None, path)
