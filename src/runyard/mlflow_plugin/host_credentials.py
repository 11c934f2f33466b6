"""A tracking URI as MLflow's stores want it: a host and a credential, asked for before each request."""

from __future__ import annotations

import base64
import os

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import MlflowHostCreds

from runyard.client.addresses import OWN_SCHEMES, Address, parse_tracking_uri
from runyard.client.renewal import TokenSource, source_of
from runyard.errors import InvalidInput, RunyardError

TRUE = ("1", "true", "yes", "on")


class HostCredentials:
    """Called by the stores before each request. It carries no token in its repr.

    What MLflow's own variables say about TLS counts; RUNYARD_CA_FILE and RUNYARD_INSECURE_TLS where they say nothing.
    """

    def __init__(self, address: Address, source: TokenSource) -> None:
        self.host = address.base_url
        self._server = address.server
        self._source = source

    def __repr__(self) -> str:
        return f"HostCredentials({self.host!r})"

    def __call__(self, host: str | None = None) -> MlflowHostCreds:
        """The credentials as they are now.

        Args:
            host: a URL below that of the workspace; by default the workspace's.
        Raises: MlflowException.
        """
        creds = get_default_host_creds(host or self.host)
        try:
            token = self._source.current()
        except RunyardError as exc:
            raise MlflowException(exc.message, INVALID_PARAMETER_VALUE) from exc
        if token is not None:
            creds.username, creds.password, creds.token = None, None, token
        if not creds.ignore_tls_verification and creds.server_cert_path is None:
            creds.server_cert_path = os.environ.get("RUNYARD_CA_FILE") or None
            insecure = os.environ.get("RUNYARD_INSECURE_TLS", "").strip().lower() in TRUE
            creds.ignore_tls_verification = insecure and creds.server_cert_path is None
        return creds

    def for_sender(self) -> str | None:
        """The token for the journal's sender; where there is none, name and password as MLflow takes them."""
        token = self._source.current()
        if token is not None:
            return token
        creds = get_default_host_creds(self.host)
        if not (creds.username and creds.password):
            return None
        known = f"{creds.username}:{creds.password}".encode()
        return f"Basic {base64.standard_b64encode(known).decode()}"

    def at_server(self) -> MlflowHostCreds:
        """The credentials for what belongs to the server and not to the workspace."""
        return self(self._server)


def address_of(uri: str) -> Address:
    """Where a tracking URI leads.

    Raises: MlflowException.
    """
    try:
        return parse_tracking_uri(uri)
    except InvalidInput as exc:
        raise MlflowException(exc.message, INVALID_PARAMETER_VALUE) from exc


def is_ours(uri: str | None) -> bool:
    """Whether a tracking URI is one of this plugin's."""
    return uri is not None and uri.partition("://")[0] in OWN_SCHEMES


def host_credentials(uri: str) -> HostCredentials:
    """The credentials of a tracking URI.

    Raises: MlflowException.
    """
    address = address_of(uri)
    return HostCredentials(address, source_of(address))
