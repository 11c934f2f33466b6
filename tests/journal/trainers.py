"""Programs that log, as processes: what a test does to them is what happens to training."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

from tests.journal.standin import StandIn

ROOT = Path(__file__).parents[2]
LIMIT_S = 60
RUN = "a" * 32
PROLOGUE = f"""
import multiprocessing, os, signal, sys, threading, time
from pathlib import Path
from runyard.client.journal.recorder import Recorder, recorder_for
from runyard.client.journal.target import Target
from runyard.entities.journal import *
RUN = "{RUN}"
def point(step, run=RUN):
    return PointRecord(run, "loss", step / 8, 1_700_000_000_000 + step, step)
target = Target(sys.argv[1], token=lambda: "secret-token")
"""


def trainer(standin: StandIn, code: str, **environment: str) -> subprocess.Popen[str]:
    """A process that runs some code with a `target`, in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", PROLOGUE + textwrap.dedent(code), standin.url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment},
        start_new_session=True,
    )


def trained(standin: StandIn, code: str, timeout_s: float = LIMIT_S, **environment: str) -> str:
    """What a process that ends by itself writes to stdout and stderr."""
    process = trainer(standin, code, **environment)
    try:
        output, errors = process.communicate(timeout=timeout_s)
    finally:
        process.kill()
    assert process.returncode == 0, output + errors
    return output + errors


def wait_for(reached: Callable[[], bool], what: str = "", timeout_s: float = LIMIT_S) -> None:
    """Until something is so."""
    deadline = time.monotonic() + timeout_s
    while not reached():
        if time.monotonic() > deadline:
            raise AssertionError(f"not reached: {what}")
        time.sleep(0.01)
