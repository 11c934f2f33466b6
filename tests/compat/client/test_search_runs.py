"""runs/search: every operator of the filter grammar, every order, and pages."""

import math

import mlflow
import pytest
from mlflow.entities import Metric, Param, RunTag, ViewType
from support import pages, refused


@pytest.fixture(scope="module")
def fleet():
    """Six runs r0..r5; (experiment id, run ids by number). r5 has nothing but its name."""
    client = mlflow.MlflowClient()
    experiment = client.create_experiment(
        f"fleet-{id(object())}-{mlflow.utils.time.get_current_time_millis()}"
    )
    runs = []
    for i in range(6):
        run = client.create_run(
            experiment, start_time=1000 + i, run_name=f"Run {i}", tags={"mlflow.user": f"u{i % 2}"}
        )
        runs.append(run.info.run_id)
    for i, value in enumerate((0.5, 1.5, -2.0, math.nan, 1.5)):
        batch = [Metric("m", value, 1, 0), Metric("a b", i, 1, 0), Metric("x.y/z", i * 10, 1, 0)]
        params = [
            Param("lr", f"0.{i}"),
            Param("dotted.key", "D" if i % 2 else "d"),
            Param("big key", f"v{i}"),
        ]
        client.log_batch(
            runs[i], batch, params, [RunTag("colour", ("Red", "green")[i % 2]), RunTag("t.u", str(i))]
        )
        client.set_terminated(
            runs[i], ("FINISHED", "FAILED", "KILLED", "FINISHED", "FINISHED")[i], end_time=2000 + i
        )
    client.set_tag(runs[0], "only zero", "")
    _log_dataset(client, runs[1], "toy", "abc123", "training")
    _log_dataset(client, runs[2], "Toys", "def456", "testing")
    return experiment, runs


def _log_dataset(client, run, name, digest, context):
    dataset = mlflow.entities.Dataset(name=name, digest=digest, source_type="local", source="{}")
    tag = mlflow.entities.InputTag("mlflow.data.context", context)
    client.log_inputs(run, [mlflow.entities.DatasetInput(dataset, [tag])])


def _numbers(fleet, clause, **more):
    experiment, runs = fleet
    found = mlflow.MlflowClient().search_runs([experiment], clause, **more)
    return [runs.index(run.info.run_id) for run in found]


def _assert_table(fleet, table):
    wrong = {}
    for clause, expected in table.items():
        got = sorted(_numbers(fleet, clause))
        if got != expected:
            wrong[clause] = (got, expected)
    assert wrong == {}, "clause: (got, expected)"


def test_metrics(fleet):
    _assert_table(
        fleet,
        {
            "metrics.m > 0.5": [1, 4],
            "metrics.m >= 0.5": [0, 1, 4],
            "metrics.m = 1.5": [1, 4],
            "metrics.m != 1.5": [0, 2, 3],
            "metrics.m < 1.5": [0, 2],
            "metrics.m <= 1.5": [0, 1, 2, 4],
            "metrics.m < -1": [2],
            "metric.m > 1e0": [1, 4],
            "metrics.`a b` > 2": [3, 4],
            'metrics."a b" <= 1': [0, 1],
            "metrics.x.y = 7": [],
            "metrics.`x.y/z` < 20": [0, 1],
            "metrics.nowhere > 0": [],
            "metrics.nowhere != 0": [],
            "metrics.m > 0 AND metrics.m < 1": [0],
        },
    )


def test_params(fleet):
    _assert_table(
        fleet,
        {
            "params.lr = '0.1'": [1],
            "params.lr != '0.1'": [0, 2, 3, 4],
            "params.lr LIKE '0.%'": [0, 1, 2, 3, 4],
            "params.lr LIKE '0._'": [0, 1, 2, 3, 4],
            "params.lr LIKE '%.4'": [4],
            "param.dotted.key = 'D'": [1, 3],
            "params.`dotted.key` ILIKE 'd'": [0, 1, 2, 3, 4],
            "params.`dotted.key` LIKE 'D'": [1, 3],
            "params.\"big key\" = 'v3'": [3],
            'parameter.lr = "0.2"': [2],
            "parameters.lr = '0.2'": [2],
            "params.lr IS NULL": [5],
            "params.lr IS NOT NULL": [0, 1, 2, 3, 4],
            "params.nowhere = 'x'": [],
            "params.nowhere != 'x'": [],
            "params.lr = '0.1' and params.`big key` = 'v1' and metrics.m > 1": [1],
        },
    )


