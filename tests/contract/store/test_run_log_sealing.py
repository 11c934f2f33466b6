"""Logs become artifacts, whatever interrupts it, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from runyard.artifacts.opening import Mount, mount_datastore
from runyard.entities.run import RunStatus
from runyard.entities.run_log import LogState
from runyard.errors import InvalidState, StorageUnavailable
from runyard.services.artifacts import ArtifactService
from runyard.services.context import Context
from runyard.services.roots import SourceRoots
from runyard.services.run_logs import RunLogService
from runyard.store.sql.run_logs import SqlRunLogs
from tests.contract.store.stores import Stores

LOG, OTHER = "user_logs/std_log.txt", "logs/train.log"


class Roots(SourceRoots):
    """Model versions have no logs."""

    async def model_version(self, ctx: Context, name: str, version: str) -> str:
        """Raises: NotFound, always."""
        raise AssertionError(name)


class Failing:
    """A datastore that is away for a while, or away when a file is nearly written."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.puts_left = 1_000

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def put(self, path: str, pieces: AsyncIterator[bytes], size: int | None) -> int:
        """Raises: StorageUnavailable, when no puts are left."""
        if self.puts_left <= 0:
            async for _ in pieces:
                pass
            raise StorageUnavailable("The datastore is away; try again later.")
        self.puts_left -= 1
        return int(await self._inner.put(path, pieces, size))


class Stage:
    """The service on a database and a directory."""

    def __init__(self, stores: Stores, directory: Path) -> None:
        self.stores = stores
        self.store = SqlRunLogs(stores.database, 100_000, 100_000)
        mount = mount_datastore(str(directory))
        self.datastore = Failing(mount.datastore)
        files = ArtifactService(
            Mount(self.datastore, mount.root), Roots(stores.runs, stores.models), stores.identity
        )
        self.service = RunLogService(self.store, files, 0)
        self.ctx = Context(workspace_id=stores.workspace)
        self.directory = directory

    def run(self, **logs: bytes) -> str:
        """A run with these logs."""
        run = self.stores.new_run()
        for name, text in logs.items():
            path = {"log": LOG, "other": OTHER}[name]
            self.stores.do(self.service.append(self.ctx, run, path, 0, text))
        return run

    def artifact(self, run: str, name: str = LOG) -> bytes | None:
        found = list(self.directory.glob(f"**/{run}/artifacts/{name}"))
        return found[0].read_bytes() if found else None

    def states(self, run: str) -> list[LogState]:
        return [one.state for one in self.stores.do(self.store.list(self.stores.workspace, run))]

    def seal(self, run: str) -> None:
        self.stores.do(self.service.seal(self.stores.workspace, run))

    def sweep_up(self) -> None:
        """What the background does."""
        while self.stores.do(self.service.seal_forgotten()):
            pass

    def text(self, run: str) -> bytes:
        return self.stores.do(self.service.read(self.ctx, run, LOG, 0, 1_000_000)).body


@pytest.fixture
def stage(stores: Stores, tmp_path: Path) -> Stage:
    stores.do(stores.database.write(lambda tx: tx.execute("UPDATE run_logs SET state = 3")))
    return Stage(stores, tmp_path)


def test_all_logs_of_a_run_become_artifacts(stage: Stage) -> None:
    run = stage.run(log=b"text", other=b"")
    stage.seal(run)
    stage.seal(run)
    assert (stage.artifact(run), stage.artifact(run, OTHER)) == (b"text", b"")
    assert stage.states(run) == [LogState.SEALED, LogState.SEALED]
    assert stage.text(run) == b"text"
    with pytest.raises(InvalidState):
        stage.stores.do(stage.service.append(stage.ctx, run, LOG, 4, b"more"))


def test_a_datastore_that_is_away_is_tried_again(stage: Stage) -> None:
    run, other = stage.run(log=b"text"), stage.run(log=b"of another")
    stage.datastore.puts_left = 0
    stage.seal(run)
    stage.seal(other)
    stage.sweep_up()
    assert (stage.artifact(run), stage.states(run), stage.text(run)) == (None, [LogState.CLOSED], b"text")
    stage.datastore.puts_left = 1_000
    stage.sweep_up()
    assert (stage.artifact(run), stage.artifact(other)) == (b"text", b"of another")
    assert stage.states(run) == [LogState.SEALED]


@pytest.mark.parametrize("state", [LogState.CLOSED, LogState.COPIED])
def test_a_server_that_was_killed_meanwhile_goes_on(stage: Stage, state: LogState) -> None:
    run = stage.run(log=b"text")
    stage.stores.do(stage.store.close(stage.stores.workspace, run))
    if state is LogState.COPIED:
        place = stage.directory / f"{stage.stores.run(run)['info']['experiment_id']}/{run}/artifacts/{LOG}"
        place.parent.mkdir(parents=True)
        place.write_bytes(b"text")
        (log,) = stage.stores.do(stage.store.list(stage.stores.workspace, run))
        stage.stores.do(stage.store.set_state(log.row, state))
    stage.sweep_up()
    assert (stage.artifact(run), stage.states(run)) == (b"text", [LogState.SEALED])
    sql = "SELECT count(*) FROM run_log_chunks c JOIN run_logs l ON l.id = c.log_id JOIN runs r ON r.id = l.run_id WHERE r.uuid = ?"
    row = stage.stores.do(stage.stores.database.read(lambda c: c.one(sql, (run,))))
    assert row == (0,)


def test_runs_that_ended_without_a_job_are_sealed_and_others_are_not(stage: Stage) -> None:
    ended, live = stage.run(log=b"text"), stage.run(log=b"text")
    work = stage.stores.runs.update(
        stage.stores.workspace, ended, status=RunStatus.FAILED, end_ms=1, name=None
    )
    stage.stores.do(work)
    stage.sweep_up()
    assert (stage.states(ended), stage.states(live)) == ([LogState.SEALED], [LogState.OPEN])
