"""Processes that train, log through the journal and are killed; and what the server must have of them in the end."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar

from runyard.client.journal.folder import journals
from runyard.client.journal.sender.others import CLAIM, Claim
from runyard.client.journal.sync import LEFT, Options, Sync, find

ROOT = Path(__file__).parents[2]
FILE_EVERY = 40
PAUSE_S = 0.002
CODE = textwrap.dedent(
    f"""
    import os, sys, time
    from pathlib import Path
    from runyard.client.journal.recorder import recorder_for
    from runyard.client.journal.target import Target
    from runyard.entities.journal import NewRun, PointRecord
    server, run, place = sys.argv[1:4]
    pause_s = float(sys.argv[4])
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
        time.sleep(pause_s)
    """
)
Ask = Callable[[str, str], tuple[int, Any]]


class Trainer:
    """A process that logs points and now and then a file; it notes in two files beside it what it has logged."""

    spawned: ClassVar[list[subprocess.Popen[bytes]]] = []
    """Every one of this session, so that a test that fails leaves none running."""

    def __init__(self, server: str, place: Path, number: int, *, pause_s: float = PAUSE_S) -> None:
        self.run = f"{number:032x}"
        self._place = place
        self.process = subprocess.Popen(
            [sys.executable, "-c", CODE, server, self.run, str(place), str(pause_s)],
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )
        self.spawned.append(self.process)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def noted(self, kind: str) -> int:
        """How many points, or files, it has logged."""
        path = self._place / f"{self.run}.{kind}"
        return path.stat().st_size if path.exists() else 0


def senders(home: Path) -> list[int]:
    """The processes that say that they send a journal."""
    claims = [folder.read(CLAIM, Claim) for folder in journals(home)]
    return [claim.process.pid for claim in claims if claim is not None]


def kill_sender(pid: int) -> None:
    """kill -9, if it is a sender still."""
    try:
        if b"runyard.client.journal.sender" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, 9)
    except (ProcessLookupError, FileNotFoundError):
        pass


def end_all(home: Path, trainers: Iterable[Trainer]) -> None:
    """kill -9 of whoever trains or sends."""
    for one in trainers:
        one.kill()
    for sender in senders(home):
        kill_sender(sender)


def send_all(home: Path, server: str = "", **options: Any) -> None:
    """`runyard sync`: every journal is sent as a whole, and gone then."""
    outcomes = Sync(Options(fallback=lambda: (server, ""), server=server, **options)).run(find([home]))
    left = [(one, str(one.error)) for one in outcomes if one.state == LEFT]
    assert left == []
    assert list(journals(home)) == []
    assert refused(home) == ""


def refused(home: Path) -> str:
    """What the server would not take, as the journals tell it."""
    return "".join(one.read_text() for one in home.glob("refused-*.jsonl"))


def check_stored(call: Ask, trainer: Trainer) -> None:
    """Every step and file once; the last one may have been written down before it could be noted."""
    points, files = trainer.noted("points"), trainer.noted("files")
    status, answer = call("GET", f"/api/2.0/mlflow/runs/get?run_id={trainer.run}")
    if status == 404 and points == 0:
        return
    assert answer["run"]["info"]["status"] == "FAILED", answer
    steps = stored_steps(call, trainer.run)
    assert steps == list(range(len(steps)))
    assert len(steps) in (points, points + 1), (len(steps), points)
    names = stored_files(call, trainer.run)
    assert names == [FILE_EVERY * (number + 1) - 1 for number in range(len(names))]
    assert len(names) in (files, files + 1), (len(names), files)


def stored_steps(call: Ask, run: str, key: str = "loss") -> list[int]:
    """The steps of a run that the server has, sorted."""
    found: list[int] = []
    token = ""
    while True:
        query = f"run_id={run}&metric_key={key}&max_results=25000&page_token={token}"
        status, answer = call("GET", f"/api/2.0/mlflow/metrics/get-history?{query}")
        assert status == 200, answer
        found += [int(one["step"]) for one in answer.get("metrics", [])]
        token = answer.get("next_page_token", "")
        if not token:
            return sorted(found)


def stored_files(call: Ask, run: str) -> list[int]:
    """The numbers in the names of a run's files, sorted."""
    _, answer = call("GET", f"/api/2.0/mlflow/artifacts/list?run_id={run}")
    return sorted(int(one["path"].removesuffix(".txt")) for one in answer.get("files", []))
