"""What a runner tells the server of its job: that it begins, lives, and how it ended."""

from __future__ import annotations

import os
import platform
import threading
import time
import uuid
from typing import Any

from .cancel import Cancel
from .definition import Orders, read_orders
from .exchange import Away, Exchange, Refused, Stopped
from .job_file import say

AT_END_S = 3_600.0  # that a server which is away is waited for, once the script has ended
AT_BEGIN_S = 3_600.0
TIMEOUT_S = 30.0
ASK_S = 3.0
UNKNOWN_S = 120.0  # that a credential is refused, until it is believed
UNKNOWN_SETTING = "RUNYARD_RUNNER_UNKNOWN_S"
ENDED_HERE = (401, 403, 404)


class AnotherRuns(Exception):
    """Another process has this job in hand, and is alive."""


class Reporter:
    """One attempt at a job, in the server's eyes.

    Args:
        exchange: for the thread that makes this; the beats have their own.
        rank: of this machine among those of the job.
        canceled: told, from another thread, when the server wants the job to end.
    """

    def __init__(self, exchange: Exchange, run_id: str, rank: int, canceled: Cancel) -> None:
        self.attempt = uuid.uuid4().hex
        self.rank = rank
        self.interval_s = 10.0
        self._exchange = exchange
        self._path = f"/jobs/{run_id}"
        self._canceled = canceled
        self._state = "Preparing"
        self._changed = threading.Event()
        self._over = False
        self._unknown_s = float(os.environ.get(UNKNOWN_SETTING) or UNKNOWN_S)
        self._thread: threading.Thread | None = None
        self._beats = exchange.another()

    def begin(self) -> Orders:
        """Say that this process has the job, and hear what it is.

        Raises: AnotherRuns, Away, Refused.
        """
        told = {
            "attempt": self.attempt,
            "rank": self.rank,
            "host": platform.node(),
            "pid": os.getpid(),
            "platform": f"{platform.system().lower()}-{platform.machine()}",
            "python": platform.python_version(),
            "server": self._exchange.server,
        }
        try:
            answer = _in_time(self._exchange, f"{self._path}/begin", told)
        except Refused as exc:
            if exc.code == "RESOURCE_ALREADY_EXISTS":
                raise AnotherRuns(str(exc)) from exc
            raise
        orders = read_orders(answer)
        self.interval_s = orders.interval_s
        return orders

    def start_beats(self) -> None:
        """From now on the server hears that this is alive."""
        self._thread = threading.Thread(target=self._beat_on, name="beats", daemon=True)
        self._thread.start()

    def wants_cancel(self) -> bool:
        """Whether the server wants the job to end; asked once, and not for long."""
        told = {"attempt": self.attempt, "rank": self.rank, "state": self._state}
        try:
            answer = self._exchange.call("POST", f"{self._path}/beat", told, timeout_s=ASK_S)
        except (Away, Refused, Stopped):
            return False
        return bool(answer.get("cancel"))

    def tell(self, state: str) -> None:
        """Preparing, Running, Finalizing: with the next beat, which comes at once."""
        self._state = state
        self._changed.set()

    def end(self, state: str, error: dict[str, Any] | None, patience_s: float = AT_END_S) -> bool:
        """Say how it ended. Whether the server heard it, or has ended the job itself."""
        self._over = True
        self._changed.set()
        return True if self.rank else self._tell_end(state, error, patience_s)

    def fail(self, error: dict[str, Any] | None, patience_s: float) -> None:
        """Say, of a machine other than the first, that the job has failed, as the first one does not tell it."""
        self._tell_end("Failed", error, patience_s)

    def _tell_end(self, state: str, error: dict[str, Any] | None, patience_s: float) -> bool:
        told = {
            "attempt": self.attempt,
            "rank": self.rank,
            "state": state,
            **({"error": error} if error else {}),
        }
        try:
            self._exchange.call("POST", f"{self._path}/end", told, patience_s=patience_s, timeout_s=TIMEOUT_S)
        except Refused as exc:
            say(f"The server does not take the end of the job: {exc}")
            return exc.status in ENDED_HERE
        except (Away, Stopped) as exc:
            say(f"The server did not hear of the end of the job: {exc}")
            return False
        return True

    def _beat_on(self) -> None:
        refused_since: float | None = None
        pause, tries = self.interval_s, 0  # `begin` was a sign of life already
        while True:
            self._changed.wait(pause)
            self._changed.clear()
            if self._over:
                return
            try:
                self._beat()
                refused_since, tries, pause = None, 0, self.interval_s
            except Refused as exc:
                now = time.monotonic()
                refused_since = refused_since or now
                if exc.status in ENDED_HERE and now - refused_since > self._unknown_s:
                    self._canceled.forget(f"The server does not know this job any more: {exc}")
                    return
                pause = min(max(self.interval_s, 5.0), max(self._unknown_s / 4, 0.1))
            except Away:
                tries += 1
                pause = min(self.interval_s * 2 ** min(tries, 6), 60.0)
            except Stopped:
                return

    def _beat(self) -> None:
        told = {"attempt": self.attempt, "rank": self.rank, "state": self._state}
        answer = self._beats.call("POST", f"{self._path}/beat", told, timeout_s=TIMEOUT_S)
        self.interval_s = max(0.2, float(answer.get("interval_s") or self.interval_s))
        if answer.get("cancel"):
            self._canceled()


def claim(exchange: Exchange, run_id: str, code: str) -> str:
    """The job's token for the code that an engine was given.

    Raises: Away, Refused.
    """
    return str(_in_time(exchange, f"/jobs/{run_id}/claim", {"code": code})["token"])


def _in_time(exchange: Exchange, path: str, told: dict[str, Any]) -> Any:
    """What the server answers, which may be away at first: who looks at the runner's log is told."""
    try:
        return exchange.call("POST", path, told, timeout_s=TIMEOUT_S)
    except Away as exc:
        say(f"{exc}. It is tried again for {AT_BEGIN_S / 60:g} minutes.")
    return exchange.call("POST", path, told, patience_s=AT_BEGIN_S, timeout_s=TIMEOUT_S)
