"""What Ray starts on a node, without Ray: it becomes the runner, and leaves no traces of others."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from runyard.engines.ray.package import package

RUNNER = b"import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"


def unpacked(folder: Path) -> Path:
    """The package as Ray lays it down; its runner shows what it was given."""
    with zipfile.ZipFile(BytesIO(package(RUNNER)[1])) as archive:
        archive.extractall(folder)
    return folder / "runyard_driver.py"


def test_it_becomes_the_runner_with_a_private_file(tmp_path: Path) -> None:
    driver = unpacked(tmp_path / "package")
    job = {"run_id": "train_1", "folder": str(tmp_path / "work"), "code": "the-code"}
    variables = {**os.environ, "RUNYARD_JOB": json.dumps(job), "PYTHONBREAKPOINT": "ray.util.rpdb.set_trace"}
    variables["PYTHONPATH"] = os.pathsep.join([str(tmp_path / "package"), "/elsewhere"])
    shown = subprocess.run(
        [sys.executable, driver], env=variables, capture_output=True, text=True, check=True
    )
    (command, path), environment = json.loads(shown.stdout)
    assert command == "work" and path == str(tmp_path / "work" / "jobs" / "train_1" / "job.json")
    assert json.loads(Path(path).read_text())["code"] == "the-code"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700
    assert environment["PYTHONPATH"] == "/elsewhere"
    assert not {"RUNYARD_JOB", "PYTHONBREAKPOINT"} & set(environment)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    driver = unpacked(tmp_path / "package")
    (tmp_path / "work").mkdir()
    os.chown(tmp_path / "work", 65534, 65534)
    job = {"run_id": "train_1", "folder": str(tmp_path / "work"), "code": "the-code"}
    variables = {**os.environ, "RUNYARD_JOB": json.dumps(job)}
    done = subprocess.run([sys.executable, driver], env=variables, capture_output=True, text=True)
    assert done.returncode == 1 and "belongs to somebody else" in done.stderr
    assert not list(tmp_path.rglob("job.json"))


def test_it_removes_what_has_ended_and_was_told(tmp_path: Path) -> None:
    driver = unpacked(tmp_path / "package")
    ended = {"phase": "ended", "reported": True}
    for name, states in {
        "over": [ended],
        "both": [ended, ended],
        "untold": [{"phase": "ended", "reported": False}],
        "half": [ended, {"phase": "running", "reported": False}],
        "begins": [],
    }.items():
        place = tmp_path / "jobs" / name
        place.mkdir(parents=True)
        for rank, state in enumerate(states):
            (place / (f"state-{rank}.json" if rank else "state.json")).write_text(json.dumps(state))
    job = {"run_id": "train_1", "folder": str(tmp_path), "code": "c"}
    variables = {**os.environ, "RUNYARD_JOB": json.dumps(job)}
    subprocess.run([sys.executable, driver], env=variables, capture_output=True, check=True)
    assert sorted(one.name for one in (tmp_path / "jobs").iterdir()) == [
        "begins",
        "half",
        "train_1",
        "untold",
    ]
