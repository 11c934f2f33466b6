"""Sweeps from the command line, against a real server."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import click
import pytest

from runyard.cli.shapes.sweep_words import PARAMETER, POLICY
from runyard.client.local_sweeps import LocalSweep
from tests.cli.command_line import CommandLine

TRIALS = ("--metric", "loss", "--trials", "2", "--param", "lr=choice(0.1, 0.2)")


@pytest.fixture
def target(cli: CommandLine) -> str:
    """A compute target that takes jobs and starts none."""
    name = cli.client.name("stopped")
    cli.client.ok("POST", "/api/v1/computes", name=name, kind="local")
    cli.client.ok("POST", f"/api/v1/computes/{name}/stop")
    return name


def submitted(cli: CommandLine, target: str, *words: str) -> dict[str, Any]:
    Path("train.py").write_text("print('hello')")
    made = cli.ok(
        "sweep", "submit", "-t", target, *words, "-o", "json", "--", "python", "train.py", "--epochs", "3"
    )
    return dict(json.loads(made))


def test_a_sweep_is_submitted_and_shown(cli: CommandLine, target: str) -> None:
    job = submitted(cli, target, *TRIALS, "--sampling", "grid", "--name", "mine", "--seed", "3")
    run = job["run_id"]
    assert (job["kind"], job["run_name"], job["target"]) == ("sweep", "mine", target)
    assert job["definition"]["arguments"] == ["--epochs", "3"] and len(job["snapshot_id"]) == 64
    deadline = time.monotonic() + 20
    while len(trials := json.loads(cli.ok("sweep", "show", run, "-o", "json"))) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert [one["parameters"] for one in trials] == [{"lr": 0.1}, {"lr": 0.2}]
    cli.client.ok("POST", "runs/log-metric", run_id=trials[1]["run_id"], key="loss", value=0.5, timestamp=1)
    table = cli.ok("sweep", "show", run).splitlines()
    assert table[0].split() == ["RUN", "STATE", "loss", "lr"]
    assert table[1].split() == [trials[1]["run_id"], "NotStarted", "0.5", "0.2"]


def test_a_sweep_is_submitted_again(cli: CommandLine, target: str) -> None:
    old = submitted(cli, target, *TRIALS, "--param", "-b=randint(9)", "--seed", "3")
    whole = json.loads(cli.ok("run", "resubmit", old["run_id"], "--name", "again", "-o", "json"))
    assert (whole["kind"], whole["run_name"], whole["snapshot_id"]) == ("sweep", "again", old["snapshot_id"])
    assert whole["definition"] == old["definition"]
    words = (
        "--trials",
        "1",
        "--at-once",
        "1",
        "--seed",
        "4",
        "--max-seconds",
        "1h",
        "-o",
        "json",
        "--",
        "--lr",
    )
    changed = json.loads(cli.ok("sweep", "resubmit", whole["run_id"], *words))
    assert changed["definition"]["arguments"] == ["--lr"]
    configs = [
        cli.client.ok("GET", f"/api/v1/sweeps/{one['run_id']}")["config"] for one in (old, whole, changed)
    ]
    assert configs[0] == configs[1]
    assert configs[2] == {**configs[0], "max_total": 1, "max_concurrent": 1, "seed": 4, "max_seconds": 3_600}
    done = cli.call("sweep", "resubmit", cli.run())
    assert done.exit_code == 4 and "no job" in done.stderr


def test_what_it_says_is_what_is_tried(cli: CommandLine, target: str) -> None:
    job = submitted(
        cli, target, *TRIALS, "--param", "--x=quniform(1, 9, 2)", "--goal", "max", "--at-once", "1",
        "--max-seconds", "2h", "--policy", "bandit(slack_amount=1, interval=2, delay=4)",
    )  # fmt: skip
    config = cli.client.ok("GET", f"/api/v1/sweeps/{job['run_id']}")["config"]
    assert config["space"]["x"] == {"kind": "quniform", "min": 1, "max": 9, "q": 2, "flag": "--x"}
    told = [config[name] for name in ("goal", "sampling", "max_total", "max_concurrent", "max_seconds")]
    assert told == ["maximize", "random", 2, 1, 7_200]
    assert config["policy"] == {
        "kind": "bandit",
        "slack_amount": 1,
        "evaluation_interval": 2,
        "delay_evaluation": 4,
    }


@pytest.mark.parametrize(
    "words",
    [
        ("--metric", "loss", "--trials", "2"),
        ("--metric", "loss", "--param", "lr=choice(1)"),
        ("--trials", "2", "--param", "lr=choice(1)"),
        (*TRIALS, "--param", "x"),
        (*TRIALS, "--param", "x=nothing(1)"),
        (*TRIALS, "--policy", "none(1)"),
        (*TRIALS, "--goal", "best"),
    ],
)
def test_what_makes_no_sense_is_refused(cli: CommandLine, target: str, words: tuple[str, ...]) -> None:
    done = cli.call("sweep", "submit", "-t", target, *words, "--", "python", "train.py")
    assert done.exit_code == 2 and "Usage:" in done.stderr


LOGS = """import json, os, sys, urllib.request
point = {"run_id": os.environ["RUNYARD_RUN_ID"], "key": "loss", "value": float(sys.argv[-1]), "timestamp": 1}
headers = {"Authorization": "Bearer " + os.environ["RUNYARD_TOKEN"], "Content-Type": "application/json"}
place = os.environ["RUNYARD_SERVER"] + "/api/2.0/mlflow/runs/log-metric"
urllib.request.urlopen(urllib.request.Request(place, json.dumps(point).encode(), headers))
"""


def test_this_machine_runs_the_trials_while_the_command_waits(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "log.py").write_text(LOGS)
    words = ["-t", "local", *TRIALS, "--sampling", "grid", "--source", str(tmp_path), "-o", "json", "--"]
    done = cli.call("sweep", "submit", *words, sys.executable, "log.py")
    assert done.exit_code == 0, done.stderr
    best, other = json.loads(done.stdout)
    assert (best["metric"], best["best"], other["metric"]) == (0.1, True, 0.2)
    sweep = str(best["run_id"]).rpartition("_")[0]
    again = cli.call("run", "resubmit", sweep, "-o", "json")
    assert again.exit_code == 0 and len(json.loads(again.stdout)) == 2
    assert "has ended" in cli.fails(1, "run", "cancel", sweep)


def test_a_sweep_of_this_machine_goes_on_where_its_command_was_ended(
    cli: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "log.py").write_text(LOGS)
    snapshot = json.loads(cli.ok("run", "submit", "-o", "json", "--", sys.executable, "log.py", "1"))[
        "snapshot_id"
    ]
    definition = {"script": "log.py", "environment": {"python": {"userManagedDependencies": True}}}
    space = {"lr": {"kind": "choice", "options": [1, 2]}}
    left = cli.client.ok(
        "POST", "/api/v1/sweeps", target="local", definition=definition, space=space, metric="mistyped", goal="minimize",
        sampling="grid", max_total=2, max_concurrent=2, snapshot_id=snapshot, experiment_name="left",
    )["job"]["run_id"]  # fmt: skip
    done = cli.call("sweep", "resume", left, "--follow")
    assert done.exit_code == 0, done.stderr
    assert "The sweep ends" in done.stdout and 'No trial logged the primary metric "mistyped"' in done.stderr
    assert '(logged were: "loss")' in done.stderr
    assert [one["state"] for one in cli.data("job", "list", "--parent", left)] == ["Completed"] * 2


def test_whoever_interrupts_a_sweep_of_this_machine_cancels_it(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(sweep: LocalSweep) -> None:
        raise KeyboardInterrupt

    (tmp_path / "log.py").write_text(LOGS)
    monkeypatch.setattr(LocalSweep, "start_trials", interrupted)
    words = [
        "-t",
        "local",
        *TRIALS,
        "-e",
        "interrupted",
        "--source",
        str(tmp_path),
        "--",
        sys.executable,
        "log.py",
    ]
    done = cli.call("sweep", "submit", *words)
    assert done.exit_code == 130 and "Canceled the sweep" in done.stderr
    jobs = cli.data("job", "list", "-e", "interrupted")
    assert {one["state"] for one in jobs} == {"Canceled"}


def test_only_a_sweep_of_this_machine_is_gone_on_with(cli: CommandLine, target: str) -> None:
    assert "is no sweep of the target 'local'" in cli.fails(
        2, "sweep", "resume", submitted(cli, target, *TRIALS)["run_id"]
    )


def test_a_run_that_is_no_sweep_has_no_trials(cli: CommandLine) -> None:
    done = cli.call("sweep", "show", cli.run())
    assert done.exit_code not in (0, 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "x=choice(1, 2.5, true, null, 'a b', adam, [1, 2])",
            {"options": [1, 2.5, True, None, "a b", "adam", [1, 2]]},
        ),
        ("x=choice()", {"options": []}),
        ("x=uniform(-1, 1e3)", {"min": -1, "max": 1000.0}),
        ("x=loguniform(max=0, min=-9)", {"min": -9, "max": 0}),
        ("x=qnormal(0, 1, 0.5)", {"mu": 0, "sigma": 1, "q": 0.5}),
        ("x=randint(7)", {"upper": 7}),
    ],
)
def test_parameters_are_understood(text: str, found: dict[str, Any]) -> None:
    name, dimension = PARAMETER.convert(text, None, None)
    assert name == "x" and dimension == {"kind": text[2:].partition("(")[0], **found}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "x",
            "=choice(1)",
            "x=",
            "x=choice(1",
            "x=uniform(1)",
            "x=uniform(1, 2, 3)",
            "x=uniform(1, high=2)",
            "x=uniform(a, b)",
            "x=randint(true)",
        ),
        *(
            "x=choice(f(1))",
            "x=choice(a.b)",
            "x=choice(*[1])",
            "x=uniform(**{})",
            "x=choice(1) + 1",
            "x=a(b)(c)",
        ),
        *("x=__import__('os')", "x=choice(" + "(" * 500 + ")"),
    ],
)
def test_what_is_no_parameter_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        PARAMETER.convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("median", {"kind": "median"}),
        (
            "truncation(20, delay=3)",
            {"kind": "truncation", "truncation_percentage": 20, "delay_evaluation": 3},
        ),
        ("bandit(0.1)", {"kind": "bandit", "slack_factor": 0.1}),
    ],
)
def test_policies_are_understood(text: str, found: dict[str, Any]) -> None:
    assert POLICY.convert(text, None, None) == found


@pytest.mark.parametrize(
    "text", ["", "none", "median(1)", "bandit(1, 2)", "bandit(x=1)", "bandit(interval=)"]
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        POLICY.convert(text, None, None)
