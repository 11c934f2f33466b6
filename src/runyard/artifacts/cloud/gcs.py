"""Google Cloud Storage."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from obstore.store import GCSStore

from runyard.artifacts.cloud.client import RETRIES, client_options
from runyard.artifacts.cloud.signing import NoSigning
from runyard.artifacts.cloud.store import CloudDatastore
from runyard.artifacts.uris import StorageUri
from runyard.errors import InvalidInput

_VARIABLES = {
    "GOOGLE_SERVICE_ACCOUNT": "service_account",
    "GOOGLE_SERVICE_ACCOUNT_KEY": "service_account_key",
    "GOOGLE_APPLICATION_CREDENTIALS": "application_credentials",
    "GOOGLE_BEARER_TOKEN": "bearer_token",
    "GOOGLE_BASE_URL": "base_url",
}
_MIXED_IN = (
    "GOOGLE_BEARER_TOKEN",
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_PATH",
    "GOOGLE_BASE_URL",
)


def open_gcs(uri: StorageUri, environment: Mapping[str, str], proxy_url: str | None = None) -> CloudDatastore:
    """Open a bucket. Credentials come from the variables that Google's clients read, else from the machine's role.

    GOOGLE_SKIP_SIGNATURE=true reads public buckets.

    Raises: InvalidInput, when the process's own environment would be mixed into what `environment` says.
    """
    if environment is not os.environ:
        _check_own_environment(environment)
    config: Any = {option: environment[name] for name, option in _VARIABLES.items() if environment.get(name)}
    config |= {"skip_signature": True} if environment.get("GOOGLE_SKIP_SIGNATURE") == "true" else {}
    store = GCSStore(
        uri.bucket,
        prefix=uri.path or None,
        config=config,
        client_options=client_options(environment.get("GOOGLE_BASE_URL"), proxy_url),
        retry_config=RETRIES,
    )
    signing = NoSigning("signed URLs for Google Cloud Storage are not supported yet")
    return CloudDatastore(f"gs://{uri.bucket}", store, uri.path, signing)


def _check_own_environment(environment: Mapping[str, str]) -> None:
    """The library reads these of the process by itself, and would send a token to whatever address a user chose."""
    for name in _MIXED_IN:
        if os.environ.get(name) and environment.get(name) != os.environ[name]:
            raise InvalidInput(
                f"Google Cloud Storage cannot be opened with other credentials while the server's environment holds "
                f"{name}. Give the server its own credentials by GOOGLE_APPLICATION_CREDENTIALS instead."
            )
