"""What goes wrong around a training loop, for real: the loop goes on, and everything arrives."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.client.journal.folder import journals
from tests.acceptance.disks import FullDisk, small_disk
from tests.components.senders import end_sender
from tests.journal.standin import Fault, StandIn
from tests.journal.trainers import trainer, wait_for

LOOP = """
recorder = recorder_for(target)
recorder.append(point(0))
recorder.flush(10, patient=False)
taken = []
print("go", flush=True)
began = time.perf_counter()
for step in range(1, COUNT):
    before = time.perf_counter_ns()
    recorder.append(point(step))
    taken.append(time.perf_counter_ns() - before)
    left = began + step / RATE - time.perf_counter()
    if left > 0:
        time.sleep(left)
taken.sort()
import json
print(json.dumps({"s": time.perf_counter() - began, "median": taken[len(taken) // 2] / 1e3,
    "p99": taken[len(taken) * 99 // 100] / 1e3}), flush=True)
"""


def told(process: subprocess.Popen[str]) -> dict[str, float]:
    """What the loop took: seconds in all, microseconds per call."""
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    return found


def loop(standin: StandIn, count: int, rate: int, **environment: str) -> subprocess.Popen[str]:
    """A loop that logs so many points at so many a second; it has begun."""
    process = trainer(standin, LOOP.replace("COUNT", str(count)).replace("RATE", str(rate)), **environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "go\n"
    return process


def test_an_outage_changes_nothing_for_the_loop_and_everything_arrives_soon_after(
    home: Path, standin: StandIn
) -> None:
    process = loop(standin, 3_000, 1_000, RUNYARD_DRAIN_S="30")
    wait_for(lambda: len(standin.steps()) > 300, "the first points")
    standin.down()
    time.sleep(1.5)
    standin.up()
    found = told(process)
    assert found["s"] < 3.0 * 1.3
    assert found["median"] < 200
    assert standin.steps() == list(range(3_000))


def test_a_slow_server_is_not_felt(home: Path, standin: StandIn) -> None:
    standin.delay_s = 0.5
    process = loop(standin, 2_000, 1_000, RUNYARD_DRAIN_S="30")
    found = told(process)
    assert found["s"] < 2.0 * 1.3
    assert found["p99"] < 5_000, "in µs; on a very busy machine"
    assert standin.steps() == list(range(2_000))
    assert sum(path.endswith("/records") for _, path in standin.log) < 15


def test_a_server_that_asks_for_pauses_gets_fewer_requests_and_everything(
    home: Path, standin: StandIn
) -> None:
    standin.faults.extend(Fault(429, headers={"Retry-After": "1"}) for _ in range(2))
    process = loop(standin, 2_000, 1_000, RUNYARD_DRAIN_S="30")
    told(process)
    assert standin.steps() == list(range(2_000))


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[FullDisk]:
    """A small file system with the journals on it."""
    with small_disk(tmp_path) as found:
        if found is None:
            pytest.skip("needs the right to mount a file system")
        monkeypatch.setenv("RUNYARD_JOURNAL", str(found.data))
        yield found
        for folder in journals(found.data):
            end_sender(folder)


def test_a_full_disk_makes_the_loop_wait_and_loses_nothing(disk: FullDisk, standin: StandIn) -> None:
    process = loop(standin, 60_000, 1_000_000, RUNYARD_DRAIN_S="30")
    disk.fail()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1.5)
    disk.heal()
    told(process)
    assert standin.steps() == list(range(60_000))


def test_a_used_up_budget_waits_for_the_sender_and_no_longer(home: Path, standin: StandIn) -> None:
    process = loop(standin, 50_000, 1_000_000, RUNYARD_JOURNAL_LIMIT="500KB", RUNYARD_DRAIN_S="30")
    standin.hold.clear()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1.5)
    standin.hold.set()
    told(process)
    assert standin.steps() == list(range(50_000))
