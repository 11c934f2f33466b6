"""A disk that is full or takes no writes: 503 and Retry-After, nothing acknowledged lost, no restart needed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.disks import Disk, FullDisk, RefusingDisk, read_only, small_disk, without_privileges
from tests.acceptance.load import Client, PointClient, seconds_until_acknowledged, wait_until_refused
from tests.acceptance.server_process import ServerProcess

RECOVERY_S = 20
UPLOADS = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture(params=["full", "refusing"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    with contextlib.ExitStack() as stack:
        if request.param == "refusing":
            yield RefusingDisk(tmp_path)
            return
        found = stack.enter_context(small_disk(tmp_path))
        if found is None:
            pytest.skip("this account may not mount a file system; the refusing disk stands in for it")
        yield found


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[FullDisk]:
    with small_disk(tmp_path) as found:
        if found is None:
            pytest.skip("this account may not mount a file system")
        yield found


def test_writes_fail_with_503_and_work_again_without_a_restart(disk: Disk) -> None:
    server = ServerProcess(disk.data).start()
    clients = [kind(server, server.run()) for kind in (Client, Client, PointClient)]
    for client in clients:
        client.start()
    seconds_until_acknowledged(clients)
    disk.fail(server)
    wait_until_refused(clients)
    run_id = clients[0].run_id
    assert server.call("GET", f"/api/2.0/mlflow/runs/get?run_id={run_id}")[0] == 200
    search = {"experiment_ids": ["0"], "filter": "metrics.m0 >= 0"}
    status, answer = server.call("POST", "/api/2.0/mlflow/runs/search", search)
    assert (status, len(answer["runs"])) == (200, 3)
    history = f"/api/2.0/mlflow/metrics/get-history?run_id={run_id}&metric_key=m0"
    assert server.call("GET", history)[0] == 200
    assert server.call("GET", "/health")[0] == 200
    status, answer, headers = server.ask("GET", "/ready")
    assert (status, answer["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
    assert int(headers["retry-after"]) > 0
    disk.heal(server)
    assert seconds_until_acknowledged(clients) < RECOVERY_S
    assert server.call("GET", "/ready")[0] == 200
    for client in clients:
        client.end()
        assert client.wrong == []
        client.check(server)
    assert server.stop() == 0
    server.start()
    for client in clients:
        client.check(server)
    assert server.stop() == 0


def test_server_stops_in_order_while_the_disk_takes_nothing(disk: Disk) -> None:
    server = ServerProcess(disk.data).start()
    clients = [kind(server, server.run()) for kind in (Client, PointClient)]
    for client in clients:
        client.start()
    seconds_until_acknowledged(clients)
    disk.fail(server)
    wait_until_refused(clients)
    assert server.stop() == 0
    assert not any("Traceback" in line for line in server.log)
    disk.heal(server)
    server.start()
    for client in clients:
        client.join(timeout=30)
        client.check(server)
    assert server.stop() == 0


@pytest.mark.parametrize("size", [4_096, 2_000_000])
def test_upload_fails_with_503_and_leaves_nothing(disk: Disk, size: int) -> None:
    server = ServerProcess(disk.data).start()
    assert server.call("PUT", f"{UPLOADS}/before", b"x" * size)[0] == 200
    disk.fail(server)
    status, answer, headers = server.ask("PUT", f"{UPLOADS}/folder/file", b"x" * size)
    assert (status, answer["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
    assert int(headers["retry-after"]) > 0
    assert server.call("GET", f"{UPLOADS}/before") == (200, "x" * size)
    artifacts = disk.data / "artifacts"
    assert [path for path in artifacts.rglob("*") if path.is_file()] == [artifacts / "before"]
    disk.heal(server)
    assert server.call("PUT", f"{UPLOADS}/folder/file", b"y" * size)[0] == 200
    assert server.call("GET", f"{UPLOADS}/folder/file") == (200, "y" * size)
    assert server.stop() == 0


def refusal(server: ServerProcess) -> str:
    """What a server that cannot start says."""
    process = server.spawn()
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Traceback" not in out
    assert len(out.strip().splitlines()) == 1, out
    return out


def test_server_on_a_full_disk_says_so_and_does_not_start(full_disk: FullDisk) -> None:
    full_disk.data.mkdir()
    full_disk.fail()
    assert "full" in refusal(ServerProcess(full_disk.data))
    full_disk.heal()
    assert ServerProcess(full_disk.data).start().stop() == 0


def test_server_on_a_read_only_disk_says_so_and_does_not_start(full_disk: FullDisk) -> None:
    server = ServerProcess(full_disk.data).start()
    assert server.stop() == 0
    with read_only(full_disk.data.parent):
        assert "cannot be written: Read-only file system" in refusal(ServerProcess(full_disk.data))
    assert server.start().stop() == 0


def test_server_whose_folder_was_taken_away_is_not_ready(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data").start()
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    status, answer = server.call("GET", "/ready")
    assert (status, answer["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
    assert str(tmp_path) not in answer["message"]  # anybody may ask
    (tmp_path / "elsewhere").rename(tmp_path / "data")
    assert server.call("GET", "/ready")[0] == 200
    assert server.stop() == 0


class Unprivileged(ServerProcess):
    """A server that obeys permission bits even when root starts it."""

    prefix = tuple(without_privileges([]))


def test_database_that_may_not_be_written_is_one_sentence(tmp_path: Path) -> None:
    server = Unprivileged(tmp_path / "data").start()
    assert server.stop() == 0
    (tmp_path / "data" / "runyard.db").chmod(0o400)
    assert "runyard.db cannot be written" in refusal(Unprivileged(tmp_path / "data"))
    for file in (tmp_path / "data").glob("runyard.db*"):
        file.chmod(0o600)
    assert server.start().stop() == 0
