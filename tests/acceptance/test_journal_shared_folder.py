"""Journals on a file system behind SSH: programs are killed there, what they logged is sent from elsewhere, once."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.client.journal.folder import journals
from runyard.client.journal.sync import Options, Sync, find
from tests.acceptance.journal_trainers import (
    CODE,
    ROOT,
    Trainer,
    check_stored,
    end_all,
    kill_sender,
    refused,
    send_all,
    senders,
)
from tests.acceptance.server_process import ServerProcess
from tests.components import sshd, sshfs
from tests.components.sshd import SshServer, ssh_server
from tests.journal.trainers import wait_for

KILLS = 12
TRAINERS = 3


@pytest.fixture(scope="module")
def ssh() -> Iterator[SshServer]:
    """A server whose folder is mounted."""
    reason = sshfs.missing() or (f"{sshd.missing_program()} not found" if sshd.missing_program() else None)
    if reason is not None:
        pytest.skip(reason)
    with ssh_server() as found:
        yield found


@pytest.fixture
def here(ssh: SshServer, tmp_path: Path) -> Iterator[Path]:
    """Where programs see the folder."""
    try:
        with sshfs.mounted(ssh, tmp_path / "here") as found:
            yield found
    except sshfs.Refused as exc:
        pytest.skip(f"the kernel refuses: {exc}")


@pytest.fixture
def elsewhere(ssh: SshServer, here: Path, tmp_path: Path) -> Iterator[Path]:
    """Where another machine sees it."""
    with sshfs.mounted(ssh, tmp_path / "elsewhere") as found:
        yield found


def test_programs_and_senders_are_killed_and_the_rest_is_sent_from_elsewhere(
    home: Path, notes: Path, here: Path, elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = here / "journal"
    monkeypatch.setenv("RUNYARD_JOURNAL", str(place))
    chance = random.Random(seed := random.randrange(2**32))
    print("seed", seed)
    server = ServerProcess(tmp_path / "data").start()
    url = f"http://127.0.0.1:{server.port}"
    trainers = [Trainer(url, notes, one) for one in range(TRAINERS)]
    alive = list(trainers)
    try:
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.02, 0.3))
            if chance.random() < 0.5:
                at = chance.randrange(TRAINERS)
                alive[at].kill()
                trainers.append(Trainer(url, notes, len(trainers)))
                alive[at] = trainers[-1]
            else:
                kill_sender(chance.choice(senders(place) or [0]))
        wait_for(lambda: any(one.noted("files") for one in trainers), "a file")
    finally:
        end_all(place, alive)
    assert list(journals(elsewhere / "journal"))
    sync_until_all_is_sent(elsewhere / "journal")
    for one in trainers:
        check_stored(server.call, one)
    assert sum(one.noted("points") for one in trainers) > 100
    assert server.stop() == 0


def sync_until_all_is_sent(place: Path) -> None:
    """`runyard sync`, again where something is left: a mount may show for 20 seconds what it saw before."""

    def sent() -> bool:
        Sync(Options(fallback=lambda: ("", ""))).run(find([place]))
        return not list(journals(place))

    wait_for(sent, "all journals", timeout_s=90)
    assert refused(place) == ""


def test_what_was_logged_without_a_server_is_followed_from_elsewhere(
    home: Path, notes: Path, here: Path, elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNYARD_JOURNAL", str(here / "offline"))
    trainer = Trainer("http://127.0.0.1:1", notes, 99)  # where nobody listens
    try:
        wait_for(lambda: trainer.noted("files") > 3, "files")
    finally:
        end_all(here / "offline", [trainer])
    server = ServerProcess(tmp_path / "data").start()
    send_all(elsewhere / "offline", server=f"http://127.0.0.1:{server.port}", ended=True)
    check_stored(server.call, trainer)
    assert server.stop() == 0


def test_neither_locks_nor_shared_memory_are_used_on_it(
    home: Path, notes: Path, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = here / "traced"
    monkeypatch.setenv("RUNYARD_JOURNAL", str(place))
    server = ServerProcess(tmp_path / "data").start()
    trace = tmp_path / "trace"
    calls = "flock,fcntl,mmap,openat,write"
    command = [sys.executable, "-c", CODE, f"http://127.0.0.1:{server.port}", "f" * 32, str(notes), "0.01"]
    process = subprocess.Popen(
        [
            "strace",
            "-f",
            "--seccomp-bpf",
            "-y",
            "-qq",
            "-e",
            f"trace={calls}",
            "-o",
            str(trace),
            "--",
            *command,
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    try:
        noted = notes / f"{'f' * 32}.files"
        wait_for(lambda: noted.exists() and noted.stat().st_size > 2, "files")
    finally:
        (pid,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(pid), 9)
        end_all(place, ())
        process.wait(30)
    there = [line for line in trace.read_text(errors="replace").splitlines() if str(place) in line]
    assert any(" write(" in line for line in there)
    odd = re.compile(r"flock\(|F_(OFD_)?SETLK|MAP_SHARED")
    assert [line for line in there if odd.search(line)] == []
    assert server.stop() == 0
