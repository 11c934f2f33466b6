"""Import and export as a person sees them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from runyard.transfer.journal import Journal, remove_old
from tests.cli.command_line import CommandLine


@pytest.fixture
def workspace(cli: CommandLine) -> str:
    cli.ok("workspace", "create", "moving", "--exist-ok")
    return "moving"


def test_an_export_tells_what_is_there_and_nothing_else(cli: CommandLine, workspace: str) -> None:
    out = cli.ok("export", "out", "-w", workspace)
    assert [line.split() for line in out.splitlines()[1:]] == [["experiments", "1"]]
    run = cli.client.also(base=f"/workspaces/{workspace}").run()
    record = {"uuid": "u", "name": "n", "kind": "list", "logged_ms": 5, "body": '{"value": ["a"]}'}
    there = cli.client.also(base=f"/workspaces/{workspace}")
    there.ok("POST", "/api/v1/import/logged", run_id=run, items=[record])
    out = cli.ok("export", "more", "-w", workspace)
    assert "texts, lists, tables and images that the SDK logged" in out and " 0" not in out


def test_a_journal_stays_and_is_named_unless_it_is_to_be_forgotten(
    cli: CommandLine, workspace: str, tmp_path: Path
) -> None:
    cli.ok("export", "out", "-w", workspace)
    cli.ok("workspace", "create", "arrived", "--exist-ok")
    kept = tmp_path / "home" / "transfers"
    done = cli.call("import", "out", "-w", "arrived")
    (journal,) = kept.glob("*.journal")
    assert done.exit_code == 0 and f"it may be deleted: {journal}" in " ".join(done.stderr.split())
    done = cli.call("import", "out", "-w", "arrived", "--forget")
    assert done.exit_code == 0 and "Verified" in done.stderr and list(kept.iterdir()) == []


def test_journals_that_nobody_uses_any_more_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNYARD_HOME", str(tmp_path))
    for name, days in (("old", 91), ("new", 89)):
        path = tmp_path / "transfers" / f"{name}.journal"
        Journal(path).close()
        then = time.time() - days * 86_400
        os.utime(path, (then, then))
    remove_old()
    assert [path.name for path in (tmp_path / "transfers").iterdir()] == ["new.journal"]
