"""Logged models of MLflow 3: their records and their search."""

import mlflow
import pytest
from mlflow.entities import LoggedModelStatus, Metric
from support import by_server, pages, refused

pytestmark = pytest.mark.mlflow3


def test_logged_model_reads_back_whole(client, experiment, run):
    made = client.create_logged_model(
        experiment, name="net", source_run_id=run, tags={"t": "1"}, params={"p": "2"}, model_type="Agent"
    )
    got = client.get_logged_model(made.model_id)
    assert got.model_id.startswith("m-")
    assert len(got.model_id) == 34
    assert (got.name, got.experiment_id, got.source_run_id, got.model_type) == (
        "net",
        experiment,
        run,
        "Agent",
    )
    assert (got.tags, got.params) == ({"t": "1"}, {"p": "2"})
    assert not got.metrics
    assert got.status == LoggedModelStatus.PENDING
    assert got.artifact_location == f"mlflow-artifacts:/{experiment}/models/{got.model_id}/artifacts"
    assert got.last_updated_timestamp >= got.creation_timestamp > 1_600_000_000_000


def test_model_without_a_name_gets_one(client, experiment):
    assert client.create_logged_model(experiment).name


def test_bad_names_are_refused(client, experiment):
    for bad in ("a/b", "a:b", "a.b", "a%b", 'a"b', "a'b"):
        with refused("INVALID_PARAMETER_VALUE", about=bad):
            client.create_logged_model(experiment, name=bad)


def test_status_is_finalized(client, experiment):
    model = client.create_logged_model(experiment, name="m")
    for status in (LoggedModelStatus.READY, LoggedModelStatus.FAILED):
        assert client.finalize_logged_model(model.model_id, status).status == status
        assert client.get_logged_model(model.model_id).status == status


def test_tags_are_upserted_and_deleted(client, experiment):
    model = client.create_logged_model(experiment, name="m", tags={"a": "1"})
    client.set_logged_model_tags(model.model_id, {"a": "2", "b": "3"})
    client.delete_logged_model_tag(model.model_id, "b")
    assert client.get_logged_model(model.model_id).tags == {"a": "2"}
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.delete_logged_model_tag(model.model_id, "b")


def test_params_are_added(client, experiment):
    model = client.create_logged_model(experiment, name="m", params={"a": "1"})
    client.log_model_params(model.model_id, {"b": "2", "c": "3"})
    assert client.get_logged_model(model.model_id).params == {"a": "1", "b": "2", "c": "3"}


def test_deleted_model_is_gone(client, experiment):
    model = client.create_logged_model(experiment, name="m")
    client.delete_logged_model(model.model_id)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_logged_model(model.model_id)
    assert client.search_logged_models([experiment]) == []


def test_unknown_model_raises(client):
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_logged_model("m-" + "0" * 32)


def test_artifacts_of_a_model_are_listed(client, experiment, tmp_path):
    model = client.create_logged_model(experiment, name="m")
    repository = mlflow.store.artifact.artifact_repository_registry.get_artifact_repository(
        model.artifact_location
    )
    (tmp_path / "a.txt").write_text("abc")
    repository.log_artifact(str(tmp_path / "a.txt"), "deep")
    assert [f.path for f in client.list_logged_model_artifacts(model.model_id)] == ["deep"]
    assert [f.path for f in client.list_logged_model_artifacts(model.model_id, "deep")] == ["deep/a.txt"]


@pytest.fixture
def shelf(client, experiment, run):
    """Five models of one experiment by name a..e; e has no params and no metrics."""
    models = {}
    for i, letter in enumerate("abcde"):
        params = {"lr": f"0.{i}", "big key": "X"} if letter != "e" else None
        made = client.create_logged_model(
            experiment,
            name=letter,
            params=params,
            tags={"colour": ("Red", "green")[i % 2]},
            model_type="T" if i < 2 else "U",
            source_run_id=run if i == 0 else None,
        )
        models[letter] = made.model_id
        if letter != "e":
            client.log_batch(run, [Metric("acc", i / 4, 1, 1, model_id=made.model_id)])
    client.finalize_logged_model(models["a"], "READY")
    client.log_metric(run, "f1", 0.9, model_id=models["b"], dataset_name="valid", dataset_digest="d1")
    client.log_metric(run, "f1", 0.1, model_id=models["b"], dataset_name="train", dataset_digest="d2")
    return models


def _names(client, experiment, clause=None, **more):
    return "".join(m.name for m in client.search_logged_models([experiment], clause, **more))


