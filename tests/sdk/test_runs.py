"""Runs: status, details, waiting, children, tags, properties, context, display."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

import pytest

from runyard.sdk.exceptions import (
    ActivityFailedException,
    RunEnvironmentException,
    UserErrorException,
)
from runyard.sdk.experiment import Experiment
from runyard.sdk.offline_run import OfflineRun
from runyard.sdk.run import Run, get_run
from runyard.sdk.workspace import Workspace
from tests.api.live_server import Client

MLFLOW_STATUS = [
    ("SCHEDULED", "NotStarted"),
    ("RUNNING", "Running"),
    ("FINISHED", "Completed"),
    ("FAILED", "Failed"),
    ("KILLED", "Canceled"),
]


def stored(server: Client, run: Run) -> tuple[str, bool]:
    info = server.ok("GET", "runs/get", run_id=run.id)["run"]["info"]
    return info["status"], "end_time" in info


@pytest.mark.parametrize(("theirs", "ours"), MLFLOW_STATUS)
def test_status_by_its_name(run: Run, server: Client, theirs: str, ours: str) -> None:
    server.ok("POST", "runs/update", run_id=run.id, status=theirs)
    assert run.get_status() == run.status == ours


def test_the_ends_of_a_run(experiment: Experiment, server: Client) -> None:
    first, second, third = (experiment.start_logging(snapshot_directory=None) for _ in range(3))
    first.complete()
    second.fail("no luck", "Bad")
    third.cancel()
    assert [stored(server, one) for one in (first, second, third)] == [
        ("FINISHED", True),
        ("FAILED", True),
        ("KILLED", True),
    ]
    assert second.get_details()["error"] == {"error": {"code": "Bad", "message": "no luck"}}


def test_a_block_completes_or_fails_with_its_error(experiment: Experiment) -> None:
    with experiment.start_logging(snapshot_directory=None) as good:
        good.log("m", 1)
    assert (good.status, good.get_metrics()) == ("Completed", {"m": 1})
    with pytest.raises(ZeroDivisionError), experiment.start_logging(snapshot_directory=None) as bad:
        1 / 0  # noqa: B018
    details = bad.get_details()
    assert details["status"] == "Failed"
    assert details["error"]["error"]["message"] == "ZeroDivisionError: division by zero"


def test_complete_may_leave_the_status(run: Run) -> None:
    run.complete(_set_status=False)
    assert run.status == "Running"


def test_details(run: Run) -> None:
    run.add_properties({"p": "1"})
    details = run.get_details()
    assert list(details) == [
        "runId",
        "target",
        "status",
        "startTimeUtc",
        "properties",
        "inputDatasets",
        "logFiles",
    ]
    assert (details["runId"], details["target"], details["properties"]) == (run.id, "sdk", {"p": "1"})
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", details["startTimeUtc"])
    run.complete()
    assert "endTimeUtc" in run.get_details()


def test_log_files(run: Run, place: Path, server: Client) -> None:
    run.upload_file("azureml-logs/70_driver_log.txt", _file(place, "out"))
    run.upload_file("logs/mine.txt", _file(place, "mine"))
    run.upload_file("outputs/model", _file(place, "model"))
    urls = run.get_details()["logFiles"]
    assert list(urls) == ["azureml-logs/70_driver_log.txt", "logs/mine.txt"]
    target = urls["logs/mine.txt"].removeprefix(f"http://127.0.0.1:{server.port}")
    assert server.send("GET", target).content == b"mine"
    assert run.get_details_with_logs()["logFiles"] == {
        "azureml-logs/70_driver_log.txt": "out",
        "logs/mine.txt": "mine",
    }
    paths = run.get_all_logs(str(place / "down"))
    assert [Path(path).read_text() for path in paths] == ["out", "mine"]


def _file(place: Path, text: str) -> str:
    file = place / f"{text}.txt"
    file.write_text(text)
    return str(file)


def test_waiting_prints_the_log_and_the_summary(
    run: Run, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run.upload_file("azureml-logs/55_prep.txt", _file(place, "first"))
    run.upload_file("azureml-logs/70_driver_log.txt", _file(place, "line of the log"))
    threading.Timer(0.5, run.complete).start()
    assert run.wait_for_completion(show_output=True)["status"] == "Completed"
    printed = capsys.readouterr().out
    assert printed.startswith(f"RunId: {run.id}\nWeb View: {run.portal_url}\n")
    assert "Streaming azureml-logs/70_driver_log.txt" in printed and "line of the log" in printed
    assert printed.endswith(
        f"\nExecution Summary\n=================\nRunId: {run.id}\nWeb View: {run.portal_url}\n\n"
    )


def test_waiting_for_a_run_that_failed(run: Run) -> None:
    run.fail("no luck")
    with pytest.raises(ActivityFailedException) as caught:
        run.wait_for_completion()
    assert json.loads(caught.value.message.partition("\n")[2])["error"]["message"] == "no luck"
    assert run.wait_for_completion(raise_on_error=False)["status"] == "Failed"


def test_outputs_are_uploaded_at_the_end(experiment: Experiment, place: Path) -> None:
    (place / "out" / "deep").mkdir(parents=True)
    with experiment.start_logging(outputs="out", snapshot_directory=None) as run:
        (place / "out" / "deep" / "f.txt").write_text("x")
    assert run.get_file_names() == ["outputs/deep/f.txt"]


def test_str_and_table(run: Run, server: Client) -> None:
    text = f"Run(Experiment: {run.experiment.name},\nId: {run.id},\nType: None,\nStatus: Running)"
    assert str(run) == repr(run) == text
    url = f"http://127.0.0.1:{server.port}/workspaces/default/experiments/{run.experiment.id}/runs/{run.id}"
    assert run.get_portal_url() == run.portal_url == url
    assert f'<a href="{url}"' in run._repr_html_()


def test_a_run_is_found_by_its_id(run: Run, ws: Workspace, experiment: Experiment) -> None:
    assert Run(experiment, run.id) == Run.get(ws, run.id) == ws.get_run(run.id) == get_run(experiment, run.id)
    with pytest.raises(UserErrorException, match="not found"):
        Run(experiment, "absent")
    with pytest.raises(UserErrorException, match="is not in experiment"):
        Run(Experiment(ws, "quite-another"), run.id)


def test_name_and_description_may_be_set(run: Run, ws: Workspace) -> None:
    run.display_name, run.description = "new name", "*what* it is"
    found = ws.get_run(run.id)
    assert (found.name, found.display_name, found.description) == ("new name", "new name", "*what* it is")


def test_tags(run: Run) -> None:
    run.tag("quality", "good")
    run.tag("seen")
    run.set_tags({"quality": "better", "n": 5})  # type: ignore[dict-item]
    assert run.get_tags() == run.tags == {"quality": "better", "seen": None, "n": "5"}
    run.remove_tags(["n", "absent"])
    run.remove_tags("seen")
    assert run.tags == {"quality": "better"}


def test_properties_are_set_once(run: Run) -> None:
    run.add_properties({"author": "me", "n": 5})
    assert run.get_properties() == run.properties == {"author": "me", "n": "5"}
    for again in ({"author": "you"}, {"author": "me", "other": "x"}):
        with pytest.raises(UserErrorException, match="author"):
            run.add_properties(again)
    assert run.get_properties() == {"author": "me", "n": "5"}


def test_children(run: Run, server: Client) -> None:
    child = run.child_run("c", run_id=f"{run.id}_c")
    unnamed = run.child_run()
    assert (child.name, unnamed.name, child.id) == (f"{run.name}>c", f"{run.name}>", f"{run.id}_c")
    assert child.parent == run and run.parent is None
    assert {one.id for one in run.get_children()} == {child.id, unnamed.id}
    tags = server.ok("GET", "runs/get", run_id=child.id)["run"]["data"]["tags"]
    assert {"key": "mlflow.parentRunId", "value": run.id} in tags


def test_several_children_are_not_started(run: Run) -> None:
    made = run.create_children(count=3)
    assert [one.get_tags()["azureml.batch_child_number"] for one in made] == ["0", "1", "2"]
    assert {one.status for one in made} == {"NotStarted"}
    made[0].start()
    made[1].complete()
    assert [one.status for one in made] == ["Running", "Completed", "NotStarted"]
    assert list(run.get_children(status="Completed")) == [made[1]]


def test_children_by_tag(run: Run) -> None:
    made = run.create_children(tag_key="colour", tag_values=["red", "blue"])
    assert [one.get_tags()["colour"] for one in made] == ["red", "blue"]
    assert list(run.get_children(tags={"colour": "blue"})) == [made[1]]
    made[0].add_properties({"p": "q"})
    assert list(run.get_children(properties={"p": "q"})) == [made[0]]
    made[0].child_run()
    assert len(list(run.get_children(recursive=True))) == 3


@pytest.mark.parametrize(
    "wanted",
    [{}, {"count": 0}, {"count": 101}, {"tag_key": "k"}, {"count": 1, "tag_key": "k", "tag_values": ["v"]}],
)
def test_children_that_make_no_sense(run: Run, wanted: dict[str, object]) -> None:
    with pytest.raises(UserErrorException, match="create_children"):
        run.create_children(**wanted)  # type: ignore[arg-type]


def test_outside_of_a_job_the_run_is_offline(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run.get_context()
    assert isinstance(run, OfflineRun) and run.id.startswith("OfflineRun_")
    run.log("loss", 0.5)
    run.log_row("r", x=1)
    assert capsys.readouterr().out == (
        "Attempted to log scalar metric loss:\n0.5\nAttempted to log row metric r:\n{'x': 1}\n"
    )
    with run.child_run() as child:
        child.upload_file("a", "b")
        child.tag("k")
        child.complete()
    assert (run.get_metrics(), run.get_file_names(), len(run.create_children(2))) == ({}, [], 2)
    with pytest.raises(UserErrorException, match="offline"):
        run.experiment  # noqa: B018
    with pytest.raises(AttributeError, match="no such_thing"):
        run.such_thing()
    with pytest.raises(RunEnvironmentException, match="start_logging"):
        Run.get_context(allow_offline=False)


@pytest.mark.parametrize("name", ["RUNYARD_RUN_ID", "AZUREML_RUN_ID"])
def test_inside_of_a_job_the_run_is_the_job(
    other: Workspace, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    made = Experiment(other, "job").start_logging(snapshot_directory=None)
    monkeypatch.setenv(name, made.id)
    monkeypatch.setenv("AZUREML_ARM_WORKSPACE_NAME", other.name)
    run = Run.get_context()
    assert isinstance(run, Run) and run == made and Run.get_context() is run
    run.log("m", 1)
    run.complete()
    assert (run.status, made.get_metrics()) == ("Running", {"m": 1})
    with pytest.warns(UserWarning, match="belongs to a job"):
        run.cancel()
    assert run.status == "Canceled"


def test_the_tracking_uri_says_where_a_job_is(other: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Experiment(other, "job").start_logging(snapshot_directory=None)
    monkeypatch.delenv("RUNYARD_SERVER")
    monkeypatch.setenv("RUNYARD_RUN_ID", made.id)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", other.get_mlflow_tracking_uri())
    assert Run.get_context() == made


def test_runs_are_numbered(experiment: Experiment) -> None:
    made = [experiment.start_logging(snapshot_directory=None) for _ in range(3)]
    assert [run.number for run in made] == [1, 2, 3] and Run(experiment, made[1].id).number == 2
