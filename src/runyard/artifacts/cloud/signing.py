"""What differs between object stores: URLs that carry their own permission, and uploads in parts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

import urllib3

from runyard.artifacts.contracts import Capabilities, SignedRequest, UploadedPart
from runyard.errors import InvalidInput, NotImplementedHere, StorageUnavailable

MOST_PARTS = 10_000
_LONGEST_UPLOAD_ID = 1_024
BEHIND_PROXY = "clients would reach it by another way than the server"
_TIMEOUT = urllib3.Timeout(connect=5, read=60)


class Signing(Protocol):
    """Signs for the objects of one bucket; a key is the whole name of an object, prefix included."""

    capabilities: Capabilities

    async def presign_get(self, key: str, expires_s: int) -> SignedRequest: ...

    async def presign_put(self, key: str, expires_s: int) -> SignedRequest: ...

    async def create_multipart(self, key: str) -> str: ...

    async def presign_part(self, key: str, upload_id: str, number: int, expires_s: int) -> SignedRequest: ...

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[UploadedPart]) -> None: ...

    async def abort_multipart(self, key: str, upload_id: str) -> None: ...


class NoSigning:
    """For credentials that cannot sign; clients fall back to plain upload and download."""

    capabilities = Capabilities()

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def presign_get(self, key: str, expires_s: int) -> SignedRequest:
        raise self._refusal()

    async def presign_put(self, key: str, expires_s: int) -> SignedRequest:
        raise self._refusal()

    async def create_multipart(self, key: str) -> str:
        raise self._refusal()

    async def presign_part(self, key: str, upload_id: str, number: int, expires_s: int) -> SignedRequest:
        raise self._refusal()

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[UploadedPart]) -> None:
        raise self._refusal()

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        raise self._refusal()

    def _refusal(self) -> NotImplementedHere:
        return NotImplementedHere(f"This datastore cannot sign requests: {self._reason}.")


class Answer:
    """Status, headers and body of a request to a store."""

    def __init__(self, status: int, body: str) -> None:
        self.status = status
        self.body = body


class Caller:
    """Sends the few requests that the object-store library has no call for."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(
            maxsize=4, timeout=_TIMEOUT, retries=urllib3.Retry(2, redirect=False)
        )

    async def call(
        self, method: str, url: str, body: str = "", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request in a thread.

        Raises: StorageUnavailable, when nothing answers or the answer is 5xx.
        """
        return await asyncio.to_thread(self._call, method, url, body, headers or {})

    def _call(self, method: str, url: str, body: str, headers: Mapping[str, str]) -> Answer:
        try:
            response = self._pool.request(method, url, body=body.encode(), headers=headers)
        except urllib3.exceptions.HTTPError as exc:
            raise StorageUnavailable(
                f"The object store does not answer ({type(exc).__name__}); try again."
            ) from exc
        if response.status >= 500:
            raise StorageUnavailable(f"The object store answers {response.status}; try again.")
        return Answer(response.status, response.data.decode(errors="replace"))


def check_upload_id(upload_id: str) -> None:
    """Raises: InvalidInput unless this can be an upload id."""
    if (
        not upload_id
        or len(upload_id) > _LONGEST_UPLOAD_ID
        or not upload_id.isascii()
        or not upload_id.isprintable()
    ):
        raise InvalidInput("Invalid upload_id: send the one that creating the multipart upload answered.")


def check_parts(parts: Sequence[UploadedPart]) -> list[UploadedPart]:
    """Return the parts in order. Raises: InvalidInput for none, repeated ones or numbers outside 1 to 10,000."""
    numbers = sorted(part.number for part in parts)
    if not numbers or numbers[0] < 1 or numbers[-1] > MOST_PARTS or len(set(numbers)) != len(numbers):
        raise InvalidInput(
            f"Invalid parts: numbers must be distinct, between 1 and {MOST_PARTS}, and at least one."
        )
    return sorted(parts, key=lambda part: part.number)
