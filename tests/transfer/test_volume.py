"""A large store in, out and in again: client and server hold what they hold for a small one, and say how far they are."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.server_process import ServerProcess
from tests.transfer.environments import release

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]
ROOT = Path(__file__).resolve().parents[2]
RUNS, KEYS, STEPS, LONG, FILES = 500, 10, 100, 1_000_000, 2
POINTS = RUNS * KEYS * STEPS + LONG
LARGE_MIB = 100  # one file
CLIENT_MIB, SERVER_MIB = 240, 220  # with pandas installed pyarrow loads it, which is 60 of the client's


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that MLflow made and this filled: 1.5 million points, one metric of a million, 1,000 files."""
    folder = tmp_path_factory.mktemp("mlflow")
    of, uri = release("3.18.0"), f"sqlite:///{folder}/m.db"
    of.call(["-m", "mlflow", "db", "upgrade", uri], folder)
    with sqlite3.connect(folder / "m.db") as db:
        db.execute(
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, "
            "last_update_time) VALUES (7, 'large', ?, 'active', 1, 1)",
            (f"{folder}/files",),
        )
        for number in range(RUNS + 1):
            fill(db, folder, number)
    with (folder / "files" / run_id(RUNS) / "artifacts" / "large.bin").open("wb") as file:
        for _ in range(LARGE_MIB):
            file.write(os.urandom(2**20))
    return folder


def run_id(number: int) -> str:
    return f"{number:032x}"


def fill(db: sqlite3.Connection, folder: Path, number: int) -> None:
    id = run_id(number)
    home = folder / "files" / id / "artifacts"
    db.execute(
        "INSERT INTO runs (run_uuid, name, user_id, status, start_time, end_time, lifecycle_stage, artifact_uri, "
        "experiment_id) VALUES (?, ?, 'u', 'FINISHED', ?, ?, 'active', ?, 7)",
        (id, f"run {number}", number, number + 5, str(home)),
    )
    for table in ("params", "tags"):
        rows = [(f"k{key}", f"value {key} of {number}", id) for key in range(20)]
        db.executemany(f"INSERT INTO {table} (key, value, run_uuid) VALUES (?, ?, ?)", rows)
    keys, steps = (1, LONG) if number == RUNS else (KEYS, STEPS)
    points: Iterator[tuple[Any, ...]] = (
        (f"metric {key}", (step + number) / (key + 1), 10 * step, id, step)
        for key in range(keys)
        for step in range(steps)
    )
    db.executemany(
        "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)",
        points,
    )
    home.mkdir(parents=True)
    for file in range(FILES):
        (home / f"{file}.txt").write_text(f"file {file} of run {number}\n" * 50)


def peak_mib(process: subprocess.Popen[str]) -> float:
    """The most that a process held so far."""
    return int(re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())[0]) / 1024


def call(server: ServerProcess, home: Path, *words: str) -> tuple[str, str]:
    """What the command wrote; its memory is looked at while it runs."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "RUNYARD_HOME": str(home),
        "RUNYARD_SERVER": f"http://127.0.0.1:{server.port}",
    }
    out, told = home / "out.txt", home / "told.txt"
    with out.open("w") as written, told.open("w") as said:
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "runyard", *words], env=environment, stdout=written, stderr=said, text=True
        )
        most = 0.0
        while process.poll() is None:
            try:
                most = max(most, peak_mib(process))
            except (OSError, IndexError):  # it has just ended
                break
            time.sleep(0.05)
        assert process.wait() == 0, told.read_text()
    assert server.process is not None
    theirs = peak_mib(server.process)
    print(f"{words[0]}: {time.monotonic() - began:.1f} s, client {most:.0f} MiB, server {theirs:.0f} MiB")
    assert most < CLIENT_MIB and theirs < SERVER_MIB
    return out.read_text(), told.read_text()


def test_a_large_store_in_and_out_and_in_again(source: Path, tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "exported"
    home.mkdir()
    first, second = ServerProcess(tmp_path / "first").start(), ServerProcess(tmp_path / "second").start()
    try:
        brought = call(first, home, "import", "mlflow", f"sqlite:///{source}/m.db")
        again = call(first, home, "import", "mlflow", f"sqlite:///{source}/m.db")
        call(first, home, "export", str(folder))
        back = call(second, home, "import", str(folder))
        for out, told in (brought, again, back):
            assert "Verified" in told and f"{POINTS} " in f"{out} " and str(RUNS * FILES + 3) in out
        assert re.search(r"large · .*[\d,]+ points", brought[1]), "it does not say how far it is"
    finally:
        first.stop()
        second.stop()
