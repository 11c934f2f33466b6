"""The central place that a team shares, with all that it holds."""

from __future__ import annotations

from typing import Any

from runyard.sdk import compute_kinds, display
from runyard.sdk.compute_target import ComputeTarget
from runyard.sdk.dataset import Dataset
from runyard.sdk.dataset_file import FileDataset
from runyard.sdk.dataset_tabular import TabularDataset
from runyard.sdk.datastore import Datastore
from runyard.sdk.environment import Environment
from runyard.sdk.experiment import Experiment, experiments_of
from runyard.sdk.keyvault import Keyvault
from runyard.sdk.model import Model
from runyard.sdk.run import Run
from runyard.sdk.workspace_record import WorkspaceRecord

COMPUTE_TYPES = ("CPU", "GPU")
KINDS = compute_kinds.AmlCompute.kinds  # importing them is what makes them known


class Workspace(WorkspaceRecord, public=True):
    """A workspace. Its collections are dicts by name, read at each access."""

    @property
    def experiments(self) -> dict[str, Experiment]:
        """The experiments that are in use."""
        return {one.name: one for one in experiments_of(Experiment, self, "ACTIVE_ONLY")}

    @property
    def compute_targets(self) -> dict[str, ComputeTarget]:
        """The compute targets."""
        return {one.name: one for one in ComputeTarget.list(self)}

    @property
    def datastores(self) -> dict[str, Datastore]:
        """The datastores."""
        return Datastore.list(self)

    @property
    def datasets(self) -> dict[str, TabularDataset | FileDataset]:
        """The latest version of each registered dataset that is in use."""
        return Dataset.get_all(self)

    @property
    def environments(self) -> dict[str, Environment]:
        """The latest version of each registered environment."""
        return Environment.list(self)

    @property
    def images(self) -> dict[str, Any]:
        """Images: none yet, since nothing builds them."""
        return {}

    @property
    def webservices(self) -> dict[str, Any]:
        """Web services: none yet, since nothing can be deployed."""
        return {}

    def get_default_datastore(self) -> Datastore:
        """The datastore that is used where none is named."""
        return Datastore.get_default(self)

    def set_default_datastore(self, name: str) -> None:
        """Make another datastore the default. Raises: UserErrorException when there is none of that name."""
        Datastore(self, name).set_as_default()

    def get_default_compute_target(self, type: str) -> ComputeTarget | None:
        """The compute target `cpu-cluster` or `gpu-cluster`; None where it is not there.

        Args:
            type: CPU or GPU.
        Raises: ValueError for another one.
        """
        if type not in COMPUTE_TYPES:
            raise ValueError(f"type is CPU or GPU, not {type!r}.")
        return self.compute_targets.get(f"{type.lower()}-cluster")

    def get_default_keyvault(self) -> Keyvault:
        """The secrets of the workspace."""
        return Keyvault(self)

    @property
    def models(self) -> dict[str, Model]:
        """The latest version of each registered model."""
        return {one.name: one for one in Model.list(self, latest=True)}

    def get_run(self, run_id: str) -> Run:
        """The run of an id, whatever its experiment."""
        return Run.get(self, run_id)

    def _repr_html_(self) -> str:
        page = display.Link("Link to the workspace's page", self.portal_url)
        return display.table(
            [
                {
                    "Name": self.name,
                    "Resource Group": self.resource_group,
                    "Subscription": self.subscription_id,
                    "Location": self.location,
                    "Page": page,
                }
            ]
        )
