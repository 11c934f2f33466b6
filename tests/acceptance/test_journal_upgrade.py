"""The server is replaced by a newer one while programs log: what they logged is there once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from runyard.client.journal.folder import journals
from tests.acceptance.journal_trainers import Trainer, check_stored, end_all, send_all, stored_steps
from tests.acceptance.server_process import ServerProcess
from tests.components.history import NoHistory, before, before_the_newest_schema, source_of
from tests.journal.trainers import wait_for

TRAINERS = 3
JOURNALS = "src/runyard/services/journals.py"


def earlier(commit_of: str, place: Path) -> Path:
    """The code of an earlier server."""
    try:
        commit = before(commit_of) if commit_of else before_the_newest_schema()
        return source_of(commit, place)
    except NoHistory as exc:
        pytest.skip(f"needs the history of the repository: {exc}")


def trained(server: ServerProcess, notes: Path) -> list[Trainer]:
    """Programs that log all the time."""
    return [Trainer(f"http://127.0.0.1:{server.port}", notes, one) for one in range(TRAINERS)]


def check(server: ServerProcess, home: Path, trainers: list[Trainer]) -> None:
    """Kill all, send the rest, compare."""
    end_all(home, trainers)
    send_all(home)
    for one in trainers:
        check_stored(server.call, one)
        assert one.noted("points") > 100
    assert server.stop() == 0


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_an_upgrade_in_the_middle_loses_and_doubles_nothing(
    home: Path, notes: Path, tmp_path: Path, how: str
) -> None:
    old = ServerProcess(tmp_path / "data", source=earlier("", tmp_path)).start()
    trainers = trained(old, notes)
    for one in trainers:
        wait_for(lambda one=one: one.noted("points") > 200, "points")  # type: ignore[misc]
        wait_for(lambda one=one: steps(old, one) > 100, "some of them there")  # type: ignore[misc]
    if how == "stopped":
        assert old.stop() == 0
    else:
        old.kill()
    time.sleep(0.5)
    new = ServerProcess(tmp_path / "data", "--port", str(old.port)).start()
    before = [steps(new, one) for one in trainers]
    assert all(count > 100 for count in before), "what the old one acknowledged"
    for one, count in zip(trainers, before, strict=True):
        wait_for(lambda one=one, count=count: steps(new, one) > count + 200, "more")  # type: ignore[misc]
    check(new, home, trainers)


def test_a_server_that_knows_no_journals_yet_makes_them_wait_for_one_that_does(
    home: Path, notes: Path, tmp_path: Path
) -> None:
    old = ServerProcess(tmp_path / "old", source=earlier(JOURNALS, tmp_path)).start()
    assert old.call("GET", f"/api/v1/journals/{'0' * 32}")[0] == 404
    trainers = trained(old, notes)
    for one in trainers:
        wait_for(lambda one=one: one.noted("points") > 300, "points")  # type: ignore[misc]
    time.sleep(1)
    assert len(list(journals(home))) == TRAINERS
    assert old.stop() == 0
    new = ServerProcess(tmp_path / "data", "--port", str(old.port)).start()
    for one in trainers:
        wait_for(lambda one=one: steps(new, one) > 300, "what was logged to the old one")  # type: ignore[misc]
    check(new, home, trainers)


def steps(server: ServerProcess, trainer: Trainer) -> int:
    """How many points of a trainer a server has."""
    status, _ = server.call("GET", f"/api/2.0/mlflow/runs/get?run_id={trainer.run}")
    return len(stored_steps(server.call, trainer.run)) if status == 200 else 0
