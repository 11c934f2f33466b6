"""Datasets of a workspace: found by name, by id, or all; and the ways to make new ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from runyard.sdk.dataset_base import DATASETS, DatasetBase
from runyard.sdk.dataset_file import FileDataset
from runyard.sdk.dataset_tabular import TabularDataset
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.link import PAGE
from runyard.sdk.workspace_record import WorkspaceRecord, workspace_of

_KINDS: Mapping[str, type[DatasetBase]] = {"tabular": TabularDataset, "file": FileDataset}


class DatasetScenario:
    """What a model's datasets were used for."""

    TRAINING = "training"
    VALIDATION = "validation"
    INFERENCING = "inferencing"


class Dataset:
    """The ways to datasets; `Dataset.Tabular.from_…` and `Dataset.File.from_files` make new ones."""

    Tabular = TabularDataset
    File = FileDataset
    Scenario = DatasetScenario

    @staticmethod
    def get_by_name(
        workspace: WorkspaceRecord | str, name: str, version: int | str = "latest"
    ) -> TabularDataset | FileDataset:
        """A registered dataset. Raises: UserErrorException when there is none."""
        home = workspace_of(workspace)
        return _made(home, home.link.get(f"{DATASETS}/{quote(name, safe='')}", version=str(version)))

    @staticmethod
    def get_by_id(workspace: WorkspaceRecord | str, id: str) -> TabularDataset | FileDataset:
        """A version of a registered dataset by its id. Raises: UserErrorException when there is none."""
        home = workspace_of(workspace)
        return _made(home, home.link.get(f"/api/v1/dataset-versions/{quote(id, safe='')}"))

    @staticmethod
    def get_all(
        workspace: WorkspaceRecord | str, *, archived: bool = False
    ) -> dict[str, TabularDataset | FileDataset]:
        """The latest version of each registered dataset by name; archived ones instead when asked for."""
        home = workspace_of(workspace)
        found = home.link.pages(DATASETS, max_results=PAGE, archived=archived)
        return {str(record["name"]): _made(home, record) for record in found}


def _made(workspace: WorkspaceRecord, record: Mapping[str, Any]) -> TabularDataset | FileDataset:
    kind = _KINDS.get(record["kind"])
    if kind is None:
        raise UserErrorException(
            f"Dataset {record['name']!r} is of kind {record['kind']!r}, which this version does not know. Upgrade "
            "runyard."
        )
    made = kind._of(workspace, record)
    assert isinstance(made, TabularDataset | FileDataset)
    return made
