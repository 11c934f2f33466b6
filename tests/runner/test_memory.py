"""A script that the kernel ends for want of memory is told from one that somebody killed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.runner.memory import killed_for_memory
from tests.runner.jobs import Runner, python
from tests.runner.standin import StandIn

GROUPS = Path("/sys/fs/cgroup/memory")
MEMORY = 96 << 20


class Limited(Runner):
    """A runner in a control group with little memory."""

    group: Path

    def command(self, *arguments: str | Path) -> list[str]:
        """Words of a call."""
        enter = f'echo $$ > {self.group}/cgroup.procs && exec "$@"'
        return ["sh", "-c", enter, "sh", *super().command(*arguments)]


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Limited]:
    """One that must not take more than 96 MiB."""
    group = GROUPS / f"runyard-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(MEMORY))
    except OSError:
        pytest.skip("no control groups for memory can be made here")
    runner = Limited(tmp_path / "runyard")
    runner.group = group
    yield runner
    for _ in range(100):
        try:
            group.rmdir()
            return
        except OSError:
            time.sleep(0.05)


def test_a_script_that_takes_too_much_memory_is_told_so(limited: Limited, server: StandIn) -> None:
    server.told.definition = python("x = [bytearray(1 << 20) for _ in range(400)]; print(len(x))")
    assert limited.work(server) == 137, limited.said
    error = server.told.ends[0]["error"]
    assert (error["code"], error["signal"]) == ("OutOfMemory", 9)
    assert limited.state()["code"] == "OutOfMemory"


def test_the_count_only_grows() -> None:
    assert 0 <= killed_for_memory() <= killed_for_memory()
