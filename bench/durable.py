"""Rows about logging through the journal: what a call costs, what arrives, and what an outage does.

Runyard's client goes through a line that can be slow or cut. Peers are MLflow's client over HTTP and with its own
background queue, W&B offline, and Trackio.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import environments, wire
from bench.line import FaultyLine
from bench.load import ask, get
from bench.servers import Server
from bench.suite import Suite

SLOW_S = 0.5
ARRIVAL_S = 120.0


class Logger:
    """A process that logs with one library when told."""

    def __init__(self, python: Path, mode: str, uri: str, scratch: Path) -> None:
        self.home = Path(tempfile.mkdtemp(prefix=f"{mode}-", dir=scratch))
        environment = {
            **os.environ,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
            "RUNYARD_JOURNAL": str(self.home / "journal"),
            "TRACKIO_DIR": str(self.home / "trackio"),
            "WANDB_MODE": "offline",
        }
        environment.pop("PYTHONPATH", None)
        script = Path(__file__).with_name("logging_calls.py")
        self._log = open(self.home / "log.txt", "wb")  # noqa: SIM115 - closed in end()
        self._process = subprocess.Popen(
            [str(python), "-W", "ignore", str(script), mode, uri or str(self.home)],
            env=environment,
            cwd=self.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.first = self._answer()

    def do(self, order: object) -> dict[str, Any]:
        """One order; returns its answer."""
        self.begin(order)
        return self._answer()

    def begin(self, order: object) -> None:
        """Give an order; `answer` waits for it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        return self._answer()

    def end(self) -> float:
        """End the run as a script does; returns the seconds that it took."""
        took = float(self.do("end")["end_s"])
        self.close()
        return took

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._process.stdout.close()
        self._log.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the logging client ended: {(self.home / 'log.txt').read_text()[-800:]}")
        found: dict[str, Any] = json.loads(line)
        return found


def logging_call(suite: Suite) -> None:
    """One call in a loop, per library; Runyard's with the server up, slow (500 ms each way) and gone."""
    ours = suite.servers[0]
    calls = suite.scale.logging_calls
    client = environments.client()
    with _line(ours) as line:
        uri = f"runyard://127.0.0.1:{line.port}"
        _record(suite, "logging_null", "runyard", _calls(client, "null", uri, suite, calls))
        _record(suite, "logging_call", "runyard", _calls(client, "runyard", uri, suite, calls))
        for name, fault in (("logging_slow", "slow"), ("logging_dead", "dead")):
            logger = Logger(client, "runyard", uri, suite.scratch)
            _fail(line, fault)
            _record(suite, name, "runyard", logger.do({"calls": calls}))
            line.delay_s = 0.0
            if fault == "dead":
                line.mend()
            logger.end()
    for server in suite.servers[1:]:
        if server.name == "mlflow":
            few = suite.scale.logging_peer_calls
            mlflow = environments.mlflow() / "bin" / "python"
            _record(suite, "logging_call", "mlflow", _calls(mlflow, "mlflow", server.base_url, suite, few))
            _record(
                suite,
                "logging_call",
                "mlflow async",
                _calls(mlflow, "mlflow-async", server.base_url, suite, few),
            )
    for name, python in (("wandb", environments.wandb()), ("trackio", environments.trackio())):
        _record(suite, "logging_call", name, _calls(python, name, "", suite, calls))


def delivered(suite: Suite) -> None:
    """Points in batches of 1,000 from one process: per second from the first call until the server has all of them."""
    server = suite.servers[0]
    batches = suite.scale.delivered_points // 1_000
    with _line(server) as line:
        logger = Logger(environments.client(), "runyard", f"runyard://127.0.0.1:{line.port}", suite.scratch)
        begun = time.perf_counter()
        done = logger.do({"batches": batches})
        took_in = time.perf_counter() - begun
        _wait_for(server, str(logger.first["ready"]), "batched", batches * 1_000 + 999, batches * 1_000)
        took = time.perf_counter() - begun
        logger.end()
    suite.record(
        "delivered",
        server.name,
        per_s=batches * 1_000 / took,
        logged_per_s=batches * 1_000 / took_in,
        grown_mib=done["rss_mib"] - logger.first["rss_mib"],
        errors=float(done["errors"]),
    )


def outage(suite: Suite) -> None:
    """A loop of 1,000 calls a second; the server is away for a while in the middle."""
    server, away_s = suite.servers[0], suite.scale.outage_s
    with _line(server) as line:
        logger = Logger(environments.client(), "runyard", f"runyard://127.0.0.1:{line.port}", suite.scratch)
        before = logger.do({"calls": int(1000 * min(away_s, 10)), "per_s": 1000})
        line.cut()
        during = logger.do({"calls": int(1000 * away_s), "per_s": 1000})
        line.mend()
        begun = time.perf_counter()
        calls = before["calls"] + during["calls"]
        _wait_for(server, str(logger.first["ready"]), "loss", calls, calls + 1)
        caught_up = time.perf_counter() - begun
        logger.end()
    rates = [one["calls"] / one["wall_s"] for one in (before, during)]
    suite.record(
        "outage",
        server.name,
        slower_percent=(1 - rates[1] / rates[0]) * 100,
        caught_up_s=caught_up,
        p99_us=during["p99_us"],
        errors=float(during["errors"]),
    )


def _calls(python: Path, mode: str, uri: str, suite: Suite, calls: int) -> dict[str, Any]:
    logger = Logger(python, mode, uri, suite.scratch)
    try:
        done = logger.do({"calls": calls})
        logger.end()
        return done
    except BaseException:
        logger.close()
        raise


def _record(suite: Suite, row: str, name: str, done: dict[str, Any]) -> None:
    suite.record(
        row,
        name,
        p50_us=done["p50_us"],
        p99_us=done["p99_us"],
        max_us=done["max_us"],
        units=float(done["calls"]),
        **({"errors": float(done["errors"])} if done["errors"] else {}),
    )


def _fail(line: FaultyLine, fault: str) -> None:
    if fault == "slow":
        line.delay_s = SLOW_S
    else:
        line.cut()


def _wait_for(server: Server, run_id: str, key: str, last_step: int, points: int) -> None:
    """Wait until the latest point of a metric is at the server, and count that all before it are.

    Raises: RuntimeError, when it is late or points are missing.
    """
    until = time.perf_counter() + ARRIVAL_S
    while _latest(server, run_id, key) < last_step:
        if time.perf_counter() > until:
            raise RuntimeError(
                f"after {ARRIVAL_S:.0f} s the server has {_latest(server, run_id, key)} of {last_step}"
            )
        time.sleep(0.05)
    found = _stored(server, run_id, key)
    if found != points:
        raise RuntimeError(f"the server has {found} points of {key}, not {points}")


def _stored(server: Server, run_id: str, key: str) -> int:
    """How many points of a metric the server has, each counted."""
    found, token = 0, ""
    while True:
        page = ask(server.address, wire.history_page(server, run_id, key, token)).json()
        found += len(page.get("metrics") or [])  # type: ignore[arg-type]
        token = str(page.get("next_page_token") or "")
        if not token:
            return found


def _latest(server: Server, run_id: str, key: str) -> int:
    answer = ask(server.address, get(f"{server.api}/runs/get", run_id=run_id))
    if answer.status != 200:
        return -1
    run: Any = answer.json()["run"]
    metrics = run.get("data", {}).get("metrics", [])
    return max((int(one["step"]) for one in metrics if one["key"] == key), default=-1)


@contextmanager
def _line(server: Server) -> Iterator[FaultyLine]:
    line = FaultyLine(server.address)
    try:
        yield line
    finally:
        line.end()