def test_tags(fleet):
    _assert_table(
        fleet,
        {
            "tags.colour = 'Red'": [0, 2, 4],
            "tags.colour != 'Red'": [1, 3],
            "tag.colour like 'R%'": [0, 2, 4],
            "tags.colour LIKE 'r%'": [],
            "tags.colour ILIKE 'r%'": [0, 2, 4],
            "tags.t.u = '3'": [3],
            "tags.`t.u` = '3'": [3],
            "tags.`only zero` = ''": [0],
            "tags.`only zero` IS NOT NULL": [0],
            "tags.colour IS NULL": [5],
            "tags.mlflow.runName = 'Run 2'": [2],
            "tags.`mlflow.runName` LIKE 'Run%'": [0, 1, 2, 3, 4, 5],
        },
    )


def test_attributes(fleet):
    ids = fleet[1]
    _assert_table(
        fleet,
        {
            "attributes.status = 'FINISHED'": [0, 3, 4],
            "attributes.status != 'FINISHED'": [1, 2, 5],
            "status = 'RUNNING'": [5],
            "attr.status LIKE 'F%'": [0, 1, 3, 4],
            "attribute.status ILIKE 'failed'": [1],
            "status = 'finished'": [],
            f"attributes.run_id = '{ids[2]}'": [2],
            f"run_id != '{ids[2]}'": [0, 1, 3, 4, 5],
            f"attributes.run_id IN ('{ids[2]}', '{ids[4]}')": [2, 4],
            f"run_id NOT IN ('{ids[2]}', '{ids[4]}')": [0, 1, 3, 5],
            "run.run_name = 'Run 3'": [3],
            "attributes.run_name LIKE '%4'": [4],
            "run_name ILIKE 'rUN _'": [0, 1, 2, 3, 4, 5],
            "attributes.`run name` = 'Run 1'": [1],
            "attributes.`Run Name` = 'Run 1'": [1],
            "run_name != 'Run 3'": [0, 1, 2, 4, 5],
            "start_time > 1003": [4, 5],
            "attributes.start_time >= 1003": [3, 4, 5],
            "attributes.start_time = 1000": [0],
            "start_time != 1000": [1, 2, 3, 4, 5],
            "attributes.created < 1002": [0, 1],
            "attributes.Created <= 1002": [0, 1, 2],
            "end_time > 2003": [4],
            "end_time <= 2001 and start_time > 1000": [1],
            "artifact_uri LIKE 'mlflow-artifacts:%'": [0, 1, 2, 3, 4, 5],
            f"attributes.artifact_uri = 'mlflow-artifacts:/{fleet[0]}/{ids[0]}/artifacts'": [0],
        },
    )


def test_user_ids(fleet):
    _assert_table(
        fleet,
        {
            "attributes.user_id = 'u1'": [1, 3, 5],
            "user_id != 'u1'": [0, 2, 4],
            "user_id LIKE 'u%'": [0, 1, 2, 3, 4, 5],
            "user_id ILIKE 'U0'": [0, 2, 4],
        },
    )


def test_datasets(fleet):
    _assert_table(
        fleet,
        {
            "datasets.name = 'toy'": [1],
            "dataset.name != 'toy'": [2],
            "datasets.name LIKE 'to%'": [1],
            "datasets.name ILIKE 'to%'": [1, 2],
            "datasets.name IN ('toy', 'Toys')": [1, 2],
            "datasets.digest = 'abc123'": [1],
            "datasets.digest NOT IN ('abc123')": [2],
            "datasets.context = 'testing'": [2],
            "datasets.name = 'toy' AND datasets.context = 'testing'": [],
        },
    )


def test_case_blanks_and_empty_filters(fleet):
    _assert_table(
        fleet,
        {
            "": [0, 1, 2, 3, 4, 5],
            "  metrics.m   >0.5  ": [1, 4],
            "metrics.m>0.5 aNd params.lr='0.4'": [4],
            "params.lr is null": [5],
            "params.lr Is Not Null And tags.colour iLike 'RED'": [0, 2, 4],
        },
    )


def test_filters_outside_the_grammar_are_refused(fleet):
    for clause in (
        "metrics.m > 'x'",
        "metrics.m = '1'",
        "metrics.m LIKE '1'",
        "params.lr = 0.1",
        "params.lr > '0.1'",
        "params.lr IN ('0.1')",
        "tags.colour < 'x'",
        "attributes.foo = 'x'",
        "foo.bar = 'x'",
        "status > 'A'",
        "start_time = 'x'",
        "start_time LIKE '1'",
        "datasets.foo = 'x'",
        "metrics.m > 0 OR metrics.m < 1",
        "NOT metrics.m > 0",
        "(metrics.m > 0)",
        "metrics.m BETWEEN 1 AND 2",
        "params.lr NOT LIKE 'x'",
        "metrics.m > 0;",
        "metrics.m",
        "metrics.m >",
        "= 1",
        "   ",
        "params.lr = x",
    ):
        with refused("INVALID_PARAMETER_VALUE", about=clause):
            _numbers(fleet, clause)


