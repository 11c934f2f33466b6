"""An experiment and its own record. What is done with its runs is in experiment.py, above the run that this is below of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from runyard.errors import AlreadyExists
from runyard.sdk.exceptions import AzureMLException, UserErrorException
from runyard.sdk.portal import experiment_url
from runyard.sdk.workspace_record import WorkspaceRecord, workspace_of

MLFLOW = "/api/2.0/mlflow/experiments"
DELETED = "deleted"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")


class ExperimentRecord:
    """A named group of runs of one workspace.

    Attributes:
        workspace: where it is.
        public: the class that other nouns make experiments of.
    """

    public: ClassVar[type[ExperimentRecord]]

    def __init_subclass__(cls, public: bool = False, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if public:
            ExperimentRecord.public = cls

    def __init__(self, workspace: WorkspaceRecord | str, name: str) -> None:
        """The experiment of that name, made when there is none.

        Args:
            workspace: a Workspace, or the name of one: the config file's if it has that name, else the server's.
            name: begins with a letter or digit; letters, digits, dashes and underscores, at most 255. Experiments with
                other names, which MLflow makes, are in `workspace.experiments`.
        Raises: UserErrorException for a bad name and for that of an archived experiment.
        """
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise UserErrorException(
                f"Experiment name {name!r} is invalid: it must be 1 to 255 characters, start with a letter or a number, "
                "and hold only letters, numbers, underscores and dashes. Experiments with other names are in "
                "workspace.experiments."
            )
        self.workspace = workspace_of(workspace)
        self._record = _get_or_create(self.workspace, name)
        if self._record["lifecycle_stage"] == DELETED:
            raise UserErrorException(
                f"Experiment {name} is archived. Experiment.list(workspace, {name!r}, view_type='ArchivedOnly')[0]"
                ".reactivate() brings it back."
            )

    @classmethod
    def _of(cls, workspace: WorkspaceRecord, record: Mapping[str, Any]) -> Self:
        made = cls.__new__(cls)
        made.workspace = workspace
        made._record = dict(record)
        return made

    @classmethod
    def _by_id(cls, workspace: WorkspaceRecord, experiment_id: str) -> Self:
        record = workspace.link.get(f"{MLFLOW}/get", experiment_id=experiment_id)["experiment"]
        return cls._of(workspace, record)

    @property
    def id(self) -> str:
        """A decimal number as text, as MLflow has it."""
        return str(self._record["experiment_id"])

    @property
    def name(self) -> str:
        """The name, unique in its workspace."""
        return str(self._record["name"])

    @property
    def archived_time(self) -> datetime | None:
        """When it was archived; None while it is in use."""
        if self._record["lifecycle_stage"] != DELETED:
            return None
        return datetime.fromtimestamp(self._record["last_update_time"] / 1000, UTC)

    @property
    def tags(self) -> dict[str, str]:
        """Text that may be overwritten, as last read."""
        return {tag["key"]: tag["value"] for tag in self._record.get("tags", [])}

    @property
    def portal_url(self) -> str:
        """Its page in a browser."""
        return experiment_url(self.workspace.server, self.workspace.name, self.id)

    def get_portal_url(self) -> str:
        """Its page in a browser."""
        return self.portal_url

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ExperimentRecord):
            return NotImplemented
        return (self.workspace, self.id) == (other.workspace, other.id)

    def __hash__(self) -> int:
        return hash((self.workspace, self.id))


ExperimentRecord.public = ExperimentRecord


def _get_or_create(workspace: WorkspaceRecord, name: str) -> dict[str, Any]:
    link = workspace.link
    found = link.find(f"{MLFLOW}/get-by-name", experiment_name=name)
    if found is None:
        try:
            made = link.post(f"{MLFLOW}/create", {"name": name})
            found = link.get(f"{MLFLOW}/get", experiment_id=made["experiment_id"])
        except AzureMLException as exc:
            if not isinstance(exc.inner_exception, AlreadyExists):
                raise
            found = link.get(f"{MLFLOW}/get-by-name", experiment_name=name)  # somebody else was faster
    return dict(found["experiment"])
