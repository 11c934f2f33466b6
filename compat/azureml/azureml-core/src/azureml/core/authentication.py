"""Who calls, as scripts for Azure ML say it; any of these may be given as `auth`.

A service principal is a service account, its password one of that account's access tokens.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = [
    "AbstractAuthentication",
    "ArmTokenAuthentication",
    "AzureCliAuthentication",
    "InteractiveLoginAuthentication",
    "MsiAuthentication",
    "ServicePrincipalAuthentication",
]


class AbstractAuthentication(ABC):
    """What all have in common."""

    @abstractmethod
    def get_authentication_header(self) -> dict[str, str]:
        """{"Authorization": "Bearer ..."}; empty where the environment and the stored login decide for each server."""


class _Bearer(AbstractAuthentication):
    def __init__(self, token: str) -> None:
        self._token = token

    def get_authentication_header(self) -> dict[str, str]:
        """The token that was given."""
        return {"Authorization": f"Bearer {self._token}"}


class _FromEnvironment(AbstractAuthentication):
    def get_authentication_header(self) -> dict[str, str]:
        """Empty: no server gets a credential that is meant for another."""
        return {}


class ArmTokenAuthentication(_Bearer):
    """A token that the script has from elsewhere."""

    def __init__(self, arm_access_token: str, cloud: str | None = None) -> None:
        super().__init__(arm_access_token)

    def update_arm_access_token(self, new_arm_access_token: str) -> None:
        """Use another token from now on, in what is connected afterwards."""
        self._token = new_arm_access_token


class ServicePrincipalAuthentication(_Bearer):
    """A service account.

    Args:
        service_principal_password: an access token of the service account; it says who it is, so that the others are
            kept only for scripts that give them.
    """

    def __init__(
        self,
        tenant_id: str,
        service_principal_id: str,
        service_principal_password: str,
        cloud: str | None = None,
    ) -> None:
        super().__init__(service_principal_password)


class InteractiveLoginAuthentication(_FromEnvironment):
    """Whoever logged in with `runyard login`; a token in the environment goes first. It never asks.

    Args:
        force, tenant_id: kept for scripts that give them.
    """

    def __init__(self, force: bool = False, tenant_id: str | None = None, cloud: str | None = None) -> None:
        super().__init__()


class AzureCliAuthentication(_FromEnvironment):
    """Whoever logged in with `runyard login`."""

    def __init__(self, cloud: str | None = None) -> None:
        super().__init__()


class MsiAuthentication(_FromEnvironment):
    """The token in the environment of the machine."""

    def __init__(self, identity_config: object = None, cloud: str | None = None) -> None:
        super().__init__()
