import math
import sys
import time

import mlflow
import pandas as pd
import pytest
from mlflow.entities import Metric, Param, RunTag
from support import refused

LARGEST = sys.float_info.max


def test_metrics_with_steps_keep_the_highest_step(client, run):
    for step, value in ((0, 5.0), (10, 1.0), (3, 7.0)):
        client.log_metric(run, "loss", value, step=step)
        time.sleep(0.002)  # a history is ordered by milliseconds
    assert client.get_run(run).data.metrics == {"loss": 1.0}
    assert [(m.step, m.value) for m in client.get_metric_history(run, "loss")] == [
        (0, 5.0),
        (10, 1.0),
        (3, 7.0),
    ]


def test_latest_metric_goes_by_step_then_timestamp_then_value(client, run):
    points = ((5, 1, 1.0), (5, 2, 0.5), (4, 9, 3.0), (5, 2, 0.25))
    for step, timestamp, value in points:
        client.log_metric(run, "m", value, timestamp=timestamp, step=step)
    assert client.get_run(run).data.metrics == {"m": 0.5}


def test_history_is_ordered_by_time_then_step_then_value(client, run):
    for timestamp, step, value in ((30, 1, 1.0), (10, 9, 2.0), (10, 2, 5.0), (10, 2, 4.0), (20, -3, 0.0)):
        client.log_metric(run, "m", value, timestamp=timestamp, step=step)
    history = [(m.timestamp, m.step, m.value) for m in client.get_metric_history(run, "m")]
    assert history == [(10, 2, 4.0), (10, 2, 5.0), (10, 9, 2.0), (20, -3, 0.0), (30, 1, 1.0)]


def test_same_point_twice_is_one_point(client, run):
    for _ in range(3):
        client.log_metric(run, "m", 0.5, timestamp=7, step=1)
    client.log_batch(run, metrics=[Metric("m", 0.5, 7, 1), Metric("m", 0.5, 7, 1)])
    assert len(client.get_metric_history(run, "m")) == 1


def test_nan_and_infinities_survive(client, run):
    for key, value in (("nan", math.nan), ("inf", math.inf), ("-inf", -math.inf)):
        client.log_metric(run, key, value)
    metrics = client.get_run(run).data.metrics
    assert math.isnan(metrics["nan"])
    assert (metrics["inf"], metrics["-inf"]) == (LARGEST, -LARGEST)
    assert math.isnan(client.get_metric_history(run, "nan")[0].value)
    assert client.get_metric_history(run, "inf")[0].value == LARGEST


def test_nan_counts_as_zero_for_the_latest_value(client, run):
    for key, first, second in (("a", 5.0, math.nan), ("b", -1.0, math.nan), ("c", math.nan, -5.0)):
        client.log_metric(run, key, first, timestamp=1, step=1)
        client.log_metric(run, key, second, timestamp=1, step=1)
    metrics = client.get_run(run).data.metrics
    assert metrics["a"] == 5.0
    assert math.isnan(metrics["b"])
    assert math.isnan(metrics["c"])


def test_extreme_numbers_survive(client, run):
    values = {"tiny": 5e-324, "huge": LARGEST, "third": 1 / 3, "neg zero": -0.0, "int": 2**53}
    for key, value in values.items():
        client.log_metric(run, key, value)
    assert client.get_run(run).data.metrics == values
    client.log_metric(run, "steps", 1, step=-(2**40), timestamp=0)
    client.log_metric(run, "steps", 2, step=2**40, timestamp=0)
    assert [m.step for m in client.get_metric_history(run, "steps")] == [-(2**40), 2**40]


def test_keys_of_all_allowed_shapes(client, run):
    keys = ["a", "a/b/c", "A-b_c.d", "with blank", "x:y", "größe", "k" * 250]
    for key in keys:
        client.log_metric(run, key, 1.0)
        client.log_param(run, key, "v")
        client.set_tag(run, key, "t")
    data = client.get_run(run).data
    assert set(keys) == set(data.metrics) == set(data.params)
    assert set(keys) <= set(data.tags)