def test_order(fleet):
    default = [5, 4, 3, 2, 1, 0]
    wrong = {}
    table = {
        (): default,
        ("metrics.m",): [2, 0, 4, 1, 3, 5],
        ("metrics.m ASC", "start_time ASC"): [2, 0, 1, 4, 3, 5],
        ("metrics.m DESC",): [4, 1, 0, 2, 3, 5],
        ("metrics.`a b` DESC",): [4, 3, 2, 1, 0, 5],
        ("params.lr",): [0, 1, 2, 3, 4, 5],
        ("params.lr DESC",): [4, 3, 2, 1, 0, 5],
        ("tags.colour", "attributes.start_time asc"): [0, 2, 4, 1, 3, 5],
        ("tags.colour DESC",): [3, 1, 4, 2, 0, 5],
        ("tag.`t.u` desc",): [4, 3, 2, 1, 0, 5],
        ("start_time",): [0, 1, 2, 3, 4, 5],
        ("attributes.start_time DESC",): default,
        ("end_time",): [0, 1, 2, 3, 4, 5],
        ("end_time DESC",): [4, 3, 2, 1, 0, 5],
        ("status", "start_time ASC"): [1, 0, 3, 4, 2, 5],
        ("attributes.run_name DESC",): default,
        ("run_name",): [0, 1, 2, 3, 4, 5],
        ("created",): [0, 1, 2, 3, 4, 5],
        ("Created DESC",): default,
        ("user_id", "start_time"): [0, 2, 4, 1, 3, 5],
        ("metrics.nowhere",): default,
    }
    for order, expected in table.items():
        got = _numbers(fleet, "", order_by=list(order))
        if got != expected:
            wrong[order] = (got, expected)
    assert wrong == {}, "order: (got, expected)"


def test_order_by_ids_and_uris(fleet):
    ids = fleet[1]
    by_id = [ids.index(run) for run in sorted(ids)]
    assert _numbers(fleet, "", order_by=["run_id"]) == by_id
    assert _numbers(fleet, "", order_by=["attributes.run_id DESC"]) == by_id[::-1]
    assert _numbers(fleet, "", order_by=["artifact_uri"]) == by_id


def test_bad_orders_are_refused(fleet):
    for order in (
        "foo",
        "metrics",
        "metrics.m UP",
        "datasets.name",
        "metrics.m ASC, params.lr",
        "attributes.foo",
        "",
    ):
        with refused("INVALID_PARAMETER_VALUE"):
            _numbers(fleet, "", order_by=[order])


def test_pages_are_whole_and_in_order(fleet):
    client = mlflow.MlflowClient()
    for size, lengths in ((1, [1] * 6), (2, [2, 2, 2]), (4, [4, 2]), (6, [6]), (50_000, [6])):
        runs, got = pages(
            lambda size, token: client.search_runs(
                [fleet[0]], "", max_results=size, page_token=token, order_by=["params.lr DESC"]
            ),
            size,
        )
        assert got == lengths
        assert [fleet[1].index(r.info.run_id) for r in runs] == [4, 3, 2, 1, 0, 5]


def test_bad_limits_and_tokens_are_refused(fleet):
    for bad in ({"max_results": 0}, {"max_results": -1}, {"max_results": 50_001}, {"page_token": "zzz"}):
        with refused("INVALID_PARAMETER_VALUE"):
            _numbers(fleet, "", **bad)


def test_experiments_are_joined_and_unknown_ones_ignored(fleet, client, run, experiment):
    found = client.search_runs([fleet[0], experiment, "987654321"], "", run_view_type=ViewType.ALL)
    assert sorted(r.info.run_id for r in found) == sorted([*fleet[1], run])
    assert client.search_runs([], "") == []
    with refused("INVALID_PARAMETER_VALUE"):
        client.search_runs(["abc"], "")


def test_fluent_search_makes_a_table(fleet):
    table = mlflow.search_runs([fleet[0]], "metrics.m > 0", order_by=["params.lr"])
    assert list(table["params.lr"]) == ["0.0", "0.1", "0.4"]
    assert list(table["metrics.m"]) == [0.5, 1.5, 1.5]
    assert list(table["tags.colour"]) == ["Red", "green", "Red"]
    name = mlflow.get_experiment(fleet[0]).name
    assert len(mlflow.search_runs(experiment_names=[name], max_results=5)) == 5
    assert len(mlflow.search_runs(experiment_names=[name], output_format="list")) == 6


def test_found_runs_are_whole(fleet):
    found = mlflow.MlflowClient().search_runs([fleet[0]], "params.lr = '0.1'")[0]
    got = mlflow.get_run(fleet[1][1])
    assert found.info.to_proto() == got.info.to_proto()
    assert (found.data.metrics, found.data.params, found.data.tags) == (
        got.data.metrics,
        got.data.params,
        got.data.tags,
    )
    assert found.inputs.dataset_inputs[0].dataset.name == "toy"
