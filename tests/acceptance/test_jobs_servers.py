"""Jobs of two servers on one PostgreSQL: one of them starts and looks after all, and when it dies the other one does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.job_server import JobServer
from tests.acceptance.server_process import ServerProcess
from tests.acceptance.test_jobs_kill import marking, marks
from tests.components.postgres import postgres
from tests.components.runners import end_runners


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres() as server:
        yield server.create_database()


@pytest.fixture
def servers(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[JobServer, JobServer]]:
    monkeypatch.setenv("RUNYARD_SECRET_KEY", "one key for both")
    artifacts = str(tmp_path / "artifacts")
    flags = ("--database", database, "--artifacts", artifacts)
    one, two = (JobServer(ServerProcess(tmp_path / name, *flags).start()) for name in ("one", "two"))
    yield one, two
    end_runners(tmp_path)


def test_the_other_server_takes_over(servers: tuple[JobServer, JobServer], tmp_path: Path) -> None:
    one, two = servers
    one.compute("shared", limits={"max_running": 3}, settings={"folder": str(tmp_path / "work")})
    running = [two.shell("shared", f"echo begun; {marking(tmp_path, 6)}") for _ in range(2)]
    for run_id in running:
        two.wait_log(run_id, "begun")
    one.process.kill()
    later = [two.shell("shared", marking(tmp_path, 0.1)) for _ in range(4)]
    started = [two.wait_state(one_, "Completed", limit_s=90)["state"] for one_ in later]
    assert started == ["Completed"] * 4
    one.process = one.process.again()
    ended = two.wait_ended([*running, *later], limit_s=120)
    assert Counter(job["state"] for job in ended) == {"Completed": 6}
    assert marks(tmp_path, [*running, *later]) == {1: 6}
    assert (one.process.stop(), two.process.stop()) == (0, 0)
