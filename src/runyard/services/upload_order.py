"""Rules for uploads of journals: of two versions of a file the newer one stays, whoever sends them, however slowly.

Two senders may have the same journal for a while. So an upload begins only when none of the same file is under way, and
the newest record that ever began decides which others may: what was late cannot replace what came after it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from runyard.artifacts import paths
from runyard.errors import RunyardError, StorageUnavailable, TooManyRequests
from runyard.services.context import Context
from runyard.services.journals import check_journal
from runyard.store.upload_contracts import Turn, UploadPlace, UploadStore

log = logging.getLogger("runyard.server")

SIGN_S = 3.0  # between two signs of an upload
LOST_S = 15.0  # without one it is broken off
DEAD_S = 25.0  # without one, that of a server which has died
WAIT_S = 1


class UploadOrder:
    """Gives each upload its turn."""

    def __init__(self, store: UploadStore) -> None:
        self._store = store

    @asynccontextmanager
    async def turn(self, ctx: Context, journal: str, seq: int, path: str) -> AsyncIterator[bool]:
        """While the block lasts, no other upload of the journal to this path is under way; False: it is not needed.

        Args:
            path: among the workspace's files.
        Raises: TooManyRequests, while another one is under way; StorageUnavailable, when the database was away for so
            long that this one counts as dead; what is wrong with the path.
        """
        check_journal(journal)
        place = UploadPlace(ctx.workspace_id, journal, paths.clean_file_path(path))
        upload = uuid.uuid4().hex
        turn = await self._store.begin(place, seq, upload, int((time.time() - DEAD_S) * 1000))
        if turn is Turn.LATER:
            raise TooManyRequests(
                "Another version of this file is being uploaded. Send the request again.", WAIT_S
            )
        if turn is not Turn.NOW:
            yield turn is Turn.UNKNOWN
            return
        try:
            async with self._kept(place, upload):
                yield True
        finally:
            with contextlib.suppress(RunyardError):  # then it counts as dead later
                await asyncio.shield(self._store.end(place, upload))

    @asynccontextmanager
    async def _kept(self, place: UploadPlace, upload: str) -> AsyncIterator[None]:
        """Signs of the upload; it is broken off when they do not arrive."""
        try:
            async with asyncio.timeout(LOST_S) as limit:
                signs = asyncio.create_task(self._signs(place, upload, limit))
                try:
                    yield
                finally:
                    signs.cancel()
        except TimeoutError as exc:
            if not limit.expired():
                raise
            raise StorageUnavailable(
                "The database was away while the file arrived; nothing was kept. Send the request again."
            ) from exc

    async def _signs(self, place: UploadPlace, upload: str, limit: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SIGN_S)
            sent = loop.time()
            try:
                if not await self._store.keep(place, upload):
                    limit.reschedule(sent)
                    return
            except RunyardError as exc:
                log.warning("An upload cannot be kept in its order just now: %s", exc)
                continue
            limit.reschedule(sent + LOST_S)
