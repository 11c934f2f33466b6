"""Jobs that the submitting machine does itself."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runyard.client.local_jobs import start_local
from runyard.errors import InvalidInput
from tests.runner.jobs import SOURCE, Runner, until
from tests.runner.standin import RUN, TOKEN, StandIn, archive


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this session has set is not the scripts'."""
    monkeypatch.delenv("RUNYARD_JOURNAL", raising=False)


def test_a_job_goes_on_without_the_process_that_submitted_it(server: StandIn, tmp_path: Path) -> None:
    server.told.snapshot = archive({"train.py": b"import sys, time; time.sleep(1); print(sys.executable)"})
    server.told.definition = {"script": "train.py"}
    call = (
        f"from runyard.client.local_jobs import start_local as s; s({server.url!r}, 'w', {RUN!r}, {TOKEN!r})"
    )
    variables = {**os.environ, "PYTHONPATH": str(SOURCE), "RUNYARD_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", call], check=True, env=variables, timeout=60)
    until(lambda: server.told.ends)
    assert server.told.log() == f"{sys.executable}\n"  # the submitter's own, where nothing else is asked for
    file = tmp_path / "jobs" / RUN / "job.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    until(lambda: not (tmp_path / "jobs" / RUN / "work").exists())


def test_the_same_job_is_started_once(server: StandIn, tmp_path: Path) -> None:
    server.told.definition = {"command": ["true"]}
    for _ in range(2):
        start_local(server.url, "w", RUN, TOKEN, tmp_path)
    until(lambda: server.told.ends)
    start_local(server.url, "w", RUN, TOKEN, tmp_path)
    assert len(server.told.begun) == 1


def test_folders_of_jobs_that_ended_long_ago_go(server: StandIn, tmp_path: Path) -> None:
    old = tmp_path / "jobs" / "old"
    running = tmp_path / "jobs" / "running"
    for place, phase in ((old, "ended"), (running, "running")):
        place.mkdir(parents=True)
        (place / "state.json").write_text(json.dumps({"phase": phase}))
        os.utime(place / "state.json", (time.time() - 30 * 86_400,) * 2)
    server.told.definition = {"command": ["true"]}
    start_local(server.url, "w", RUN, TOKEN, tmp_path)
    until(lambda: server.told.ends)
    assert not old.exists()
    assert running.exists()


def test_a_folder_that_cannot_be_written_to_is_told(server: StandIn, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="RUNYARD_HOME"):
        start_local(server.url, "w", RUN, TOKEN, tmp_path / "file")


def test_a_job_that_cannot_be_started_is_told(server: StandIn, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"no name of a job.*compute target"):
        start_local(server.url, "w", "a b", TOKEN, tmp_path)
    assert Runner(tmp_path).call("states", tmp_path, "absent") == {"absent": {"phase": "unknown"}}
