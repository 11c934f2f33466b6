"""Submitted runs: this machine starts their runner, or a compute target does; a real server keeps the record."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from runyard import (
    ComputeTarget,
    Environment,
    Experiment,
    LocalCompute,
    Run,
    RunConfiguration,
    ScriptRun,
    ScriptRunConfig,
    Workspace,
)
from runyard.sdk.exceptions import (
    ActivityFailedException,
    ComputeTargetException,
    ExperimentExecutionException,
    SnapshotException,
    UserErrorException,
)

PATIENCE_S = 60.0
TRAIN = """
import os, sys, urllib.request, json
print("arguments", *sys.argv[1:], flush=True)
os.makedirs("outputs", exist_ok=True)
open("outputs/result.txt", "w").write(os.environ.get("WHAT", "nothing"))
def post(path, body):
    request = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/" + path, json.dumps(body).encode(), {
        "Content-Type": "application/json", "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]})
    urllib.request.urlopen(request).read()
post("runs/log-metric", {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "mse", "value": 0.5, "timestamp": 1})
"""


@pytest.fixture
def folder(place: Path) -> Path:
    """Sources: what logs, what fails, what takes long."""
    (place / "train.py").write_text(TRAIN)
    (place / "fails.py").write_text("import sys\nprint('before', flush=True)\nsys.exit(3)\n")
    (place / "slow.py").write_text("import time\nprint('begun', flush=True)\ntime.sleep(600)\n")
    return place


@pytest.fixture
def machine(ws: Workspace) -> ComputeTarget:
    """A compute target: the server's own machine."""
    try:
        return ComputeTarget(ws, "machine")
    except ComputeTargetException:
        return ComputeTarget.attach(
            ws, "machine", LocalCompute.attach_configuration(jobs_at_once=4, server_url=ws.server)
        )


def own_python(name: str = "mine") -> Environment:
    environment = Environment(name)
    environment.python.user_managed_dependencies = True
    return environment


def until(run: Run, *states: str) -> str:
    end = time.monotonic() + PATIENCE_S
    while (state := run.get_status()) not in states:
        assert time.monotonic() < end, f"it is {state}, not {' or '.join(states)}"
        time.sleep(0.2)
    return state


