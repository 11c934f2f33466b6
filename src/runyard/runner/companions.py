"""Machines of one job that work together: how they find one another, and hear of one another's end.

They may share no folder, and only the server is known to all of them, so each keeps a small log of its own there:
azureml-logs/process_info_<rank>.json says where it is, azureml-logs/process_status_<rank>.json how far it is.
"""

from __future__ import annotations

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

MEET_S = 900.0
LOOK_S = 1.0
SIGN_S = 30.0
LOST_S = 180.0
LOOK_OFTEN_S = 2.0
MASTER = ("RUNYARD_MASTER_ADDRESS", "SLURM_LAUNCH_NODE_IPADDR")


class CompanionLost(Exception):
    """Another machine of the job failed or is not heard of; the message says which."""


class Companions:
    """All machines of the job, seen from one of them.

    Args:
        wanted: whether the job is still to be done.
    Attributes:
        trouble: of another machine, in words. done: all others have completed. Both are known to the first machine only.
    """

    def __init__(self, exchange: Exchange, run_id: str, group: Group, wanted: Callable[[], bool]) -> None:
        self._exchange = exchange.another()
        self._turn = threading.Lock()
        self._run_id = run_id
        self._group = group
        self._wanted = wanted
        self._heard: dict[int, tuple[float, str]] = {}
        self._leaving = threading.Event()
        self.trouble = ""
        self.done = group.nodes == 1

    def meet(self) -> Group:
        """The same group with addresses, once all that are needed are known.

        Raises: CompanionLost.
        """
        group = self._group
        own: Mapping[str, Any] = {
            "key": _key(),
            "host": platform.node(),
            "address": address(self._exchange.server),
            "port": free_port(),
        }
        if group.nodes == 1:
            return group.at([own["address"]], own["port"])
        self._write("info", own)
        ranks = range(group.nodes) if group.needs_all else (0,)
        found: dict[int, Mapping[str, Any]] = {group.node: own}
        until = time.monotonic() + MEET_S
        while any(rank not in found for rank in ranks):
            for rank in ranks:
                told = found.get(rank) or self._last("info", rank)
                if told and told.get("key") == own["key"]:
                    found[rank] = told
            if time.monotonic() > until or not self._wanted():
                away = ", ".join(str(rank) for rank in ranks if rank not in found)
                raise CompanionLost(f"Machine {away} of {group.nodes} did not begin within {MEET_S:g} s.")
            time.sleep(LOOK_S)
        hosts = [str(found[rank]["address"]) for rank in ranks]
        return group.at(hosts, int(found[0]["port"]))

    def follow(self) -> None:
        """From now on the others hear of this machine, or it hears of them."""
        if self._group.nodes > 1:
            threading.Thread(target=self._follow, name="companions", daemon=True).start()

    def leave(self, state: str, message: str) -> None:
        """Of a machine other than the first: how it ended."""
        self._leaving.set()
        self._write("status", {"key": _key(), "state": state, "message": message}, patience_s=600.0)

    def _follow(self) -> None:
        while not self._leaving.is_set() and not self.done and not self.trouble:
            try:
                if self._group.node:
                    self._write("status", {"key": _key(), "state": "Running", "at": int(time.time())})
                else:
                    self.done = self._all_completed()
            except CompanionLost as exc:
                self.trouble = str(exc)
            self._leaving.wait(SIGN_S if self._group.node else LOOK_OFTEN_S)

    def _all_completed(self) -> bool:
        """Of the first machine: whether all others have completed.

        Raises: CompanionLost, if one has failed or is silent.
        """
        now, done = time.monotonic(), True
        for rank in range(1, self._group.nodes):
            told = self._last("status", rank) or {}
            state = str(told.get("state")) if told.get("key") == _key() else ""
            if state in ("Failed", "Canceled"):
                raise CompanionLost(f"On machine {rank}: {told.get('message') or state}")
            sign = f"{state} {told.get('at')}"
            since, before = self._heard.setdefault(rank, (now, sign))
            if sign != before:
                self._heard[rank] = (now, sign)
            elif state != "Completed" and now - since > LOST_S:
                raise CompanionLost(f"Machine {rank} has not been heard of for {LOST_S:g} s.")
            done = done and state == "Completed"
        return done

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

    def _last(self, what: str, rank: int) -> Mapping[str, Any] | None:
        query = {"name": self._name(what, rank), "offset": -4096}
        try:
            text = self._exchange.read("GET", f"/api/v1/runs/{self._run_id}/logs/content", query=query)
            found: Mapping[str, Any] = json.loads(text.decode().rstrip("\n").rpartition("\n")[2])
        except (Away, Refused, Stopped, ValueError):
            return None
        return found


def _key() -> str:
    """Which start of the job by its engine this is: what an earlier one said counts no more."""
    job = os.environ.get("SLURM_JOB_ID", "") or os.environ.get("RAY_JOB_ID", "")
    return f"{job}.{os.environ.get('SLURM_RESTART_COUNT', '0')}"


def address(server: str) -> str:
    """Where the other machines reach this one: as the engine says, or as the server sees it."""
    named = [os.environ[name] for name in MASTER if os.environ.get(name)]
    if named and node_rank() == 0:
        return named[0]
    parts = urlsplit(server)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((parts.hostname or "", parts.port or 80))  # sends nothing
            return str(probe.getsockname()[0])
    except OSError:
        return platform.node()


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])
