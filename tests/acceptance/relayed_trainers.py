"""Processes that log through a relay, as programs in any language do, and note what it acknowledged."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.acceptance.journal_trainers import ROOT, Ask, Trainer, stored_files, stored_steps

FILE_EVERY = 25
START = "from runyard.cli.start import runyard; runyard()"
CODE = textwrap.dedent(
    f"""
    import http.client, json, os, sys, time
    port, place = int(sys.argv[1]), sys.argv[2]
    connection = None
    def ask(method, path, body, kind="application/json"):
        global connection
        try:
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
            connection.request(method, path, body, {{"Content-Type": kind}})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, text
        except (OSError, http.client.HTTPException):
            connection = None
            time.sleep(0.02)
            return 0, b""
    def note(name, number):
        os.write(notes[name], b"%d\\n" % number)
    run = None
    while run is None:
        status, text = ask("POST", "/api/2.0/mlflow/runs/create", json.dumps({{"experiment_id": "0", "start_time": 1}}))
        if status == 200:
            run = json.loads(text)["run"]["info"]
    with open(f"{{place}}.tmp", "w") as file:
        file.write(run["run_id"])
    os.rename(f"{{place}}.tmp", f"{{place}}.run")
    notes = {{name: os.open(f"{{place}}.{{name}}", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
             for name in ("sent", "kept", "files-sent", "files-kept")}}
    folder = "/api/2.0/mlflow-artifacts/artifacts/" + run["artifact_uri"].partition("mlflow-artifacts:/")[2].lstrip("/")
    for step in range(10**9):
        note("sent", step)
        point = {{"run_id": run["run_id"], "key": "loss", "value": step / 8, "timestamp": step, "step": step}}
        if ask("POST", "/api/2.0/mlflow/runs/log-metric", json.dumps(point))[0] == 200:
            note("kept", step)
        if step % {FILE_EVERY} == 0:
            note("files-sent", step)
            if ask("PUT", f"{{folder}}/{{step}}.txt", b"after %d" % step, "application/octet-stream")[0] == 200:
                note("files-kept", step)
        time.sleep(0.002)
    """
)


class Relay:
    """`runyard relay` on a port that stays the same."""

    def __init__(self, server: str, port: int) -> None:
        self.port = port
        self._server = server
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin; it answers after a while."""
        words = ["relay", "--server", self._server, "--open", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, *words],
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        Trainer.spawned.append(self.process)

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


class Relayed:
    """One of the processes."""

    def __init__(self, relay: Relay, notes: Path, number: int) -> None:
        self._place = notes / f"relayed-{number}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", CODE, str(relay.port), str(self._place)], stderr=subprocess.DEVNULL
        )
        Trainer.spawned.append(self.process)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    @property
    def run(self) -> str | None:
        """Its run, once the relay has acknowledged it."""
        path = self._place.with_suffix(".run")
        return path.read_text() if path.exists() else None

    def noted(self, name: str) -> set[int]:
        """The numbers of what it has sent, or of what was kept."""
        path = self._place.with_suffix(f".{name}")
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        return {int(line) for line in lines}

    def check(self, call: Ask) -> int:
        """All that was acknowledged is there, once, and nothing that was not sent; returns how many points."""
        if self.run is None:
            return 0
        assert call("GET", f"/api/2.0/mlflow/runs/get?run_id={self.run}")[0] == 200
        steps = stored_steps(call, self.run)
        assert len(steps) == len(set(steps)), "twice"
        assert self.noted("kept") <= set(steps) <= self.noted("sent")
        files = set(stored_files(call, self.run))
        assert self.noted("files-kept") <= files <= self.noted("files-sent")
        return len(self.noted("kept"))
