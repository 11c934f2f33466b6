"""Rules for logs of runs: text that can be read while a job writes it, and that becomes an artifact when the job ends."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence

from runyard.artifacts import paths
from runyard.artifacts.contracts import ByteRange, Entry
from runyard.entities.run_log import (
    APPEND_BYTES,
    FOLDERS,
    MIB,
    LogPlace,
    LogState,
    LogText,
    RunLog,
)
from runyard.errors import (
    CallerError,
    InvalidInput,
    NotAllowed,
    RangeNotSatisfiable,
    RunyardError,
    TooLarge,
    shown,
)
from runyard.services.artifacts import ArtifactService
from runyard.services.context import Context
from runyard.store.run_log_contracts import RunLogStore

log = logging.getLogger("runyard.services")

LOGS_LIMIT = 200  # of one run
FILES_LIMIT = 1_000  # that a listing finds among the artifacts
READ_BYTES = MIB  # at once
RUNS_AT_ONCE = 20
PIECES_AT_ONCE = 64
FURTHEST = 2**63 - 1


class RunLogService:
    """Appends and reads; seals what has ended.

    Args:
        silent_ms: how long nothing came, before the logs of a run that has ended are sealed without being told to.
    """

    def __init__(self, store: RunLogStore, files: ArtifactService, silent_ms: int) -> None:
        self._store = store
        self._files = files
        self._silent_ms = silent_ms

    async def append(self, ctx: Context, run_id: str, name: str, offset: int, body: bytes) -> int:
        """Add what a log has not yet; returns its size. Without a body it only tells the size.

        Raises: NotFound, InvalidInput, InvalidState for a closed log; LogGap, when bytes before the offset are missing;
            NotAllowed for the token of another run's job, whose lines would stand in place of those that belong there.
        """
        if ctx.who.job and ctx.who.job != run_id:
            raise NotAllowed(
                f"This is the token of the job of run {ctx.who.job}: it writes logs of that run, not of {shown(run_id, 300)}."
            )
        clean = log_name(name)
        if not 0 <= offset < FURTHEST:
            raise InvalidInput(f"Invalid value {shown(offset)} for parameter 'offset' supplied: 0 or more.")
        if len(body) > APPEND_BYTES:
            raise TooLarge(f"{len(body)} bytes are more than {APPEND_BYTES} at a time. Split them up.")
        return await self._store.append(ctx.workspace_id, run_id, clean, offset, body, LOGS_LIMIT)

    async def add(self, workspace_id: int, run_id: str, name: str, text: str) -> None:
        """The server's own words, at the end of a log that nobody else writes. Raises: as `append`."""
        size = await self._store.append(workspace_id, run_id, name, 0, b"", LOGS_LIMIT)
        body = text.encode(errors="replace")[:APPEND_BYTES]
        await self._store.append(workspace_id, run_id, name, size, body, LOGS_LIMIT)

    async def list(self, ctx: Context, run_id: str) -> Sequence[RunLog]:
        """By name; when none is open any more, what else lies among the artifacts where logs do, up to 1,000 files."""
        found = {one.name: one for one in await self._store.list(ctx.workspace_id, run_id)}
        if not any(one.is_open for one in found.values()):
            for entry in await self._artifacts(ctx, run_id):
                sealed = RunLog(0, entry.name, entry.size or 0, LogState.SEALED, 0)
                found.setdefault(entry.name, sealed)
        return [found[name] for name in sorted(found)]

    async def read(self, ctx: Context, run_id: str, name: str, offset: int, limit: int) -> LogText:
        """At most limit bytes, up to a megabyte; a negative offset counts from the end.

        Raises: NotFound, InvalidInput.
        """
        clean = log_name(name)
        if not 1 <= limit <= READ_BYTES:
            raise InvalidInput(
                f"Invalid value {shown(limit)} for parameter 'limit' supplied: 1 to {READ_BYTES} bytes."
            )
        found = await self._store.read(ctx.workspace_id, run_id, clean, offset, limit)
        if found is None:
            return await self._of_artifact(ctx, run_id, clean, offset, limit)
        if not found.log.is_artifact:
            return found
        return await self._of_sealed(ctx, run_id, found, limit)

    async def seal(self, workspace_id: int, run_id: str) -> None:
        """The run's job has ended: close its logs and make them artifacts. Again is fine.

        When the artifacts cannot be written now, the logs stay readable and it is tried again in the background.
        """
        await self._store.close(workspace_id, run_id)
        place = await self._store.place(workspace_id, run_id)
        if place is None:
            return
        try:
            await self._seal(place)
        except RunyardError as exc:
            log.warning("The logs of run %s are not sealed yet: %s", run_id, exc)

    async def seal_forgotten(self) -> bool:
        """Seal what an interruption left; returns whether there may be more to do at once."""
        places = await self._store.forgotten(self._silent_ms, RUNS_AT_ONCE)
        for place in places:
            await self._store.close(place.workspace_id, place.run_id)
            try:
                await self._seal(place)
            except RunyardError as exc:
                log.warning("The logs of run %s are not sealed yet: %s", place.run_id, exc)
                await self._store.put_off(place.workspace_id, place.run_id)  # others are not held up by it
        return len(places) == RUNS_AT_ONCE

    async def _seal(self, place: LogPlace) -> None:
        ctx = Context(workspace_id=place.workspace_id, workspace_guid=place.guid)
        for one in await self._store.unsealed(place.workspace_id, place.run_id):
            if one.state is LogState.CLOSED and not await self._copied(ctx, place, one):
                await self._store.set_state(one.row, LogState.STAYS)
                continue
            await self._store.set_state(one.row, LogState.COPIED)
            while await self._store.remove_text(one.row, PIECES_AT_ONCE):
                pass
            await self._store.set_state(one.row, LogState.SEALED)

    async def _copied(self, ctx: Context, place: LogPlace, one: RunLog) -> bool:
        """Whether the server could write the artifact: some runs keep theirs where only clients reach."""
        try:
            path = await self._files.file_below(ctx, place.artifact_uri, one.name)
            await self._files.put(ctx, path, self._pieces(place, one.name), None)
        except CallerError as exc:
            log.warning("The log %s of run %s stays in the database: %s", one.name, place.run_id, exc)
            return False
        return True

    async def _pieces(self, place: LogPlace, name: str) -> AsyncIterator[bytes]:
        offset = 0
        while True:
            text = await self._store.read(place.workspace_id, place.run_id, name, offset, READ_BYTES)
            if text is None or text.next == offset:
                return
            yield text.body
            offset = text.next

    async def _artifacts(self, ctx: Context, run_id: str) -> Sequence[Entry]:
        found: list[Entry] = []
        for folder in FOLDERS:
            try:
                some = await self._files.files_of_run(ctx, run_id, folder, FILES_LIMIT - len(found))
            except CallerError:
                return found  # where the server does not reach
            found += some
        return found

    async def _of_artifact(self, ctx: Context, run_id: str, name: str, offset: int, limit: int) -> LogText:
        """Of a file that never was a log here."""
        path = await self._files.file_of_run(ctx, run_id, name)
        size = (await self._files.head(ctx, path)).size
        one = RunLog(0, name, size, LogState.SEALED, 0)
        start = min(size, offset) if offset >= 0 else max(0, size + offset)
        body = await self._range(ctx, path, start, limit)
        return LogText(one, start, body, start + len(body))

    async def _of_sealed(self, ctx: Context, run_id: str, found: LogText, limit: int) -> LogText:
        """Its offsets are those of the text as it came; the artifact has a line where bytes were left out."""
        one, start = found.log, found.offset
        if one.gap_start <= start < one.gap_stop:
            return LogText(one, start, one.gap_note, one.gap_stop)
        before = start < one.gap_start
        if before:
            limit = min(limit, one.gap_start - start)
        moved = 0 if before or not one.gap_stop else one.gap_stop - one.gap_start - len(one.gap_note)
        path = await self._files.file_of_run(ctx, run_id, one.name)
        body = await self._range(ctx, path, start - moved, limit)
        return LogText(one, start, body, start + len(body))

    async def _range(self, ctx: Context, path: str, start: int, limit: int) -> bytes:
        try:
            download = await self._files.get(ctx, path, ByteRange(start, start + limit - 1))
        except RangeNotSatisfiable:
            return b""
        try:
            return b"".join([bytes(piece) async for piece in download.pieces()])
        finally:
            await download.aclose()


def log_name(name: str) -> str:
    """A log's name, checked. Raises: InvalidInput."""
    clean = paths.clean_file_path(name)
    folder, _, rest = clean.partition("/")
    if folder not in FOLDERS or not rest:
        raise InvalidInput(f"Invalid log name {paths.shortened(name)}: logs lie below {', '.join(FOLDERS)}.")
    return clean
