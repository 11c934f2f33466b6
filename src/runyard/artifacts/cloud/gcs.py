"""Google Cloud Storage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from obstore.store import GCSStore

from runyard.artifacts.cloud.client import CLIENT, RETRIES
from runyard.artifacts.cloud.signing import NoSigning
from runyard.artifacts.cloud.store import CloudDatastore
from runyard.artifacts.uris import StorageUri

_VARIABLES = {
    "GOOGLE_SERVICE_ACCOUNT": "service_account",
    "GOOGLE_SERVICE_ACCOUNT_KEY": "service_account_key",
    "GOOGLE_APPLICATION_CREDENTIALS": "application_credentials",
    "GOOGLE_BEARER_TOKEN": "bearer_token",
    "GOOGLE_BASE_URL": "base_url",
}


def open_gcs(uri: StorageUri, environment: Mapping[str, str]) -> CloudDatastore:
    """Open a bucket. Credentials come from the variables that Google's clients read, else from the machine's role."""
    config: Any = {option: environment[name] for name, option in _VARIABLES.items() if environment.get(name)}
    options: Any = {**CLIENT, "allow_http": environment.get("GOOGLE_BASE_URL", "").startswith("http://")}
    store = GCSStore(
        uri.bucket, prefix=uri.path or None, config=config, client_options=options, retry_config=RETRIES
    )
    signing = NoSigning("signed URLs for Google Cloud Storage are not supported yet")
    return CloudDatastore(f"gs://{uri.bucket}", store, uri.path, signing)
