"""A command whose output is kept: what is shown and what is kept are the same, and its end is told as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runyard.relay.capture import Captured, exit_code_of

RUN = """
import sys
from pathlib import Path
from runyard.relay.capture import Captured, exit_code_of
folder = Path(sys.argv[1])
sys.exit(exit_code_of(Captured(sys.argv[2:], {**__import__("os").environ}, folder / "out", folder / "err").wait()))
"""


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", RUN, str(folder), *command], capture_output=True, timeout=30)


def test_both_streams_are_shown_and_kept(tmp_path: Path) -> None:
    done = run(tmp_path, "sh", "-c", "echo one; echo two >&2; printf '\\377'; exit 3")
    assert (done.returncode, done.stdout, done.stderr) == (3, b"one\n\xff", b"two\n")
    assert (tmp_path / "out").read_bytes() == b"one\n\xff"
    assert (tmp_path / "err").read_bytes() == b"two\n"


def test_much_output_does_not_block(tmp_path: Path) -> None:
    done = run(tmp_path, sys.executable, "-c", "import sys; sys.stdout.write('x' * 3_000_000)")
    assert (done.returncode, len(done.stdout), (tmp_path / "out").stat().st_size) == (0, 3_000_000, 3_000_000)


def test_the_signal_that_ends_it_is_told_as_a_shell_does(tmp_path: Path) -> None:
    assert run(tmp_path, "sh", "-c", "kill -9 $$").returncode == 128 + signal.SIGKILL
    assert exit_code_of(-15) == 143


def test_a_signal_to_us_reaches_the_command(tmp_path: Path) -> None:
    code = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(7)); print('up', flush=True); time.sleep(30)"
    command = [sys.executable, "-c", RUN, str(tmp_path), sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        child.terminate()
        assert child.wait(20) == 7


def test_a_process_that_is_left_behind_does_not_keep_us(tmp_path: Path) -> None:
    began = time.monotonic()
    assert run(tmp_path, "sh", "-c", "sleep 60 > /dev/null 2>&1 & echo $! ").returncode == 0
    os.kill(int((tmp_path / "out").read_text()), signal.SIGTERM)
    assert time.monotonic() - began < 20


def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Captured(["no-such-command"], {}, tmp_path / "out", tmp_path / "err")