def test_a_script_on_this_machine(
    experiment: Experiment, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    src = ScriptRunConfig(folder, "train.py", ["--alpha", 0.3])
    src.run_config.environment_variables = {"WHAT": "a variable"}
    run = experiment.submit(src, tags={"team": "a"})
    assert isinstance(run, ScriptRun) and run.type == "azureml.scriptrun"
    assert run.id.startswith(f"{experiment.name}_")
    details = run.wait_for_completion(show_output=True)
    said = capsys.readouterr().out
    assert f"RunId: {run.id}" in said and "Execution Summary" in said
    assert "Streaming user_logs/std_log.txt" in said and "arguments --alpha 0.3" in said
    assert (details["status"], details["target"]) == ("Completed", "local")
    assert run.get_metrics() == {"mse": 0.5} and run.get_tags()["team"] == "a"
    assert "outputs/result.txt" in run.get_file_names()
    run.download_file("outputs/result.txt", folder / "got.txt")
    assert (folder / "got.txt").read_text() == "a variable"
    assert [one.id for one in experiment.get_runs()] == [run.id]
    definition = details["runDefinition"]
    assert (definition["script"], definition["arguments"]) == ("train.py", ["--alpha", "0.3"])
    assert details["submittedBy"] and "user_logs/std_log.txt" in details["logFiles"]
    logs = run.get_details_with_logs()["logFiles"]
    assert "arguments --alpha 0.3" in logs["user_logs/std_log.txt"]
    assert [Path(one).name for one in run.get_all_logs(folder / "logs")] == ["std_log.txt"]


def test_a_script_on_a_compute_target_and_again(
    experiment: Experiment, folder: Path, machine: ComputeTarget
) -> None:
    config = RunConfiguration()
    config.target = machine.name
    config.environment = own_python()
    run = experiment.submit(ScriptRunConfig(folder, "train.py", ["1"], run_config=config))
    assert run.wait_for_completion()["target"] == machine.name
    again = run.resubmit(arguments=["2"])
    assert again.id != run.id and again.wait_for_completion()["runDefinition"]["arguments"] == ["2"]
    assert again.get_metrics() == run.get_metrics() == {"mse": 0.5}
    assert again.get_snapshot_id() == run.get_snapshot_id()
    found = [one.id for one in Run.list_by_compute(machine)]
    assert found[:2] == [again.id, run.id]
    assert [one.id for one in Run.list_by_compute(machine, tags="no such tag")] == []
    environment = run.get_environment()
    assert environment.name == "mine" and environment.python.user_managed_dependencies


def test_logs_are_there_within_two_seconds_while_it_runs(experiment: Experiment, folder: Path) -> None:
    (folder / "talks.py").write_text(
        "import time\nfor n in range(30):\n    print(n, time.time(), flush=True)\n    time.sleep(0.25)\n"
    )
    run = experiment.submit(ScriptRunConfig(folder, "talks.py"))
    until(run, "Running")
    delays = []
    while run.get_status() == "Running":
        lines = run.get_details_with_logs()["logFiles"].get("user_logs/std_log.txt", "").splitlines()
        if lines:
            delays.append(time.time() - float(lines[-1].split()[1]))
        time.sleep(0.1)
    run.wait_for_completion()
    assert len(delays) > 5 and sorted(delays)[len(delays) // 2] < 2


def test_a_script_that_fails_says_how(experiment: Experiment, folder: Path) -> None:
    run = experiment.submit(ScriptRunConfig(folder, "fails.py"))
    with pytest.raises(ActivityFailedException) as caught:
        run.wait_for_completion()
    assert '"exit_code": 3' in str(caught.value)
    details = run.get_details()
    assert details["status"] == "Failed" and details["error"]["error"]["exit_code"] == 3
    assert "before" in run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]
    assert run.wait_for_completion(raise_on_error=False)["status"] == "Failed"


def test_a_run_is_canceled_while_it_runs(
    experiment: Experiment, folder: Path, machine: ComputeTarget
) -> None:
    src = ScriptRunConfig(folder, "slow.py", compute_target=machine, environment=own_python())
    for one in (experiment.submit(src), experiment.submit(ScriptRunConfig(folder, "slow.py"))):
        until(one, "Running")
        one.cancel()
        assert until(one, "Canceled") == "Canceled"
        assert one.get_details()["status"] == "Canceled"
        one.cancel()  # once more is fine


def test_a_stopped_target_lets_runs_wait_and_says_so(
    experiment: Experiment, folder: Path, machine: ComputeTarget
) -> None:
    machine.stop()
    try:
        run = experiment.submit(
            ScriptRunConfig(folder, "train.py", compute_target=machine, environment=own_python())
        )
        assert run.get_status() == "NotStarted"
        end = time.monotonic() + PATIENCE_S
        while "warnings" not in run.get_details() and time.monotonic() < end:
            time.sleep(0.2)
        assert "stopped" in run.get_details()["warnings"][0]["message"].lower()
        with pytest.raises(ComputeTargetException):
            machine.delete()
    finally:
        machine.start()
    assert run.wait_for_completion()["status"] == "Completed"


def test_a_child_is_below_its_parent(experiment: Experiment, folder: Path) -> None:
    parent = experiment.start_logging(snapshot_directory=None)
    child = parent.submit_child(ScriptRunConfig(folder, "train.py"))
    child.wait_for_completion()
    assert [one.id for one in parent.get_children()] == [child.id]
    assert child.parent is not None and child.parent.id == parent.id
    parent.complete()


def test_the_source_comes_back_without_what_was_left_out(experiment: Experiment, folder: Path) -> None:
    (folder / "data.csv").write_text("1")
    (folder / ".amlignore").write_text("*.csv\n")
    (folder / "lib").mkdir()
    (folder / "lib" / "tool.sh").write_text("#!/bin/sh\n")
    (folder / "lib" / "tool.sh").chmod(0o755)
    run = experiment.submit(ScriptRunConfig(folder, "train.py"))
    assert run.restore_snapshot(path=folder / "back") == str(folder / "back")
    back = folder / "back"
    assert (back / "train.py").read_text() == TRAIN and not (back / "data.csv").exists()
    assert (back / "lib" / "tool.sh").stat().st_mode & 0o100
    with pytest.raises(UserErrorException, match="not another"):
        run.restore_snapshot("another", folder / "elsewhere")
    run.wait_for_completion()


def test_the_commit_and_what_differs_from_it_are_kept(experiment: Experiment, folder: Path) -> None:
    git = ["git", "-C", str(folder), "-c", "user.name=n", "-c", "user.email=e@localhost"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True)
    (folder / "train.py").write_text(TRAIN + "# changed\n")
    run = experiment.submit(ScriptRunConfig(folder, "train.py"))
    commit = subprocess.run(
        [*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    properties = run.get_properties()
    assert (properties["azureml.git.commit"], properties["azureml.git.dirty"]) == (commit, "True")
    assert properties["ContentSnapshotId"] == run.get_snapshot_id()
    run.wait_for_completion()
    run.download_file("code/changes.patch", folder / "patch")
    assert "+# changed" in (folder / "patch").read_text()


def test_environments_are_registered_with_versions(ws: Workspace, folder: Path) -> None:
    (folder / "requirements.txt").write_text("six==1.17.0\n")
    made = Environment.from_pip_requirements("versions", folder / "requirements.txt").register(ws)
    assert made.version == "1" and made.register(ws).version == "1"
    made.python.conda_dependencies.add_pip_package("idna")
    assert made.register(ws).version == "2"
    assert Environment.get(ws, "versions").version == "2"
    first = Environment.get(ws, "versions", version="1")
    assert list(first.python.conda_dependencies.pip_packages) == ["six==1.17.0"]
    assert Environment.list(ws)["versions"].version == ws.environments["versions"].version == "2"
    assert made.get_image_details(ws)["name"] == "versions"
    with pytest.raises(UserErrorException, match="is not registered"):
        Environment.get(ws, "versions", version="9")
    with pytest.raises(UserErrorException, match="curates"):
        Environment.get(ws, "AzureML-Minimal")
    with pytest.raises(UserErrorException, match="reserved"):
        made.clone("AzureML-mine").register(ws)


@pytest.mark.parametrize(
    ("words", "error", "why"),
    [
        ({"source_directory": "nowhere", "script": "a.py"}, ExperimentExecutionException, "does not exist"),
        ({"source_directory": ".", "script": "gone.py"}, ExperimentExecutionException, "script path"),
        ({"source_directory": "."}, UserErrorException, "Must specify a file to run"),
        ({"source_directory": ".", "script": "train.py", "compute_target": "amlcompute"}, UserErrorException, "on demand"),
        ({"source_directory": ".", "script": "train.py", "compute_target": "gone"}, UserErrorException, "gone"),
    ],
)  # fmt: skip
def test_what_cannot_be_submitted_says_why(
    experiment: Experiment, folder: Path, words: dict[str, Any], error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        experiment.submit(ScriptRunConfig(**words))
    assert list(experiment.get_runs()) == []


def test_too_much_source_names_what_is_large(experiment: Experiment, folder: Path) -> None:
    (folder / "data").mkdir()
    for number in range(2_001):
        (folder / "data" / str(number)).touch()
    for number in range(5):
        (folder / f"notes-{number}.md").write_text("more bytes than all of the data")
    with pytest.raises(SnapshotException, match=r"\.amlignore.*data/ \(2,001 files"):
        experiment.submit(ScriptRunConfig(folder, "train.py"))


def test_a_run_that_was_not_submitted_has_no_source(run: Run) -> None:
    for call in (run.get_snapshot_id, run.get_environment, run.resubmit):
        with pytest.raises(UserErrorException, match=r"not submitted|no snapshot"):
            call()


def test_a_script_may_log_below_its_run_and_cancel_it(experiment: Experiment, folder: Path) -> None:
    (folder / "itself.py").write_text(
        "import time\nfrom runyard import Run\nrun = Run.get_context(allow_offline=False)\n"
        "with run.child_run('part') as part:\n    part.log('a', 1)\nrun.flush()\nrun.cancel()\ntime.sleep(600)\n"
    )
    run = experiment.submit(ScriptRunConfig(folder, "itself.py"))
    assert run.wait_for_completion()["status"] == "Canceled"
    (part,) = run.get_children()
    assert part.get_metrics() == {"a": 1} and part.get_status() == "Completed"
