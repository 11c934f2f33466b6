"""Signs of life: the server is told which runs of a journal are under way, and when their process has died."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import msgspec

from runyard.client.errors import error_from
from runyard.client.journal.folder import JournalFolder
from runyard.client.journal.sender.access import Access
from runyard.client.journal.sender.http import Answer
from runyard.entities.journal import NewRun, RecordKind, RunChange
from runyard.entities.run import RunStatus
from runyard.errors import RunyardError
from runyard.wire.journal import Frame

FILE = "alive.json"
TIMEOUT_S = 10.0


class _Running(msgspec.Struct):
    """The runs that this journal began, or took up again, and has not ended."""

    runs: list[str] = []


class _Opening(msgspec.Struct, array_like=True):
    run_id: str


_opening = msgspec.msgpack.Decoder(_Opening).decode
_new_run = msgspec.msgpack.Decoder(NewRun).decode
_run_change = msgspec.msgpack.Decoder(RunChange).decode


def _changes_nothing(change: RunChange) -> bool:
    """One without any new value says that this process has the run, or has left it."""
    return change.status is None and change.end_ms is None and change.name is None


class Alive:
    """The runs of one journal.

    Args:
        interval_s: between two signs; 0: none are given.
    """

    def __init__(
        self, folder: JournalFolder, access: Access, interval_s: float, clock: Callable[[], float]
    ) -> None:
        self._folder = folder
        self._access = access
        self._interval_s = interval_s
        head = folder.head
        self._host = head.host if head is not None else ""
        self._clock = clock
        found = folder.read(FILE, _Running)
        self.runs: set[str] = set(found.runs) if found is not None else set()
        self._next = 0.0

    def heed(self, frame: Frame) -> None:
        """A record that the server has taken."""
        if frame.kind not in (RecordKind.NEW_RUN, RecordKind.RUN_CHANGE):
            return
        found = _opening(frame.body)
        before = found.run_id in self.runs
        if frame.kind == RecordKind.NEW_RUN:
            if not _new_run(frame.body).again:
                self.runs.add(found.run_id)
        else:
            self._heed_change(_run_change(frame.body))
        if before != (found.run_id in self.runs):
            self._folder.write(FILE, _Running(sorted(self.runs)))
            self._next = 0.0

    def _heed_change(self, change: RunChange) -> None:
        if change.left or change.status not in (None, RunStatus.RUNNING, RunStatus.SCHEDULED):
            self.runs.discard(change.run_id)
        elif change.status is not None or _changes_nothing(change):
            self.runs.add(change.run_id)

    def beat_if_due(self) -> None:
        """A sign, if it is time for one and something is under way."""
        if not self.runs or not self._interval_s or self._clock() < self._next:
            return
        self._next = self._clock() + self._interval_s
        with contextlib.suppress(RunyardError):  # what is sent next meets the same
            self._beat(None)

    def end(self) -> None:
        """Everything was sent. Where the process died over its runs, the server is told.

        Raises: RunyardError, when another try may help.
        """
        head = self._folder.head
        died = self._folder.closed is None and bool(self.runs) and head is not None
        reason = ""
        if died and head is not None:
            reason = f"Its process (number {head.process.pid} on {head.host}) ended without ending the run."
        answer = self._beat(reason)
        if answer.status in (401, 429) or answer.status >= 500:
            raise error_from(answer.status, answer.body, url=self._access.server)

    def _beat(self, ended: str | None) -> Answer:
        told: dict[str, object] = {
            "runs": sorted(self.runs),
            "interval_s": round(self._interval_s) or 1,
            "host": self._host,
        }
        if ended is not None:
            told["ended"] = ended
        return self._access.ask(
            "POST",
            f"/api/v1/journals/{self._folder.id}/beat",
            msgspec.json.encode(told),
            kind="application/json",
            timeout_s=TIMEOUT_S,
        )
