"""kill -9 of training, of its senders and of the server at random moments: what was logged is there, once and in order."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.client.journal.folder import journals
from runyard.client.journal.sender.others import CLAIM, Claim
from runyard.client.journal.sync import LEFT, Options, Outcome, Sync, find
from tests.acceptance.server_process import ServerProcess

KILLS = 4 * int(os.environ.get("RUNYARD_KILLS", "50"))
TRAINERS = 4
FILE_EVERY = 40
CODE = textwrap.dedent(
    f"""
    import os, sys, time
    from pathlib import Path
    from runyard.client.journal.recorder import recorder_for
    from runyard.client.journal.target import Target
    from runyard.entities.journal import NewRun, PointRecord
    server, run, place = sys.argv[1:]
    recorder = recorder_for(Target(server))
    points, files = (os.open(f"{{place}}/{{run}}.{{kind}}", os.O_CREAT | os.O_WRONLY) for kind in ("points", "files"))
    recorder.append(NewRun(run, "0", start_ms=1))
    source = Path(f"{{place}}/{{run}}.txt")
    for step in range(10**9):
        recorder.append(PointRecord(run, "loss", step / 8, 1_700_000_000_000 + step, step))
        os.write(points, b".")
        if step % {FILE_EVERY} == {FILE_EVERY - 1}:
            source.write_text(f"after {{step}}")
            recorder.add_file(f"runs/{{run}}", f"{{step}}.txt", source, copy=True, run_id=run)
            os.write(files, b".")
        time.sleep(0.002)
    """
)


class Trainer:
    """A process that logs points and now and then a file; it notes in two files beside it what it has logged."""

    def __init__(self, server: str, place: Path, number: int) -> None:
        self.run = f"{number:032x}"
        self._place = place
        self.process = subprocess.Popen(
            [sys.executable, "-c", CODE, server, self.run, str(place)],
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
        )

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def noted(self, kind: str) -> int:
        """How many it has logged."""
        path = self._place / f"{self.run}.{kind}"
        return path.stat().st_size if path.exists() else 0


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The journals; no sender outlives the test."""
    place = tmp_path / "journal"
    monkeypatch.setenv("RUNYARD_JOURNAL", str(place))
    monkeypatch.setenv("RUNYARD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RUNYARD_LINGER_S", "15")
    yield place
    for sender in senders(place):
        kill(sender)


def senders(home: Path) -> list[int]:
    """The processes that say that they send a journal."""
    claims = [folder.read(CLAIM, Claim) for folder in journals(home)]
    return [claim.process.pid for claim in claims if claim is not None]


def kill(pid: int) -> None:
    """kill -9, if it is a sender still."""
    try:
        if b"runyard.client.journal.sender" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, 9)
    except (ProcessLookupError, FileNotFoundError):
        pass


@pytest.mark.timeout(120 + KILLS)
def test_what_was_logged_survives_any_kill_once(home: Path, tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    server = ServerProcess(tmp_path / "data").start()
    url = f"http://127.0.0.1:{server.port}"
    place = tmp_path / "notes"
    place.mkdir()
    trainers = [Trainer(url, place, number) for number in range(TRAINERS)]
    alive = list(trainers)
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.005, 0.15))
        what = chance.random()
        if what < 0.45:
            at = chance.randrange(TRAINERS)
            alive[at].kill()
            trainers.append(Trainer(url, place, len(trainers)))
            alive[at] = trainers[-1]
        elif what < 0.9:
            kill(chance.choice(senders(home) or [0]))
        else:
            server.kill()
            server = restarted(server)
    for one in alive:
        one.kill()
    for sender in senders(home):
        kill(sender)
    left = [one for one in send_all(home) if one.state == LEFT]
    assert left == []
    assert list(journals(home)) == []
    for one in trainers:
        check(server, one)
    assert sum(one.noted("points") for one in trainers) > KILLS
    assert sum(one.noted("files") for one in trainers) > 0
    assert server.stop() == 0


def restarted(server: ServerProcess) -> ServerProcess:
    """The same server, at the same address: the trainers know no other."""
    again = ServerProcess(server.data, "--port", str(server.port))
    return again.start()


def send_all(home: Path) -> list[Outcome]:
    """`runyard sync`."""
    return Sync(Options(fallback=lambda: ("", ""))).run(find([home]))


def check(server: ServerProcess, trainer: Trainer) -> None:
    """Every step once; the last one may have been written down before it could be noted."""
    noted = trainer.noted("points")
    status, answer = server.call("GET", f"/api/2.0/mlflow/runs/get?run_id={trainer.run}")
    if status == 404 and noted == 0:
        return
    assert answer["run"]["info"]["status"] == "FAILED", answer
    status, answer = server.call(
        "GET", f"/api/2.0/mlflow/metrics/get-history?run_id={trainer.run}&metric_key=loss&max_results=25000"
    )
    assert status == 200, answer
    steps = sorted(int(one["step"]) for one in answer.get("metrics", []))
    assert steps == list(range(len(steps)))
    assert len(steps) in (noted, noted + 1), (len(steps), noted)
    files = trainer.noted("files")
    _, answer = server.call("GET", f"/api/2.0/mlflow/artifacts/list?run_id={trainer.run}")
    names = sorted(int(one["path"].removesuffix(".txt")) for one in answer.get("files", []))
    assert names == [FILE_EVERY * (number + 1) - 1 for number in range(len(names))]
    assert len(names) in (files, files + 1), (len(names), files)
