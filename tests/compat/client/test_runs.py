import os
import re
import time

import mlflow
import pytest
from mlflow.entities import RunStatus, ViewType
from mlflow.exceptions import MlflowException
from support import refused


def test_started_run_reads_back_with_its_system_tags(client, experiment):
    before = int(time.time() * 1000)
    with mlflow.start_run(run_name="first", tags={"a": "1"}, description="some *text*") as active:
        assert client.get_run(active.info.run_id).info.status == "RUNNING"
    run = client.get_run(active.info.run_id)
    info, tags = run.info, run.data.tags
    assert re.fullmatch("[0-9a-f]{32}", info.run_id)
    assert (info.run_name, info.status, info.lifecycle_stage) == ("first", "FINISHED", "active")
    assert before <= info.start_time <= info.end_time
    assert info.artifact_uri == f"mlflow-artifacts:/{experiment}/{info.run_id}/artifacts"
    assert (tags["a"], tags["mlflow.runName"], tags["mlflow.note.content"]) == ("1", "first", "some *text*")
    assert tags["mlflow.source.type"] == "LOCAL"
    assert tags["mlflow.user"] == info.user_id


def test_run_without_a_name_gets_a_random_one(client, run):
    got = client.get_run(run)
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d+", got.info.run_name)
    assert len(got.info.run_name) <= 20
    assert got.data.tags["mlflow.runName"] == got.info.run_name


def test_run_name_and_name_tag_follow_each_other(client, run):
    client.set_tag(run, "mlflow.runName", "by tag")
    assert client.get_run(run).info.run_name == "by tag"
    client.update_run(run, name="by update")
    got = client.get_run(run)
    assert (got.info.run_name, got.data.tags["mlflow.runName"]) == ("by update", "by update")


def test_name_given_twice_must_agree(client, experiment):
    run = client.create_run(experiment, run_name="x", tags={"mlflow.runName": "x"})
    assert run.info.run_name == "x"
    assert client.create_run(experiment, tags={"mlflow.runName": "only tag"}).info.run_name == "only tag"
    with refused("INVALID_PARAMETER_VALUE"):
        client.create_run(experiment, run_name="x", tags={"mlflow.runName": "y"})


def test_exception_marks_the_run_failed(client, experiment):
    with pytest.raises(ZeroDivisionError), mlflow.start_run() as active:
        raise ZeroDivisionError
    assert client.get_run(active.info.run_id).info.status == "FAILED"


def test_every_status_is_kept(client, run):
    for status in ("SCHEDULED", "FAILED", "FINISHED", "KILLED", "RUNNING"):
        client.set_terminated(run, status, end_time=1234567890123)
        info = client.get_run(run).info
        assert (info.status, info.end_time) == (status, 1234567890123)
    client.update_run(run, status="SCHEDULED")
    assert client.get_run(run).info.status == RunStatus.to_string(RunStatus.SCHEDULED)


def test_nested_runs_point_to_their_parents(client, experiment):
    with mlflow.start_run() as parent:
        with mlflow.start_run(nested=True) as child, mlflow.start_run(nested=True) as grandchild:
            pass
        assert mlflow.active_run().info.run_id == parent.info.run_id
    tags = client.get_run(grandchild.info.run_id).data.tags
    assert tags["mlflow.parentRunId"] == child.info.run_id
    assert mlflow.get_parent_run(child.info.run_id).info.run_id == parent.info.run_id
    assert mlflow.get_parent_run(parent.info.run_id) is None
    clause = f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    assert [r.info.run_id for r in client.search_runs([experiment], clause)] == [child.info.run_id]


def test_children_of_a_run_that_is_not_active(client, experiment, run):
    with mlflow.start_run(parent_run_id=run) as child:
        pass
    assert mlflow.get_parent_run(child.info.run_id).info.run_id == run


def test_resumed_run_continues(client, experiment):
    with mlflow.start_run() as first:
        mlflow.log_param("p", 1)
        mlflow.log_metric("m", 1, step=1)
    with mlflow.start_run(run_id=first.info.run_id) as again:
        assert client.get_run(again.info.run_id).info.status == "RUNNING"
        mlflow.log_metric("m", 2, step=2)
    run = client.get_run(first.info.run_id)
    assert (run.info.status, run.data.params, run.data.metrics) == ("FINISHED", {"p": "1"}, {"m": 2.0})
    assert len(client.get_metric_history(first.info.run_id, "m")) == 2


def test_run_id_from_the_environment_is_resumed(client, run, monkeypatch):
    monkeypatch.setenv("MLFLOW_RUN_ID", run)
    with mlflow.start_run() as active:
        assert active.info.run_id == run


def test_explicit_start_time_and_tags_are_kept(client, experiment):
    run = client.create_run(experiment, start_time=123, tags={"x": "", "y": "ü"})
    assert (run.info.start_time, run.info.end_time, run.info.status) == (123, None, "RUNNING")
    tags = client.get_run(run.info.run_id).data.tags
    assert (tags["x"], tags["y"]) == ("", "ü")


def test_unknown_run_and_experiment_raise(client):
    with refused("RESOURCE_DOES_NOT_EXIST", "Run with id=" + "0" * 32 + " not found"):
        client.get_run("0" * 32)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.log_metric("0" * 32, "m", 1)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.delete_run("0" * 32)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.create_run("987654321")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        mlflow.start_run(run_id="0" * 32)


def test_deleted_run_is_readable_but_takes_no_writes(client, run, experiment):
    client.log_metric(run, "m", 1.5)
    client.delete_run(run)
    client.delete_run(run)
    got = client.get_run(run)
    assert (got.info.lifecycle_stage, got.data.metrics) == ("deleted", {"m": 1.5})
    for write in (
        lambda: client.log_metric(run, "m", 2),
        lambda: client.log_param(run, "p", 2),
        lambda: client.set_tag(run, "t", 2),
        lambda: client.log_batch(run, metrics=[mlflow.entities.Metric("m", 1, 1, 1)]),
        lambda: client.set_terminated(run),
    ):
        with refused("INVALID_PARAMETER_VALUE", "must be in the 'active' state"):
            write()
    assert client.search_runs([experiment]) == []
    assert [r.info.run_id for r in client.search_runs([experiment], run_view_type=ViewType.DELETED_ONLY)] == [
        run
    ]


def test_restored_run_is_whole_and_writable(client, run, experiment):
    client.log_param(run, "p", "v")
    client.delete_run(run)
    client.restore_run(run)
    client.restore_run(run)
    client.log_metric(run, "m", 2)
    got = client.get_run(run)
    assert (got.info.lifecycle_stage, got.data.params, got.data.metrics) == ("active", {"p": "v"}, {"m": 2.0})
    assert len(client.search_runs([experiment])) == 1


def test_deleted_run_cannot_be_resumed(client, run):
    client.delete_run(run)
    with pytest.raises(MlflowException, match="deleted state"):
        mlflow.start_run(run_id=run)


def test_source_of_the_run_is_recorded(client, experiment):
    with mlflow.start_run() as active:
        pass
    assert os.path.basename(client.get_run(active.info.run_id).data.tags["mlflow.source.name"])