def test_keys_that_are_refused(client, run):
    for key in ("a$b", "/a", "a//b", "a/../b", "a/", "./a", "..", "k" * 251, ""):
        with refused("INVALID_PARAMETER_VALUE"):
            client.log_metric(run, key, 1.0)
        with refused("INVALID_PARAMETER_VALUE"):
            client.log_param(run, key, "v")
        with refused("INVALID_PARAMETER_VALUE"):
            client.set_tag(run, key, "v")
    data = client.get_run(run).data
    assert (data.metrics, data.params, list(data.tags)) == ({}, {}, ["mlflow.runName"])


def test_log_metrics_logs_all_at_one_step(client, experiment):
    with mlflow.start_run() as active:
        mlflow.log_metrics({"a": 1, "b": 2.5}, step=4)
        mlflow.log_metrics({"a": 3}, step=5)
    assert client.get_run(active.info.run_id).data.metrics == {"a": 3.0, "b": 2.5}
    assert [m.step for m in client.get_metric_history(active.info.run_id, "a")] == [4, 5]


def test_param_is_written_once(client, run):
    client.log_param(run, "lr", 0.1)
    client.log_param(run, "lr", 0.1)
    with refused(
        "INVALID_PARAMETER_VALUE", "Changing param values is not allowed", "'lr'", "0.1", "0.2"
    ) as caught:
        client.log_param(run, "lr", 0.2)
    assert "The cause of this error is typically due to repeated calls" in str(caught.value)
    assert client.get_run(run).data.params == {"lr": "0.1"}


def test_params_of_all_kinds_become_text(client, experiment):
    with mlflow.start_run() as active:
        mlflow.log_params(
            {"none": None, "list": [1, 2], "float": 1e-5, "empty": "", "text": "größe\n✓", "b": True}
        )
    assert client.get_run(active.info.run_id).data.params == {
        "none": "None",
        "list": "[1, 2]",
        "float": "1e-05",
        "empty": "",
        "text": "größe\n✓",
        "b": "True",
    }


def test_long_values_are_cut_and_may_be_repeated(client, run):
    for _ in range(2):
        client.log_param(run, "long", "p" * 7000)
    client.set_tag(run, "long", "t" * 9000)
    data = client.get_run(run).data
    assert (len(data.params["long"]), len(data.tags["long"])) == (6000, 8000)


def test_changed_param_fails_the_whole_batch(client, run):
    client.log_param(run, "p", "1")
    with refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed"):
        client.log_batch(run, [Metric("m", 1, 1, 0)], [Param("q", "x"), Param("p", "2")], [RunTag("t", "v")])
    data = client.get_run(run).data
    assert (data.params, data.metrics) == ({"p": "1"}, {})
    assert "t" not in data.tags


def test_batch_of_everything(client, run):
    client.log_batch(
        run,
        metrics=[Metric(f"m{i % 10}", i, i, i) for i in range(800)],
        params=[Param(f"p{i}", str(i)) for i in range(100)],
        tags=[RunTag(f"t{i}", str(i)) for i in range(100)],
    )
    data = client.get_run(run).data
    assert data.metrics == {f"m{i}": float(790 + i) for i in range(10)}
    assert data.params == {f"p{i}": str(i) for i in range(100)}
    assert {f"t{i}": str(i) for i in range(100)}.items() <= data.tags.items()


def test_batches_beyond_the_limits_are_split_by_the_client(client, run):
    client.log_batch(
        run,
        metrics=[Metric("m", i, i, i) for i in range(1001)],
        params=[Param(f"p{i}", "") for i in range(101)],
        tags=[RunTag(f"t{i}", "") for i in range(101)],
    )
    data = client.get_run(run).data
    assert (data.metrics, len(data.params), len(data.tags)) == ({"m": 1000.0}, 101, 102)


