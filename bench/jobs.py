"""Rows about jobs: from submitting to the first line of output, and what a thousand that run cost the server."""

from __future__ import annotations

import http.client
import json
import statistics
import threading
import time
import uuid
from typing import Any

from bench.servers import Server
from bench.suite import Suite

V1 = "/api/v1"
TARGET = "bench-here"
STARTS = 7
ACTIVE, SENDERS, BEATS_S = 1_000, 8, 30.0
KNOWN_AFTER_S = 15.0  # by then the server has counted them
# A requirement of its own, so that there is an environment, and one that is made once and then found.
ENVIRONMENT = {"python": {"condaDependencies": {"dependencies": [{"pip": ["six"]}]}}}


class Caller:
    """Requests on one kept connection."""

    def __init__(self, server: Server) -> None:
        self._connection = http.client.HTTPConnection(*server.address, timeout=60)

    def call(self, method: str, path: str, fields: Any = None, token: str = "") -> Any:
        """The answer's JSON, or its bytes where it is none. Raises: RuntimeError."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        body = None if method == "GET" else json.dumps(fields or {})
        self._connection.request(method, V1 + path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")
        return json.loads(content) if "json" in (answer.headers["content-type"] or "") else content


def jobs(suite: Suite) -> None:
    """Jobs on the server's own machine. MLflow and FastTrackML run none."""
    for server in suite.servers:
        if server.name != "runyard":
            for row in ("job_start", "job_beats"):
                suite.record(row, server.name, absent="has no such jobs")
            continue
        caller = Caller(server)
        caller.call("POST", "/computes", {"name": TARGET, "kind": "local"})
        _until_printed(caller)  # makes the environment
        seconds = [_until_printed(caller) for _ in range(STARTS)]
        suite.record("job_start", server.name, seconds=statistics.median(seconds), longest_s=max(seconds))
        suite.progress(f"    {ACTIVE:,} jobs that run")
        suite.record("job_beats", server.name, percent_of_core=_beating(server, caller), jobs=float(ACTIVE))


def _until_printed(caller: Caller) -> float:
    """Seconds from submitting a job to the first line that can be read of it."""
    begun = time.perf_counter()
    definition = {"command": ["python", "-c", "print('here')"], "environment": ENVIRONMENT}
    body = {"experiment_name": "bench-jobs", "target": TARGET, "definition": definition}
    run_id = caller.call("POST", "/jobs", body)["job"]["run_id"]
    ends = begun + 300
    while time.perf_counter() < ends:
        logs = caller.call("GET", f"/runs/{run_id}/logs")["items"]
        if any(one["name"] == "user_logs/std_log.txt" and one["size"] for one in logs):
            passed = time.perf_counter() - begun
            _until_ended(caller, run_id)
            return passed
        time.sleep(0.01)
    raise RuntimeError(f"nothing was printed: {caller.call('GET', f'/jobs/{run_id}')}")


def _until_ended(caller: Caller, run_id: str) -> None:
    while caller.call("GET", f"/jobs/{run_id}")["ended_ms"] is None:
        time.sleep(0.05)


def _beating(server: Server, caller: Caller) -> float:
    """The server's share of a core, in percent, while so many jobs give signs of life as often as it asks them to."""
    begun = [_begun(caller) for _ in range(ACTIVE)]
    shares = [begun[number::SENDERS] for number in range(SENDERS)]
    time.sleep(KNOWN_AFTER_S)
    stop = time.perf_counter() + BEATS_S
    threads = [threading.Thread(target=_beat, args=(server, share, stop)) for share in shares]
    cpu, since = server.cpu_ns(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    share = (server.cpu_ns() - cpu) / 1e9 / (time.perf_counter() - since)
    for one in begun:
        caller.call("POST", *one.end())
    return share * 100


class _Begun:
    """A job whose runner is this program."""

    def __init__(self, run_id: str, token: str) -> None:
        self.run_id, self.token, self.attempt = run_id, token, str(uuid.uuid4())

    def beat(self) -> tuple[str, dict[str, Any], str]:
        body = {"attempt": self.attempt, "rank": 0, "state": "Running"}
        return f"/jobs/{self.run_id}/beat", body, self.token

    def end(self) -> tuple[str, dict[str, Any], str]:
        return f"/jobs/{self.run_id}/end", {"attempt": self.attempt, "state": "Completed"}, self.token


def _begun(caller: Caller) -> _Begun:
    body = {"experiment_name": "bench-jobs", "target": "local", "definition": {"command": ["true"]}}
    made = caller.call("POST", "/jobs", body)
    one = _Begun(made["job"]["run_id"], made["token"])
    facts = {
        "attempt": one.attempt,
        "rank": 0,
        "host": "bench",
        "pid": 1,
        "platform": "linux",
        "python": "3.11",
    }
    caller.call("POST", f"/jobs/{one.run_id}/begin", facts, one.token)
    caller.call("POST", *one.beat())  # from here on it runs, and nothing changes
    return one


def _beat(server: Server, share: list[_Begun], stop: float) -> None:
    caller = Caller(server)
    number = 0
    while (left := stop - time.perf_counter()) > 0:
        interval_s = caller.call("POST", *share[number % len(share)].beat())["interval_s"]
        number += 1
        time.sleep(min(interval_s / len(share), left))
