"""Sweeps of the target `local`: the server says what is tried, and the machine that submits runs the trials."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from runyard.client.errors import ServerUnreachable
from runyard.client.local_jobs import start_local
from runyard.client.submission import HERE, PATH, SWEEP
from runyard.client.transport import Connection
from runyard.errors import InvalidState, RunyardError

POLL_S = 1.0
ENDED = ("Completed", "Failed", "Canceled")
log = logging.getLogger("runyard.sweeps")


def is_local(job: Mapping[str, Any]) -> bool:
    """Whether a job is a sweep whose trials are started by the machine that submitted it."""
    return (job["kind"], job["target"]) == (SWEEP, HERE)


class LocalSweep:
    """The trials of one sweep on this machine. There are no more at once than the sweep allows: it makes them one by one."""

    def __init__(self, connection: Connection, run_id: str) -> None:
        self._connection = connection
        self.run_id = run_id
        self._started: set[str] = set()

    def start_trials(self) -> None:
        """Start those that wait, and return at once; one that was started before is not started twice.

        Raises: what the server raised; InvalidInput, when nothing can be started here, and the sweep is canceled then.
        """
        waiting = self._connection.get(PATH, parent_run_id=self.run_id, state="Queued")
        for trial in waiting["items"]:
            run_id = str(trial["run_id"])
            if run_id not in self._started:
                self._start(run_id)

    def cancel(self) -> None:
        """End it, with what runs of it."""
        self._connection.post(f"{_one(self.run_id)}/cancel", {}, retry=True)

    def go_on(self) -> None:
        """Start trials until it has ended. A server that is away is waited for."""
        away = False
        while True:
            try:
                if self._connection.get(_one(self.run_id))["state"] in ENDED:
                    return
                self.start_trials()
                away = False
            except ServerUnreachable as exc:
                if not away:
                    log.warning("The sweep %s waits for its server: %s", self.run_id, exc)
                away = True
            time.sleep(POLL_S)

    def _start(self, run_id: str) -> None:
        try:
            token = str(self._connection.post(f"{_one(run_id)}/take", {}, retry=True)["token"])
        except InvalidState:
            return  # it was canceled meanwhile, or another process has begun it
        try:
            start_local(self._connection.server, self._connection.workspace, run_id, token)
        except RunyardError:
            self.cancel()
            raise
        self._started.add(run_id)


def in_background(connection: Connection, job: Mapping[str, Any]) -> None:
    """Run a sweep of this machine beside the program, as long as that runs; nothing for other jobs."""
    if is_local(job):
        sweep = LocalSweep(connection, str(job["run_id"]))
        thread = threading.Thread(target=_until_its_end, args=(sweep,), name="runyard sweep", daemon=True)
        thread.start()
        atexit.register(_leave, thread, sweep)


def _until_its_end(sweep: LocalSweep) -> None:
    try:
        sweep.go_on()
    except RunyardError as exc:
        log.error("The trials of sweep %s are not started any more: %s", sweep.run_id, exc)


def _leave(thread: threading.Thread, sweep: LocalSweep) -> None:
    """Whoever ends the program early is told what goes on without it, and what does not."""
    thread.join(2 * POLL_S)  # it may have just ended
    if thread.is_alive():
        log.warning(
            "The sweep %s has not ended. What runs of it goes on; `runyard sweep resume %s` starts the rest.",
            sweep.run_id,
            sweep.run_id,
        )


def _one(run_id: str) -> str:
    return f"{PATH}/{quote(run_id, safe='')}"
