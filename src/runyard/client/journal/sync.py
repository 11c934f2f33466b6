"""Sends journals from anywhere: those of processes that were told to be offline, that died, or of other machines."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from runyard.client.journal.folder import VERSION, Head, JournalFolder, journals
from runyard.client.journal.reader import Chunk
from runyard.client.journal.sender.access import Access
from runyard.client.journal.sender.shipment import Shipment, Step
from runyard.client.journal.tally import Tally
from runyard.errors import CallerError, InvalidInput, RunyardError

JOBS = 4
POLL_S = 0.2
HEARTBEAT_S = 15.0
PATIENCE_S = 60.0  # for a server that was reached
FIRST_CONTACT_S = 5.0
LOOK_AGAIN_S = 3.0  # for further journals, while running jobs are followed
SENT, OPEN, LEFT, GONE = "sent", "open", "left", "gone"


@dataclass
class Outcome:
    """What became of a journal.

    Attributes:
        state: sent: all of it, and it was removed; open: all that there is, and its process may add to it; left: not
            all of it; gone: another sender was faster.
        error: why something is left.
        refused_file: what the server will never take.
    """

    journal: str
    head: Head
    folder: JournalFolder
    server: str
    workspace: str
    state: str = LEFT
    records: int = 0
    points: int = 0
    files: int = 0
    file_bytes: int = 0
    refused: int = 0
    error: RunyardError | None = None

    @property
    def refused_file(self) -> Path | None:
        """What the server will never take."""
        return self.folder.refused_file if self.refused else None


@dataclass
class Options:
    """How journals are sent.

    Attributes:
        server, workspace: where to; by default where the process that logged wanted it.
        fallback: server and workspace of journals whose process knew none.
        trusts: whether the credentials of this user may be shown to a server that a journal names.
        ended: journals of other machines are of processes that have ended.
        skip_lost: go on without records that the server lost and that are not here any more.
        follow: until this is set, go on with what running processes add.
        patience_s: for a server that cannot be reached; None: for ever.
    """

    fallback: Callable[[], tuple[str, str]]
    server: str = ""
    workspace: str = ""
    trusts: Callable[[str], bool] = lambda server: True
    jobs: int = JOBS
    ended: bool = False
    skip_lost: bool = False
    follow: threading.Event | None = None
    patience_s: float | None = PATIENCE_S
    moved: Callable[[int], None] = lambda count: None
    tell: Callable[[str], None] = lambda text: None


@dataclass
class Sync:
    """Sends journals, several at a time. May be called again and again, and beside their own senders."""

    options: Options
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def run(self, found: Iterable[JournalFolder]) -> list[Outcome]:
        """Send journals; returns what became of each.

        Raises: KeyboardInterrupt passes through; what was sent until then stays sent.
        """
        chosen = list({one.id: one for one in found}.values())
        accesses: dict[tuple[str, str], Access] = {}
        stopped = threading.Event()
        with ThreadPoolExecutor(self.options.jobs, "runyard-sync") as pool:
            try:
                waiting = [pool.submit(self._send, one, accesses, stopped) for one in chosen]
                for one in waiting:
                    while not one.done():
                        stopped.wait(POLL_S)  # a wait without an end would not hear Ctrl-C
                return [outcome for one in waiting if (outcome := one.result()) is not None]
            finally:
                stopped.set()
                pool.shutdown(wait=True, cancel_futures=True)

    def follow(self, places: Callable[[], Iterable[JournalFolder]]) -> None:
        """Send what there is and what comes, of new journals too, until `options.follow` is set.

        `outcomes` has what became of each.
        """
        follow = self.options.follow
        assert follow is not None
        accesses: dict[tuple[str, str], Access] = {}
        active: dict[str, threading.Thread] = {}
        while not follow.is_set():
            for one in places():
                if one.id not in active or not active[one.id].is_alive():
                    thread = threading.Thread(
                        target=self._send, args=(one, accesses, follow), name="runyard-sync", daemon=True
                    )
                    active[one.id] = thread
                    thread.start()
            follow.wait(LOOK_AGAIN_S)
        for thread in active.values():
            thread.join()

    def _send(
        self, folder: JournalFolder, accesses: dict[tuple[str, str], Access], stopped: threading.Event
    ) -> Outcome | None:
        head = folder.head
        if head is None:
            return None
        server, workspace = self._where(head)
        outcome = self.outcomes[folder.id] = Outcome(folder.id, head, folder, server, workspace)
        if head.version > VERSION:
            outcome.error = InvalidInput(
                f"Journal {folder.path} was written by a newer release of Runyard. Upgrade this one, then sync again."
            )
            return outcome
        if not self.options.trusts(server):
            outcome.error = InvalidInput(
                f"Journal {folder.path} wants to go to {server}, where you have no login. Log in there, or name the server by "
                "--server; the token of the environment is not shown to it otherwise."
            )
            return outcome
        access = accesses.setdefault((server, workspace), Access(server, workspace))
        try:
            self._ship(folder, head, access, outcome, stopped)
        except (RunyardError, OSError) as exc:
            outcome.error = exc if isinstance(exc, RunyardError) else InvalidInput(f"{folder.path}: {exc}")
        finally:
            access.close()
        return outcome

    def _where(self, head: Head) -> tuple[str, str]:
        options = self.options
        if options.server or not head.server:
            server, workspace = options.fallback()
            return server, options.workspace or head.workspace or workspace
        return head.server, options.workspace or head.workspace

    def _ship(
        self, folder: JournalFolder, head: Head, access: Access, outcome: Outcome, stopped: threading.Event
    ) -> None:
        """Steps, until there is nothing to do or no hope."""
        here = head.host == socket.gethostname()
        tally = Tally()
        moved = 0

        def taken(chunk: Chunk) -> None:
            tally.add(chunk)
            self.options.moved(len(chunk.data))

        shipment = Shipment(
            folder,
            access,
            self.options.tell,
            threading.Event(),
            heartbeat_s=HEARTBEAT_S if here else 0.0,
            over=(lambda: True) if self.options.ended and not here else None,
            taken=taken,
        )
        earlier = shipment.refusals.count
        try:
            for step in _steps(shipment, stopped, self.options):
                self.options.moved(shipment.files.sent_bytes - moved)
                moved = shipment.files.sent_bytes
                outcome.state = {Step.DONE: SENT, Step.GONE: GONE, Step.IDLE: OPEN}.get(step, LEFT)
                _count(outcome, shipment, tally, earlier)
            outcome.error = shipment.error if outcome.state == LEFT else None
        finally:
            shipment.stop()


def _count(outcome: Outcome, shipment: Shipment, tally: Tally, earlier: int) -> None:
    outcome.records, outcome.points = tally.records, tally.points
    outcome.files, outcome.file_bytes = shipment.files.sent, shipment.files.sent_bytes
    outcome.refused = shipment.refusals.count - earlier


def _steps(shipment: Shipment, stopped: threading.Event, options: Options) -> Iterator[Step]:
    """The steps of a shipment until its end, or until nothing more can be hoped for."""
    reached = skipped = False
    progress, moved_s = (0, 0), time.monotonic()
    while not stopped.is_set():
        step = shipment.step()
        yield step
        if step in (Step.DONE, Step.GONE) or (step is Step.IDLE and options.follow is None):
            return
        if shipment.lost and options.skip_lost and not skipped:
            shipment.skip_lost()
            skipped = True
        elif shipment.lost or _is_lasting(shipment.error):
            return
        reached = reached or step in (Step.MOVED, Step.IDLE)
        if progress != (shipment.sent, shipment.files.moved_bytes) or shipment.trouble is None:
            progress, moved_s = (shipment.sent, shipment.files.moved_bytes), time.monotonic()
        if options.patience_s is not None:
            patience_s = options.patience_s if reached else min(options.patience_s, FIRST_CONTACT_S)
            if time.monotonic() - moved_s > patience_s:
                return
        if step is not Step.MOVED:
            stopped.wait(min(max(shipment.backoff.left_s, 0.02), POLL_S))


def _is_lasting(error: RunyardError | None) -> bool:
    """Whether another try would end the same: no login, no such workspace, no server of ours."""
    return isinstance(error, CallerError) and not error.retryable


def find(places: Iterable[Path]) -> list[JournalFolder]:
    """The journals in some folders.

    Raises: InvalidInput, for a folder that is not there.
    """
    found: list[JournalFolder] = []
    for place in places:
        if not place.is_dir():
            raise InvalidInput(f"{place} is no folder of journals.")
        found += journals(place)
    return found