def test_search_by_every_operator(client, experiment, shelf, run):
    table = {
        "name = 'a'": "a",
        "attributes.name != 'a'": "bcde",
        "name LIKE 'A'": "",
        "name ILIKE 'A'": "a",
        "name IN ('a', 'b')": "ab",
        "name NOT IN ('a', 'b')": "cde",
        f"model_id = '{shelf['c']}'": "c",
        "model_type = 'T'": "ab",
        "attributes.model_type LIKE 'U%'": "cde",
        "status = 'READY'": "a",
        "attributes.status != 'READY'": "bcde",
        f"source_run_id = '{run}'": "a",
        "creation_timestamp > 0": "abcde",
        "creation_time < 10": "",
        "last_updated_timestamp >= 10": "abcde",
        "metrics.acc > 0.25": "cd",
        "metrics.acc >= 0.25": "bcd",
        "metrics.acc = 0.5": "c",
        "metrics.acc != 0.5": "abd",
        "metrics.acc < 0.25 AND name = 'a'": "a",
        "params.lr = '0.1'": "b",
        "params.lr != '0.1'": "acd",
        "params.`big key` = 'X'": "abcd",
        "params.lr LIKE '0.%'": "abcd",
        "params.lr IN ('0.1', '0.2')": "bc",
        "tags.colour = 'Red'": "ace",
        "tags.colour ILIKE 'red'": "ace",
        "tags.colour != 'Red' AND metrics.acc > 0.5": "d",
        "tags.colour NOT IN ('Red')": "bd",
    }
    wrong = {}
    for clause, expected in table.items():
        got = "".join(sorted(_names(client, experiment, clause)))
        if got != expected:
            wrong[clause] = (got, expected)
    assert wrong == {}, "clause: (got, expected)"


def test_filters_outside_the_grammar_are_refused(client, experiment):
    code = by_server("bad-logged-model-filter", stock="INTERNAL_ERROR", runyard="INVALID_PARAMETER_VALUE")
    for bad in ("foo = 'x'", "creation_timestamp = 'x'", "metrics.acc = 'x'"):
        with refused(code, about=bad):
            client.search_logged_models([experiment], bad)
    for bad in (
        "params.lr > '1'",
        "name = 'a' OR name = 'b'",
        "params.lr IS NULL",
        "name > 'a'",
    ):
        with refused("INVALID_PARAMETER_VALUE", about=bad):
            client.search_logged_models([experiment], bad)


def test_order(client, experiment, shelf):
    def ordered(*clauses):
        return _names(client, experiment, order_by=list(clauses))

    made = {name: client.get_logged_model(model).creation_timestamp for name, model in shelf.items()}
    assert ordered({"field_name": "name"}) == "abcde"
    assert ordered({"field_name": "name", "ascending": False}) == "edcba"
    assert ordered({"field_name": "metrics.acc", "ascending": False}) == "dcbae"
    assert ordered({"field_name": "metrics.acc"}) == "abcde"
    newest = [made[name] for name in ordered({"field_name": "creation_timestamp", "ascending": False})]
    assert newest == sorted(newest, reverse=True)
    valid = {"field_name": "metrics.f1", "ascending": False, "dataset_name": "valid", "dataset_digest": "d1"}
    assert ordered(valid)[0] == "b"
    with refused("INVALID_PARAMETER_VALUE"):
        ordered({"field_name": "foo"})


def test_metrics_of_a_dataset_are_searched_apart(client, experiment, shelf):
    def found(dataset, clause):
        return _names(client, experiment, clause, datasets=[dataset])

    valid, train = ({"dataset_name": n, "dataset_digest": d} for n, d in (("valid", "d1"), ("train", "d2")))
    assert found(valid, "metrics.f1 > 0.5") == "b"
    assert found(train, "metrics.f1 > 0.5") == ""
    by_name = by_server("dataset-name-without-digest", stock="", runyard="b")
    assert found({"dataset_name": "valid"}, "metrics.f1 > 0.5") == by_name


def test_pages(client, experiment, shelf):
    items, lengths = pages(
        lambda size, token: client.search_logged_models(
            [experiment], max_results=size, page_token=token, order_by=[{"field_name": "name"}]
        ),
        2,
    )
    assert ("".join(m.name for m in items), lengths) == ("abcde", [2, 2, 1])
    code = by_server("bad-logged-model-token", stock="INTERNAL_ERROR", runyard="INVALID_PARAMETER_VALUE")
    with refused(code):
        client.search_logged_models([experiment], page_token="zz")


def test_fluent_search(experiment, shelf):
    found = mlflow.search_logged_models([experiment], "metrics.acc > 0.25", output_format="list")
    assert {m.name for m in found} == {"c", "d"}
    assert len(mlflow.search_logged_models([experiment])) == 5
