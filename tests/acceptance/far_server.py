"""A server in a network of its own, at the other end of a cable from all that trains."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.journal_trainers import ROOT, Trainer, check_stored, end_all, send_all
from tests.acceptance.server_process import ServerProcess
from tests.components.network import SERVER, Cable
from tests.journal.trainers import wait_for

TRAINERS = 2
SLOW_BITS_PER_S = 400_000


@dataclass
class Far:
    """A server behind the cable, and what trains at the other end."""

    net: Cable
    server: ServerProcess
    home: Path
    notes: Path

    def train(self) -> list[Trainer]:
        """Trainers at the client's end; they have begun to send."""
        with self.net.client.entered():
            found = [
                Trainer(f"http://{SERVER}:{self.server.port}", self.notes, one) for one in range(TRAINERS)
            ]
        with self.net.server.entered():
            for one in found:
                wait_for(lambda one=one: self.has_begun(one), "the first points")  # type: ignore[misc]
        return found

    def has_begun(self, trainer: Trainer) -> bool:
        """Whether some of it has arrived. For a thread at the server's end."""
        path = f"/api/2.0/mlflow/metrics/get-history?run_id={trainer.run}&metric_key=loss"
        status, answer = self.server.call("GET", path)
        return status == 200 and bool(answer.get("metrics"))

    def check(self, trainers: list[Trainer]) -> None:
        """Once the cable is well: kill all, send the rest from the client's end, compare."""
        end_all(self.home, trainers)
        with self.net.client.entered():
            send_all(self.home)
        with self.net.server.entered():
            for one in trainers:
                check_stored(self.server.call, one)
        assert all(one.noted("points") > 100 for one in trainers)


def owner(data: Path) -> str:
    """A token of the one who owns the server."""
    command = ["-m", "runyard", "admin", "create-owner", "ada", "--token", "--data", str(data)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()[-1]


def lossy(net: Cable) -> None:
    net.lose(0.3)


def narrow(net: Cable) -> None:
    net.slow(SLOW_BITS_PER_S)


KINDS: dict[str, Callable[[Cable], None]] = {
    "cut": Cable.cut,
    "reset": Cable.reset,
    "lossy": lossy,
    "narrow": narrow,
}