def test_param_key_twice_in_one_batch_is_refused(client, run):
    with refused("INVALID_PARAMETER_VALUE", "Duplicate parameter keys"):
        client.log_batch(run, params=[Param("p", "1"), Param("p", "1")])
    assert client.get_run(run).data.params == {}


def test_tags_are_upserted_and_deleted(client, run):
    client.set_tag(run, "t", 1)
    client.set_tag(run, "t", "two")
    client.set_tag(run, "empty", "")
    tags = client.get_run(run).data.tags
    assert (tags["t"], tags["empty"]) == ("two", "")
    client.delete_tag(run, "t")
    assert "t" not in client.get_run(run).data.tags
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.delete_tag(run, "t")


def test_fluent_tags_can_be_set_and_deleted(client, experiment):
    with mlflow.start_run() as active:
        mlflow.set_tags({"a": 1, "b": "x"})
        mlflow.set_tag("c", "y")
        mlflow.delete_tag("a")
    tags = client.get_run(active.info.run_id).data.tags
    assert (tags["b"], tags["c"], "a" in tags) == ("x", "y", False)


def test_dataset_inputs_are_kept_with_their_context(client, experiment):
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]})
    dataset = mlflow.data.from_pandas(frame, source="https://example.com/data.csv", name="toy", targets="y")
    with mlflow.start_run() as active:
        mlflow.log_input(dataset, context="training", tags={"fold": "1"})
        mlflow.log_input(dataset, context="training")
    inputs = client.get_run(active.info.run_id).inputs.dataset_inputs
    assert len(inputs) == 1
    got, tags = inputs[0].dataset, {t.key: t.value for t in inputs[0].tags}
    assert (got.name, got.digest, got.source_type) == ("toy", dataset.digest, "http")
    assert "example.com" in got.source
    assert "mlflow_colspec" in got.schema
    assert "num_rows" in got.profile
    assert tags == {"mlflow.data.context": "training", "fold": "1"}
    found = mlflow.search_runs(
        [experiment], filter_string="datasets.name = 'toy' and dataset.context = 'training'"
    )
    assert list(found.run_id) == [active.info.run_id]


@pytest.mark.mlflow3
def test_metric_of_a_dataset_and_model_reaches_the_model(client, experiment):
    frame = pd.DataFrame({"x": [1.0, 2.0]})
    dataset = mlflow.data.from_pandas(frame, source="https://example.com/d.csv", name="valid")
    with mlflow.start_run() as active:
        model = mlflow.initialize_logged_model(name="net")
        mlflow.log_metric("acc", 0.75, step=3, dataset=dataset, model_id=model.model_id)
        mlflow.log_metrics({"f1": 0.5}, step=3, model_id=model.model_id)
    metrics = {m.key: m for m in mlflow.get_logged_model(model.model_id).metrics}
    assert (metrics["acc"].value, metrics["acc"].dataset_name, metrics["acc"].dataset_digest) == (
        0.75,
        "valid",
        dataset.digest,
    )
    assert (metrics["f1"].value, metrics["f1"].dataset_name) == (0.5, None)
    assert metrics["acc"].run_id == active.info.run_id
    assert client.get_run(active.info.run_id).data.metrics == {"acc": 0.75, "f1": 0.5}


@pytest.mark.mlflow3
def test_many_inputs_at_once(client, experiment):
    frame = pd.DataFrame({"x": [1.0]})
    sets = [mlflow.data.from_pandas(frame, source=f"https://example.com/{i}", name=f"d{i}") for i in range(3)]
    with mlflow.start_run() as active:
        mlflow.log_inputs(sets, contexts=["train", "valid", None], tags_list=[{"k": "v"}, None, None])
    inputs = client.get_run(active.info.run_id).inputs.dataset_inputs
    assert sorted(i.dataset.name for i in inputs) == ["d0", "d1", "d2"]
