"""The part of the datastore contract that a store without signed requests has."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.artifacts.contracts import Capabilities, SignedRequest, UploadedPart
from runyard.errors import NotImplementedHere


class Unsigned:
    """Refuses signed requests and multipart uploads; `describe` is set by the store."""

    describe: str
    capabilities = Capabilities()

    async def presign_get(self, path: str, expires_s: int) -> SignedRequest:
        raise self._refusal()

    async def presign_put(self, path: str, expires_s: int) -> SignedRequest:
        raise self._refusal()

    async def create_multipart(self, path: str) -> str:
        raise self._refusal()

    async def presign_part(self, path: str, upload_id: str, number: int, expires_s: int) -> SignedRequest:
        raise self._refusal()

    async def complete_multipart(self, path: str, upload_id: str, parts: Sequence[UploadedPart]) -> None:
        raise self._refusal()

    async def abort_multipart(self, path: str, upload_id: str) -> None:
        raise self._refusal()

    def _refusal(self) -> NotImplementedHere:
        return NotImplementedHere(
            f"{self.describe} has no signed requests; use the plain upload and download."
        )
