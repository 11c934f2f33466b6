"""kill -9 at random moments under load: what was acknowledged is there, and nothing is there by half."""

from __future__ import annotations

import os
import random
import threading
import time
from pathlib import Path

from tests.acceptance.server_process import ServerProcess

KILLS = int(os.environ.get("RUNYARD_KILLS", "50"))
WRITERS = 4
BATCH = 7


class Writer(threading.Thread):
    """Logs batches of BATCH points with a param until the server is gone; remembers what was acknowledged."""

    def __init__(self, server: ServerProcess, run_id: str, first: int) -> None:
        super().__init__(daemon=True)
        self._server, self._run_id = server, run_id
        self.acknowledged: list[int] = []
        self.sent = first

    def run(self) -> None:
        try:
            while True:
                number = self.sent
                self.sent += 1
                metrics = [
                    {"key": f"m{i}", "value": number, "timestamp": number, "step": number}
                    for i in range(BATCH)
                ]
                body = {
                    "run_id": self._run_id,
                    "metrics": metrics,
                    "params": [{"key": f"p{number}", "value": str(number)}],
                }
                status, _ = self._server.call("POST", "/api/2.0/mlflow/runs/log-batch", body)
                if status == 200:
                    self.acknowledged.append(number)
        except (OSError, ValueError):
            return  # killed
        except Exception:  # http.client raises its own kinds when the peer vanishes
            return


def steps(server: ServerProcess, run_id: str, key: str) -> list[int]:
    status, answer = server.call(
        "GET", f"/api/2.0/mlflow/metrics/get-history?run_id={run_id}&metric_key={key}"
    )
    assert status == 200, answer
    return [point["step"] for point in answer.get("metrics", [])]


def test_acknowledged_writes_survive_kill_9_and_batches_are_whole(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    server = ServerProcess(tmp_path / "data").start()
    runs = [server.run() for _ in range(WRITERS)]
    acknowledged: dict[str, set[int]] = {run_id: set() for run_id in runs}
    first = dict.fromkeys(runs, 0)
    for _ in range(KILLS):
        writers = [Writer(server, run_id, first[run_id]) for run_id in runs]
        for writer in writers:
            writer.start()
        time.sleep(chance.uniform(0.005, 0.4))
        server.kill()
        for run_id, writer in zip(runs, writers, strict=True):
            writer.join(timeout=30)
            acknowledged[run_id].update(writer.acknowledged)
            first[run_id] = writer.sent
        server = ServerProcess(tmp_path / "data").start()
    for run_id in runs:
        _check(server, run_id, acknowledged[run_id])
    assert sum(map(len, acknowledged.values())) > KILLS
    assert server.stop() == 0


def _check(server: ServerProcess, run_id: str, acknowledged: set[int]) -> None:
    stored = [steps(server, run_id, f"m{i}") for i in range(BATCH)]
    assert all(series == stored[0] for series in stored), "a batch was stored by half"
    assert len(set(stored[0])) == len(stored[0]), "a point is there twice"
    assert acknowledged <= set(stored[0]), "an acknowledged point is lost"
    _, answer = server.call("GET", f"/api/2.0/mlflow/runs/get?run_id={run_id}")
    params = {int(param["value"]) for param in answer["run"]["data"]["params"]}
    assert params == set(stored[0]), "params and points of a batch differ"
