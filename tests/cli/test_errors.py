"""What goes wrong is one sentence on stderr and an exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runyard.cli.framework.exits import failed
from runyard.errors import NotAllowed, NotFound, RouteNotFound, TooManyRequests, Unauthenticated
from tests.cli.command_line import CommandLine


def test_nobody_at_the_address(cli: CommandLine) -> None:
    said = cli.fails(5, "run", "list", "--server", "http://127.0.0.1:1")
    assert "127.0.0.1:1" in said and "runyard up" in said
    assert len(said.splitlines()) == 1


def test_an_address_that_is_none(cli: CommandLine) -> None:
    assert "ftp" in cli.fails(1, "run", "list", "--server", "ftp://x")


@pytest.mark.parametrize(
    "words",
    [
        ["bogus"],
        ["run", "bogus"],
        ["run", "list", "--bogus"],
        ["run", "list", "-o", "pdf"],
        ["run", "list", "--last", "-1"],
    ],
)
def test_a_wrong_command_line_is_told_on_stderr(cli: CommandLine, words: list[str]) -> None:
    assert "Error: " in cli.fails(2, *words)


def test_a_bad_filter_is_refused_by_the_server_with_its_words(cli: CommandLine) -> None:
    assert "bogus" in cli.fails(1, "run", "list", "--filter", "bogus")


def test_debug_shows_where_it_came_from(cli: CommandLine) -> None:
    done = cli.call("run", "show", "0" * 32, "--debug")
    assert done.exit_code == 4 and "Traceback" in done.stderr and "Error: " in done.stderr


@pytest.mark.parametrize(
    ("error", "code", "way_out"),
    [
        (Unauthenticated("The token has expired."), 3, "Log in with `runyard login`"),
        (Unauthenticated("Run `runyard login`."), 3, "Run `runyard login`."),
        (NotAllowed("You may not."), 6, "`runyard whoami`"),
        (NotFound("No such run."), 4, "No such run."),
        (RouteNotFound("No route."), 1, "of another release"),
        (TooManyRequests("Too many."), 1, "try again"),
        (FileNotFoundError(2, "No such file or directory", "x.txt"), 1, "x.txt: No such file"),
        (ZeroDivisionError("oops"), 70, "--debug"),
    ],
)
def test_every_error_has_a_code_and_a_way_out(error: Exception, code: int, way_out: str) -> None:
    found = failed(error)
    assert found.exit_code == code and way_out in found.message


def test_an_error_says_where_a_name_came_from_that_was_not_typed(cli: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / ".azureml"
    folder.mkdir()
    scope = {"subscription_id": "s", "resource_group": "g", "workspace_name": "gone"}
    (folder / "config.json").write_text(json.dumps(scope))
    assert "name comes from .azureml/config.json." in cli.fails(4, "experiment", "list")
    said = cli.call("experiment", "list", RUNYARD_WORKSPACE="elsewhere").stderr
    assert "'elsewhere' not found" in said and "name comes from RUNYARD_WORKSPACE." in said
    assert "comes from" not in cli.fails(4, "experiment", "list", "-w", "typed")
    (folder / "config.json").write_text(json.dumps({**scope, "server": "http://127.0.0.1:1"}))
    said = cli.call("experiment", "list", RUNYARD_SERVER="").stderr
    assert "127.0.0.1:1" in said and "address comes from .azureml/config.json." in said
    (folder / "config.json").unlink()
    cli.ok("config", "set", "workspace", "kept")
    assert f"name comes from {cli.home / 'config.json'}." in cli.fails(4, "experiment", "list")


def environment(cli: CommandLine) -> dict[str, str]:
    ours = ("RUNYARD_", "MLFLOW_", "COLUMNS")  # the last is set where several processes share the tests
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "RUNYARD_SERVER": f"http://127.0.0.1:{cli.client.port}", "RUNYARD_HOME": str(cli.home)}


COMMAND = f"{sys.executable} -m runyard"


def test_a_reader_that_goes_away_is_no_error(cli: CommandLine) -> None:
    experiment = cli.client.experiment()
    run_id = cli.run(experiment=experiment)
    for first in range(0, 5000, 1000):
        steps = range(first, first + 1000)
        points = [{"key": "loss", "value": step, "step": step, "timestamp": step} for step in steps]
        cli.client.ok("POST", "runs/log-batch", run_id=run_id, metrics=points)
    line = f"{COMMAND} run metrics {run_id} --history -o tsv | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], env=environment(cli), capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith("0\t") and done.stderr == ""
    assert done.returncode == 141


def test_a_pipe_gets_the_whole_table_without_colours(cli: CommandLine) -> None:
    experiment = cli.client.experiment()
    cli.run(experiment=experiment, run_name="n" * 200)
    done = subprocess.run(
        ["bash", "-c", f"{COMMAND} run list -e {experiment} | cat"],
        env=environment(cli),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "n" * 200 in done.stdout and "\x1b" not in done.stdout


def reads_stdin(process: subprocess.Popen[str]) -> bool:
    """Whether it waits in read(0, …): the call's number on x86-64 and on Arm, then the descriptor."""
    return Path(f"/proc/{process.pid}/syscall").read_text().split()[:2] in (["0", "0x0"], ["63", "0x0"])


def test_ctrl_c_ends_at_once(cli: CommandLine) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "runyard", "login", "--token", "-"],
        env=environment(cli),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
    )
    deadline = time.monotonic() + 60
    while not reads_stdin(running):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said.strip() == "Interrupted."
