"""Machines of one job that work together: how they find one another, and hear of one another's end.

They may share no folder, and only the server is known to all of them, so each keeps a small log of its own there:
azureml-logs/process_info_<rank>.json says where it is, azureml-logs/process_status_<rank>.json how far it is.
"""

from __future__ import annotations

import ipaddress
import json
import os
import platform
import socket
import threading
import time
from typing import Any, Callable, Mapping
from urllib.parse import urlsplit

from .exchange import Away, Exchange, Refused, Stopped
from .ranks import Group, node_rank
from .supervision import Outcome

MEET_S = 900.0
LOOK_S = 1.0
SIGN_S = 30.0
LOST_S = 180.0
LOST_SETTING = "RUNYARD_RUNNER_LOST_S"
LOOK_OFTEN_S = 2.0
LOOK_AT_FIRST_S = 5.0  # of the others
LEAVE_S = 20.0
RUNNING, READY, OVER, LEFT = "Running", "Ready", "Over", ("Completed", "Failed", "Canceled")
NOT_FOUND = 404
TOLD_BYTES = 4096  # of the last line of a log
MESSAGE_CHARS = 500
MASTER = ("RUNYARD_MASTER_ADDRESS", "SLURM_LAUNCH_NODE_IPADDR")


class CompanionLost(Exception):
    """Another machine of the job failed or is not heard of. `outcome`: how that ends the job here."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(outcome.message)


class Companions:
    """All machines of the job, seen from one of them.

    Args:
        start: which start of the job by its engine this is: what an earlier one said counts no more. Empty: the
            surroundings say.
        wanted: whether the job is still to be done.
    Attributes:
        trouble: how another machine's failure or silence ends the job here; None as long as there is none. The first
            machine hears of all others, those of the first one's end or silence.
        together: the first machine starts the processes of all, and the others wait for it; known once they have met.
        ready: those that this machine listens to can take the processes that another one starts there.
        done: all others have completed, on the first machine; the processes of all have ended, on one that waits for it.
    """

    def __init__(
        self, exchange: Exchange, run_id: str, group: Group, start: str, wanted: Callable[[], bool]
    ) -> None:
        self._exchange = exchange.another()
        self._turn = threading.RLock()
        self._run_id = run_id
        self._group = group
        self._key = start or _key()
        self._wanted = wanted
        self._heard: dict[int, tuple[float, str]] = {}
        self._leaving = threading.Event()
        self._lost_s = float(os.environ.get(LOST_SETTING) or LOST_S)
        self._sign_s = min(SIGN_S, self._lost_s / 6)
        self._state = RUNNING
        self.trouble: Outcome | None = None
        self.together = False
        self.ready = self.done = group.nodes == 1

    def meet(self, together: bool = False) -> Group:
        """The same group with addresses, once all that are needed are known. It may take long: environments are made first.

        Args:
            together: whether the first machine, if this is it, starts the processes of all; then it needs all of them.
        Raises: CompanionLost.
        """
        group = self._group
        own: Mapping[str, Any] = {
            "key": self._key,
            "host": platform.node(),
            "address": address(self._exchange.server, alone=group.nodes == 1),
            "port": free_port(),
            "together": together,
        }
        if group.nodes == 1:
            return group.at([own["address"]], [own["port"]])
        self._write("info", own)
        ranks = range(group.nodes) if group.needs_all or (together and group.node == 0) else (0,)
        found: dict[int, Mapping[str, Any]] = {group.node: own}
        while any(rank not in found for rank in ranks):
            for rank in ranks:
                told = found.get(rank) or self._told("info", rank)
                if told and told.get("key") == self._key:
                    found[rank] = told
            if self.trouble is not None:
                raise CompanionLost(self.trouble)
            if not self._wanted():
                raise CompanionLost(Outcome("Canceled"))
            time.sleep(LOOK_S)
        self.together = bool(found[0].get("together"))
        return group.at(
            [str(found[rank]["address"]) for rank in ranks], [int(found[rank]["port"]) for rank in ranks]
        )

    def follow(self) -> None:
        """From now on the others hear of this machine, and it of them."""
        if self._group.nodes > 1:
            threading.Thread(target=self._follow, name="companions", daemon=True).start()

    def take(self) -> None:
        """This machine can take the processes that the first one starts. On that one: all others can, too.

        Raises: CompanionLost.
        """
        self._tell(READY)
        while not self._group.node and not self.ready:
            if self.trouble is not None or not self._wanted():
                raise CompanionLost(self.trouble or Outcome("Canceled"))
            time.sleep(LOOK_S / 4)

    def release(self) -> None:
        """On the first machine: the processes that it started everywhere have ended well, and nobody waits for them."""
        self._tell("Completed", patience_s=600.0)

    def dismiss(self) -> None:
        """On the first machine: the job is over before its time. The others hear of it and have a moment to end, as the
        server takes nothing of them any more once the first one has told it.
        """
        self._tell(OVER, patience_s=LOOK_OFTEN_S)
        until, staying = time.monotonic() + LEAVE_S, set(range(1, self._group.nodes))
        while staying and time.monotonic() < until:
            staying = {rank for rank in staying if not self._has_left(rank)}
            time.sleep(LOOK_S / 4)

    def leave(self, outcome: Outcome) -> None:
        """Of a machine other than the first: how it ended."""
        self._leaving.set()
        told = {**(outcome.error or {}), "state": outcome.state, "message": outcome.message[:MESSAGE_CHARS]}
        self._write("status", {"key": self._key, **told}, patience_s=600.0)

    def _follow(self) -> None:
        sign_at = 0.0
        while not self._leaving.is_set():
            now = time.monotonic()
            if now >= sign_at:
                self._tell()
                sign_at = now + self._sign_s
            if not self.done and self.trouble is None:
                self._look(now)
            self._leaving.wait(min(LOOK_AT_FIRST_S, self._sign_s) if self._group.node else LOOK_OFTEN_S)

    def _tell(self, state: str = "", patience_s: float = 60.0) -> None:
        """How far this machine is, or that it is still so far."""
        with self._turn:  # so that what was said last is what is true
            self._state = state or self._state
            if not self._leaving.is_set():
                told = {"key": self._key, "state": self._state, "at": int(time.time())}
                self._write("status", told, patience_s)

    def _look(self, now: float) -> None:
        """How the others are. While the server is away nobody is silent."""
        ready = done = True
        for rank in (0,) if self._group.node else range(1, self._group.nodes):
            try:
                told = self._last("status", rank) or {}
            except (Away, Refused, Stopped):
                self._heard.clear()
                return
            state = str(told.get("state")) if told.get("key") == self._key else ""
            if state in ("Failed", "Canceled"):
                self.trouble = _failed(rank, told)
                return
            if state == OVER:
                self.trouble = Outcome("Canceled")
                return
            sign = f"{state} {told.get('at')}"
            since, before = self._heard.setdefault(rank, (now, sign))
            patience_s = self._lost_s if state else MEET_S
            if sign != before:
                self._heard[rank] = (now, sign)
            elif state != "Completed" and now - since > patience_s:
                what = "has not been heard of for" if state else "did not begin within"
                self.trouble = Outcome("Failed", "NodeLost", f"Machine {rank} {what} {patience_s:g} s.")
                return
            ready = ready and state in (READY, *LEFT)
            done = done and state == "Completed"
        self.ready = ready
        self.done = done and (self.together or not self._group.node)

    def _name(self, what: str, rank: int) -> str:
        return f"azureml-logs/process_{what}_{rank}.json"

    def _write(self, what: str, told: Mapping[str, Any], patience_s: float = 60.0) -> None:
        path, name = f"/runs/{self._run_id}/log-appends", self._name(what, self._group.node)
        line = json.dumps(told).encode() + b"\n"
        with self._turn:
            try:
                query = {"name": name, "offset": 0}
                size = self._exchange.call("POST", path, b"", patience_s=patience_s, query=query)["size"]
                query = {"name": name, "offset": size}
                self._exchange.call("POST", path, line, patience_s=patience_s, query=query)
            except (Away, Refused, Stopped):
                return  # the next one tells it

    def _has_left(self, rank: int) -> bool:
        """Whether it has ended; also, that the server does not say."""
        try:
            told = self._last("status", rank) or {}
        except (Away, Refused, Stopped):
            return True
        return told.get("key") == self._key and told.get("state") in LEFT

    def _told(self, what: str, rank: int) -> Mapping[str, Any] | None:
        """The same as `_last`; None also while the server cannot be asked."""
        try:
            return self._last(what, rank)
        except (Away, Refused, Stopped):
            return None

    def _last(self, what: str, rank: int) -> Mapping[str, Any] | None:
        """What a machine wrote last; None: nothing yet. Raises: Away, Refused, Stopped."""
        query = {"name": self._name(what, rank), "offset": -TOLD_BYTES}
        try:
            with self._turn:
                text = self._exchange.read("GET", f"/api/v1/runs/{self._run_id}/logs/content", query=query)
            found: Mapping[str, Any] = json.loads(text.decode().rstrip("\n").rpartition("\n")[2])
        except Refused as exc:
            if exc.status != NOT_FOUND:
                raise
            return None
        except ValueError:
            return None
        return found


def _failed(rank: int, told: Mapping[str, Any]) -> Outcome:
    """What another machine told of its failure, as this one's."""
    message = f"On machine {rank}: {told.get('message') or told.get('state')}"
    code, signal = told.get("exit_code"), told.get("signal")
    return Outcome("Failed", str(told.get("code") or "UserError"), message, code, signal)


def _key() -> str:
    """Which start of the job this is, where the engine tells it by variables."""
    job = os.environ.get("SLURM_JOB_ID", "") or os.environ.get("RAY_JOB_ID", "")
    return f"{job}.{os.environ.get('SLURM_RESTART_COUNT', '0')}"


def address(server: str, *, alone: bool = False) -> str:
    """Where the other machines reach this one: as the engine says, or as the server sees it. One that reaches the server
    by itself, as through a tunnel, is where whoever logged in found it.

    Args:
        alone: there are no others.
    """
    named = [os.environ[name] for name in MASTER if os.environ.get(name)]
    if named and node_rank() == 0:
        return named[0]
    parts = urlsplit(server)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((parts.hostname or "", parts.port or 80))  # sends nothing
            found = str(probe.getsockname()[0])
    except OSError:
        found = platform.node()
    if alone or not _is_own(found):
        return found
    logged_in = os.environ.get("SSH_CONNECTION", "").split()  # of whom, port, where, port
    return logged_in[2] if len(logged_in) == 4 else found


def _is_own(host: str) -> bool:
    """Whether only the machine itself knows it by this address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])
