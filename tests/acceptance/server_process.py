"""`runyard up` as a process."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any, ClassVar

SOURCE = Path(__file__).parents[2] / "src"


class ServerProcess:
    """A server on a data directory; the port is chosen by the system at each start."""

    prefix: tuple[str, ...] = ()
    spawned: ClassVar[list[subprocess.Popen[str]]] = []
    """Every process of this session, so that a test that fails leaves none running."""

    def __init__(
        self, data: Path, *flags: str, host: str = "127.0.0.1", token: str = "", source: Path = SOURCE
    ) -> None:
        """Args: token: sent with each request; source: the server's code, by default that beside the tests."""
        self.data = data
        self.host = host
        self.token = token
        self._source = source
        self._flags = flags
        self.process: subprocess.Popen[str] | None = None
        self.port = 0
        self.log: list[str] = []

    def start(self) -> ServerProcess:
        """Start and wait for the ready line."""
        self.process = self.spawn()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert f"http://{self.host}:" in line, line + self.process.stdout.read()
        self.port = int(line.rsplit(":", 1)[1])
        threading.Thread(target=_drain, args=(self.process.stdout, self.log), daemon=True).start()
        return self

    def again(self, *, source: Path | None = None) -> ServerProcess:
        """The same server once more, at the same address: clients know no other."""
        flags = [*self._flags, *(() if "--port" in self._flags else ("--port", str(self.port)))]
        found = type(self)(self.data, *flags, host=self.host, token=self.token, source=source or self._source)
        return found.start()

    def spawn(self, *flags: str) -> subprocess.Popen[str]:
        """The process, ready or not."""
        command = [sys.executable, "-m", "runyard", "up", "--port", "0", "--data", str(self.data)]
        environment = {**os.environ, "PYTHONPATH": str(self._source)}
        process = subprocess.Popen(
            [*self.prefix, *command, *self._flags, *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        self.spawned.append(process)
        return process

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(timeout=60)
        return self.process.returncode

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One request on a connection of its own: status and decoded JSON."""
        return self.ask(method, path, body)[:2]

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any, dict[str, str]]:
        """As `call`, with the headers of the answer by their names in lower case; bytes are sent as they are."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            raw = isinstance(body, bytes)
            kind = "application/octet-stream" if raw else "application/json"
            headers = {"Content-Type": kind} if body is not None else {}
            if self.token:
                headers["Authorization"] = f"Bearer {self.token}"
            sent = body if raw or body is None else json.dumps(body)
            connection.request(method, path, sent, headers)
            response = connection.getresponse()
            text = response.read()
            found = {name.lower(): value for name, value in response.getheaders()}
            return response.status, json.loads(text) if text[:1] == b"{" else text.decode(), found
        finally:
            connection.close()

    def run(self, experiment_id: str = "0") -> str:
        """The id of a new run."""
        status, answer = self.call("POST", "/api/2.0/mlflow/runs/create", {"experiment_id": experiment_id})
        assert status == 200, answer
        return str(answer["run"]["info"]["run_id"])


def _drain(output: IO[str], into: list[str]) -> None:
    """Keep a chatty server from waiting for its reader."""
    with output:
        into.extend(output)
