"""What a run makes: logged models as outputs, their files, models kept elsewhere; and streams."""

import io

import mlflow
import pytest
from mlflow.entities import LoggedModelOutput

pytestmark = pytest.mark.mlflow3


def test_models_are_outputs_of_a_run_with_their_step(client, experiment, run):
    model = mlflow.create_external_model(name="net", source_run_id=run, params={"lr": "1"}, tags={"k": "v"})
    client.log_outputs(run, [LoggedModelOutput(model.model_id, step=3)])
    outputs = client.get_run(run).outputs.model_outputs
    assert [(output.model_id, output.step) for output in outputs] == [(model.model_id, 3)]
    kept = client.get_logged_model(model.model_id)
    assert (kept.name, kept.source_run_id, kept.params["lr"], kept.tags["k"]) == ("net", run, "1", "v")
    assert kept.status == "READY"


def test_fluent_outputs_belong_to_the_active_run(client, experiment):
    model = mlflow.create_external_model(name="net")
    with mlflow.start_run() as run:
        mlflow.log_outputs([LoggedModelOutput(model.model_id, step=0)])
    assert [o.model_id for o in client.get_run(run.info.run_id).outputs.model_outputs] == [model.model_id]


def test_files_of_a_model_go_up_one_by_one_and_as_a_folder(client, experiment, tmp_path):
    model = mlflow.create_external_model(name="net").model_id
    (tmp_path / "a.txt").write_text("x")
    client.log_model_artifact(model, str(tmp_path / "a.txt"), "one")
    client.log_model_artifacts(model, str(tmp_path), "all")
    assert sorted(file.path for file in client.list_logged_model_artifacts(model)) == [
        "MLmodel",
        "all",
        "one",
    ]
    root = client.get_logged_model(model).artifact_location
    assert mlflow.artifacts.load_text(f"{root}/all/a.txt") == "x"


def test_metrics_and_traces_of_the_active_model_reach_it(client, experiment):
    with mlflow.set_active_model(name="agent") as model:
        assert mlflow.get_active_model_id() == model.model_id

        @mlflow.trace
        def answer(question):
            return question

        answer("why")
        mlflow.flush_trace_async_logging()
        traces = mlflow.search_traces(model_id=model.model_id, return_type="list", include_spans=False)
        assert len(traces) == 1
        with mlflow.start_run():
            mlflow.log_metric("quality", 0.5)
    mlflow.clear_active_model()
    metrics = client.get_logged_model(model.model_id).metrics
    assert [(metric.key, metric.value) for metric in metrics] == [("quality", 0.5)]


def test_stream_becomes_a_file(client, experiment, run):
    client.log_stream(run, io.BytesIO(b"\x00" * 100_000), "deep/stream.bin")
    (file,) = client.list_artifacts(run, "deep")
    assert (file.path, file.file_size) == ("deep/stream.bin", 100_000)
