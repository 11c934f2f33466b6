"""From the URL of a bucket or container to its datastore. Importing this loads the object-store library."""

from __future__ import annotations

from collections.abc import Mapping

from obstore.exceptions import BaseError

from runyard.artifacts.cloud.azure import open_azure
from runyard.artifacts.cloud.gcs import open_gcs
from runyard.artifacts.cloud.s3 import open_s3
from runyard.artifacts.cloud.store import CloudDatastore
from runyard.artifacts.uris import StorageUri
from runyard.errors import InvalidInput

_OPENERS = {"s3": open_s3, "az": open_azure, "gs": open_gcs}


def open_cloud(uri: StorageUri, environment: Mapping[str, str], proxy_url: str | None) -> CloudDatastore:
    """Open what `uri` names; nothing is sent yet.

    Raises: InvalidInput for credentials or an address that cannot be read. The library's own text may repeat
        credentials, so nothing of it is shown or kept.
    """
    try:
        return _OPENERS[uri.scheme](uri, environment, proxy_url)
    except (BaseError, ValueError):
        raise InvalidInput(
            f"The credentials or the address of {uri.scheme}://{uri.bucket} cannot be read. Check each of them."
        ) from None
