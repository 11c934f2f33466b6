"""Secrets of a workspace, encrypted where they are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from runyard.sdk.link import PAGE
from runyard.sdk.workspace_record import WorkspaceRecord, workspace_of

SECRETS = "/api/v1/secrets"


class Keyvault:
    """The keyvault of a workspace; `ws.get_default_keyvault()`."""

    def __init__(self, workspace: WorkspaceRecord | str) -> None:
        self.workspace = workspace_of(workspace)

    def set_secret(self, name: str, value: str) -> None:
        """Set or replace a secret."""
        self.workspace.link.post(SECRETS, {"name": name, "value": value}, retry=True)

    def set_secrets(self, secrets_batch: Mapping[str, str]) -> None:
        """Set or replace several secrets."""
        for name, value in secrets_batch.items():
            self.set_secret(name, value)

    def get_secret(self, name: str) -> str:
        """The value of a secret. Raises: UserErrorException when there is none."""
        return str(self.workspace.link.get(_address(name))["value"])

    def get_secrets(self, secrets: Iterable[str]) -> dict[str, str | None]:
        """The values of several secrets; None for what is not there."""
        found = {name: self.workspace.link.find(_address(name)) for name in secrets}
        return {name: None if one is None else str(one["value"]) for name, one in found.items()}

    def list_secrets(self) -> list[dict[str, str]]:
        """The names of all secrets, never their values: `[{"name": "a"}]`."""
        return [{"name": str(one["name"])} for one in self.workspace.link.pages(SECRETS, max_results=PAGE)]

    def delete_secret(self, name: str) -> None:
        """Delete a secret. Raises: UserErrorException when there is none."""
        self.workspace.link.delete(_address(name))

    def delete_secrets(self, secrets: Iterable[str]) -> None:
        """Delete several secrets."""
        for name in secrets:
            self.delete_secret(name)

    def __repr__(self) -> str:
        return f"Keyvault(workspace={self.workspace.name!r})"


def _address(name: str) -> str:
    return f"{SECRETS}/{quote(name, safe='')}"
