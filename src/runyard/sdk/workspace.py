"""The central place that a team shares, with all that it holds."""

from __future__ import annotations

from typing import Any

from runyard.sdk import display
from runyard.sdk.experiment import Experiment, experiments_of
from runyard.sdk.run import Run
from runyard.sdk.workspace_record import WorkspaceRecord


class Workspace(WorkspaceRecord, public=True):
    """A workspace. Its collections are dicts by name, read at each access."""

    @property
    def experiments(self) -> dict[str, Experiment]:
        """The experiments that are in use."""
        return {one.name: one for one in experiments_of(Experiment, self, "ACTIVE_ONLY")}

    @property
    def compute_targets(self) -> dict[str, Any]:
        """Compute targets: none yet, since nothing can be attached."""
        return {}

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
