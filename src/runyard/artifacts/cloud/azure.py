"""Azure Blob Storage, and ADLS Gen2 through its blob endpoint."""

from __future__ import annotations

import base64
import hmac
import html
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from obstore.store import AzureStore

from runyard.artifacts.cloud.client import RETRIES, client_options
from runyard.artifacts.cloud.signing import BEHIND_PROXY, Caller, NoSigning, Signing, check_parts
from runyard.artifacts.cloud.store import CloudDatastore
from runyard.artifacts.contracts import Capabilities, SignedRequest, UploadedPart
from runyard.artifacts.uris import StorageUri
from runyard.errors import InvalidInput, StorageUnavailable

_SAS_VERSION = "2021-08-06"
_CLOCK_SKEW = timedelta(minutes=5)
_SHORT_S = 300
_UPLOAD_ID = re.compile(r"[0-9a-f]{16}")
_BLOCK_BLOB = {"x-ms-blob-type": "BlockBlob"}


def open_azure(
    uri: StorageUri, environment: Mapping[str, str], proxy_url: str | None = None
) -> CloudDatastore:
    """Open a container.

    The account comes from the URL, AZURE_STORAGE_CONNECTION_STRING or AZURE_STORAGE_ACCOUNT_NAME; its key from the
    connection string, AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_ACCESS_KEY; a SAS from the connection string or
    AZURE_STORAGE_SAS_TOKEN. A key or SAS that is given is the only credential used, whatever this process's own
    environment holds. Without either the library's other credentials apply (service principal, managed identity), and
    clients cannot be given signed URLs. AZURE_SKIP_SIGNATURE=true reads public containers.

    Raises: InvalidInput, when no account is named.
    """
    given = _connection(environment.get("AZURE_STORAGE_CONNECTION_STRING", ""))
    account = uri.account or given.get("AccountName") or environment.get("AZURE_STORAGE_ACCOUNT_NAME")
    if not account:
        raise InvalidInput(
            f"Set AZURE_STORAGE_ACCOUNT_NAME, or write abfss://{uri.bucket}@<account>.dfs.core.windows.net/…"
        )
    key = _first(
        given.get("AccountKey"), environment, "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY"
    )
    endpoint = _first(given.get("BlobEndpoint"), environment, "AZURE_STORAGE_ENDPOINT")
    sas = given.get("SharedAccessSignature") or environment.get("AZURE_STORAGE_SAS_TOKEN")
    config: Any = {"account_name": account}
    config |= {"endpoint": endpoint.rstrip("/")} if endpoint else {}
    config |= {"skip_signature": True} if environment.get("AZURE_SKIP_SIGNATURE") == "true" else {}
    store = AzureStore(
        uri.bucket,
        prefix=uri.path or None,
        config=config,
        client_options=client_options(endpoint, proxy_url),
        retry_config=RETRIES,
        credential_provider=_provider(key, sas),
    )
    address = endpoint.rstrip("/") if endpoint else f"https://{account}.blob.core.windows.net"
    signing: Signing = NoSigning("give the server AZURE_STORAGE_ACCOUNT_KEY")
    if proxy_url is not None:
        signing = NoSigning(BEHIND_PROXY)
    elif key:
        signing = AzureSigning(account, key, address, uri.bucket)
    return CloudDatastore(f"az://{uri.bucket}", store, uri.path, signing)


class AzureSigning:
    """Signs with the account's key: a service SAS per blob.

    Parts become uncommitted blocks of the blob, named after upload and part, so that an older version stays readable
    until the block list is put. Azure forgets blocks that nobody committed after a week; there is no earlier way.
    Source: "Create a service SAS" and "Put Block List" in the Azure Storage REST reference.
    """

    capabilities = Capabilities(presigned=True, multipart=True)

    def __init__(self, account: str, key: str, endpoint: str, container: str) -> None:
        try:
            self._key = base64.b64decode(key, validate=True)
        except ValueError as exc:
            raise InvalidInput("The Azure account key is not base64; copy it again from the portal.") from exc
        self._account = account
        self._endpoint = endpoint
        self._container = container
        self._caller = Caller()

    async def presign_get(self, key: str, expires_s: int) -> SignedRequest:
        return SignedRequest(self._url(key, "r", expires_s))

    async def presign_put(self, key: str, expires_s: int) -> SignedRequest:
        return SignedRequest(self._url(key, "cw", expires_s), _BLOCK_BLOB)

    async def create_multipart(self, key: str) -> str:
        return secrets.token_hex(8)

    async def presign_part(self, key: str, upload_id: str, number: int, expires_s: int) -> SignedRequest:
        block = quote(_block(upload_id, number), safe="")
        return SignedRequest(f"{self._url(key, 'cw', expires_s)}&comp=block&blockid={block}")

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[UploadedPart]) -> None:
        ordered = check_parts(parts)
        blocks = "".join(
            f"<Latest>{html.escape(_block(upload_id, part.number))}</Latest>" for part in ordered
        )
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{blocks}</BlockList>'
        url = f"{self._url(key, 'cw', _SHORT_S)}&comp=blocklist"
        answer = await self._caller.call("PUT", url, body, {"Content-Type": "application/xml"})
        if answer.status == 403:
            raise StorageUnavailable(f"az://{self._container} refuses the server's account key.")
        if answer.status != 201:
            raise InvalidInput(
                f"az://{self._container} refuses the parts ({answer.status}). Upload the missing ones."
            )

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        _block(upload_id, 1)

    def _url(self, key: str, permissions: str, expires_s: int) -> str:
        now = datetime.now(UTC)
        start, expiry = (_stamp(moment) for moment in (now - _CLOCK_SKEW, now + timedelta(seconds=expires_s)))
        resource = f"/blob/{self._account}/{self._container}/{key}"
        fields = [
            permissions,
            start,
            expiry,
            resource,
            "",
            "",
            "",
            _SAS_VERSION,
            "b",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
        ]
        signature = base64.b64encode(hmac.digest(self._key, "\n".join(fields).encode(), "sha256")).decode()
        query = {
            "sp": permissions,
            "st": start,
            "se": expiry,
            "sv": _SAS_VERSION,
            "sr": "b",
            "sig": signature,
        }
        return f"{self._endpoint}/{self._container}/{quote(key, safe='/-_.~')}?{urlencode(query)}"


def _provider(key: str | None, sas: str | None) -> Any:
    """What the library calls for credentials; None leaves it to find some."""
    if key:
        return lambda: {"access_key": key, "expires_at": None}
    if sas:
        return lambda: {"sas_token": sas.removeprefix("?"), "expires_at": None}
    return None


def _block(upload_id: str, number: int) -> str:
    if not _UPLOAD_ID.fullmatch(upload_id):
        raise InvalidInput("Invalid upload_id: send the one that creating the multipart upload answered.")
    return base64.b64encode(f"{upload_id}-{number:05d}".encode()).decode()


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _connection(text: str) -> dict[str, str]:
    """The fields of a connection string; values may hold '='."""
    pairs = (field.partition("=") for field in text.split(";") if "=" in field)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _first(given: str | None, environment: Mapping[str, str], *names: str) -> str | None:
    return given or next((environment[name] for name in names if environment.get(name)), None)
