"""S3 and what speaks its protocol."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import obstore
from obstore.store import S3Store

from runyard.artifacts.cloud.client import RETRIES, client_options
from runyard.artifacts.cloud.signing import (
    BEHIND_PROXY,
    Caller,
    NoSigning,
    Signing,
    check_parts,
    check_upload_id,
)
from runyard.artifacts.cloud.store import CloudDatastore
from runyard.artifacts.contracts import Capabilities, SignedRequest, UploadedPart
from runyard.artifacts.sigv4 import Keys, presigned_url
from runyard.artifacts.uris import StorageUri
from runyard.errors import InvalidInput, NotImplementedHere, StorageUnavailable

_ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_S3", "MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL")
_UPLOAD_ID = re.compile(r"<UploadId>([^<]+)</UploadId>")
_ERROR_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_SHORT_S = 300


def open_s3(uri: StorageUri, environment: Mapping[str, str], proxy_url: str | None = None) -> CloudDatastore:
    """Open a bucket. Address and keys come from the variables that AWS clients read.

    Keys that are given are the only ones used: the library, left alone, would add a session token of this process's
    own environment, and send it to whatever address a user chose. AWS_SKIP_SIGNATURE=true reads public buckets.
    """
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    endpoint = next((environment[name] for name in _ENDPOINT_VARIABLES if environment.get(name)), None)
    keys = _keys(environment, region)
    config: Any = {"region": region}
    if endpoint:
        config["endpoint"] = endpoint.rstrip("/")
    if environment.get("AWS_SKIP_SIGNATURE") == "true":
        config["skip_signature"] = True
    store = S3Store(
        uri.bucket,
        prefix=uri.path or None,
        config=config,
        client_options=client_options(endpoint, proxy_url),
        retry_config=RETRIES,
        credential_provider=_provider(keys) if keys else None,
    )
    address = endpoint.rstrip("/") if endpoint else f"https://s3.{region}.amazonaws.com"
    signing: Signing = S3Signing(keys, address, uri.bucket) if keys else S3LibrarySigning(store, uri.path)
    if proxy_url is not None:
        signing = NoSigning(BEHIND_PROXY)
    return CloudDatastore(f"s3://{uri.bucket}", store, uri.path, signing)


class S3Signing:
    """Signs with long-lived or temporary keys."""

    capabilities = Capabilities(presigned=True, multipart=True)

    def __init__(self, keys: Keys, endpoint: str, bucket: str) -> None:
        self._keys = keys
        self._endpoint = endpoint
        self._bucket = bucket
        self._caller = Caller()

    async def presign_get(self, key: str, expires_s: int) -> SignedRequest:
        return SignedRequest(self._url("GET", key, expires_s))

    async def presign_put(self, key: str, expires_s: int) -> SignedRequest:
        return SignedRequest(self._url("PUT", key, expires_s))

    async def create_multipart(self, key: str) -> str:
        answer = await self._caller.call("POST", self._url("POST", key, _SHORT_S, {"uploads": ""}))
        found = _UPLOAD_ID.search(answer.body)
        if answer.status != 200 or found is None:
            raise self._unexpected(answer.status, answer.body)
        return html.unescape(found[1])

    async def presign_part(self, key: str, upload_id: str, number: int, expires_s: int) -> SignedRequest:
        query = {"partNumber": str(number), "uploadId": upload_id}
        return SignedRequest(self._url("PUT", key, expires_s, query))

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[UploadedPart]) -> None:
        check_upload_id(upload_id)
        listed = "".join(
            f"<Part><PartNumber>{part.number}</PartNumber><ETag>{html.escape(part.etag)}</ETag></Part>"
            for part in check_parts(parts)
        )
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>"
        answer = await self._caller.call(
            "POST", self._url("POST", key, _SHORT_S, {"uploadId": upload_id}), body
        )
        if answer.status != 200 or "<Error>" in answer.body:
            raise self._unexpected(answer.status, answer.body)

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        check_upload_id(upload_id)
        answer = await self._caller.call(
            "DELETE", self._url("DELETE", key, _SHORT_S, {"uploadId": upload_id})
        )
        if answer.status not in (200, 204, 404):
            raise self._unexpected(answer.status, answer.body)

    def _url(self, method: str, key: str, expires_s: int, query: Mapping[str, str] | None = None) -> str:
        path = f"/{self._bucket}/{key}"
        return presigned_url(self._keys, method, self._endpoint, path, expires_s=expires_s, query=query)

    def _unexpected(self, status: int, body: str) -> InvalidInput | StorageUnavailable:
        found = _ERROR_CODE.search(body)
        code = found[1] if found else f"status {status}"
        if status == 403:
            return StorageUnavailable(f"s3://{self._bucket} refuses the server's credentials ({code}).")
        return InvalidInput(f"s3://{self._bucket} refuses the multipart upload: {code}. Create a new one.")


class S3LibrarySigning:
    """Signs single requests with credentials that only the library can fetch (roles, instance metadata)."""

    capabilities = Capabilities(presigned=True)

    def __init__(self, store: S3Store, prefix: str) -> None:
        self._store = store
        self._prefix = prefix

    async def presign_get(self, key: str, expires_s: int) -> SignedRequest:
        return await self._sign("GET", key, expires_s)

    async def presign_put(self, key: str, expires_s: int) -> SignedRequest:
        return await self._sign("PUT", key, expires_s)

    async def create_multipart(self, key: str) -> str:
        raise _static_keys_only()

    async def presign_part(self, key: str, upload_id: str, number: int, expires_s: int) -> SignedRequest:
        raise _static_keys_only()

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[UploadedPart]) -> None:
        raise _static_keys_only()

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        raise _static_keys_only()

    async def _sign(self, method: Any, key: str, expires_s: int) -> SignedRequest:
        path = key.removeprefix(f"{self._prefix}/") if self._prefix else key
        try:
            return SignedRequest(
                await obstore.sign_async(self._store, method, path, timedelta(seconds=expires_s))
            )
        except obstore.exceptions.BaseError as exc:
            raise StorageUnavailable("The credentials for S3 cannot be fetched just now; try again.") from exc


def _provider(keys: Keys) -> Any:
    """What the library calls for credentials."""
    given = {
        "access_key_id": keys.access_key,
        "secret_access_key": keys.secret_key,
        "token": keys.session_token,
        "expires_at": None,
    }
    return lambda: given


def _static_keys_only() -> NotImplementedHere:
    return NotImplementedHere(
        "Multipart uploads need AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY at the server."
    )


def _keys(environment: Mapping[str, str], region: str) -> Keys | None:
    access, secret = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    return Keys(access, secret, region, environment.get("AWS_SESSION_TOKEN")) if access and secret else None
