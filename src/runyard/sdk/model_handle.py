"""A version's record, and the calls that read and write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from runyard.sdk.workspace_record import WorkspaceRecord

VERSIONS = "/api/2.0/mlflow/model-versions"


class ModelHandle:
    """Which version of which model.

    Attributes:
        workspace: where it is registered.
    """

    workspace: WorkspaceRecord
    _record: dict[str, Any]

    @classmethod
    def _of(cls, workspace: WorkspaceRecord, record: Mapping[str, Any]) -> Self:
        made = cls.__new__(cls)
        made.workspace, made._record = workspace, dict(record)
        return made

    @property
    def name(self) -> str:
        """The name that its versions share."""
        return str(self._record["name"])

    @property
    def version(self) -> int:
        """The number of the version."""
        return int(self._record["version"])

    @property
    def id(self) -> str:
        """`name:version`."""
        return f"{self.name}:{self.version}"

    def _set(self, key: str, value: str) -> None:
        self.workspace.link.post(
            f"{VERSIONS}/set-tag", {**self._key(), "key": key, "value": value}, retry=True
        )

    def _key(self) -> dict[str, str]:
        return {"name": self.name, "version": str(self.version)}

    def _refresh(self) -> None:
        self._record = dict(self.workspace.link.get(f"{VERSIONS}/get", **self._key())["model_version"])
