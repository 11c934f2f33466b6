"""The model registry through MlflowClient: models, versions, stages, aliases, tags, search."""

import mlflow
import pytest
from support import by_server, pages, refused


@pytest.fixture
def model(client, name):
    return client.create_registered_model(name, tags={"team": "red"}, description="first").name


@pytest.fixture
def source(client, run):
    """A source that a version may be made from: a folder among the artifacts of `run`."""
    client.log_text(run, "x", "model/MLmodel")
    return f"runs:/{run}/model"


def _version(client, model, run, **more):
    return client.create_model_version(model, client.get_run(run).info.artifact_uri + "/model", run, **more)


def test_registered_model_reads_back_whole(client, model):
    got = client.get_registered_model(model)
    assert (got.name, got.description, got.tags) == (model, "first", {"team": "red"})
    assert got.aliases == {}
    assert got.latest_versions == []
    assert got.last_updated_timestamp >= got.creation_timestamp > 1_600_000_000_000


def test_second_model_of_the_same_name_is_refused(client, model):
    with refused("RESOURCE_ALREADY_EXISTS", "already exists"):
        client.create_registered_model(model)


def test_bad_model_names_are_refused(client):
    for bad in ("", "   ", "a/b", "a:b"):
        with refused("INVALID_PARAMETER_VALUE", about=bad):
            client.create_registered_model(bad)


def test_unknown_model_raises(client, name):
    for call in (
        lambda: client.get_registered_model(name),
        lambda: client.update_registered_model(name, "x"),
        lambda: client.delete_registered_model(name),
        lambda: client.rename_registered_model(name, name + "2"),
        lambda: client.create_model_version(name, "s3://bucket/model"),
        lambda: client.get_latest_versions(name),
    ):
        with refused("RESOURCE_DOES_NOT_EXIST"):
            call()


def test_update_and_rename_keep_everything(client, model, run, source):
    _version(client, model, run)
    client.set_registered_model_alias(model, "best", "1")
    client.update_registered_model(model, "second")
    client.rename_registered_model(model, model + "-new")
    got = client.get_registered_model(model + "-new")
    assert (got.name, got.description) == (model + "-new", "second")
    assert (got.tags, got.aliases) == ({"team": "red"}, {"best": "1"})
    assert client.get_model_version(model + "-new", "1").name == model + "-new"
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_registered_model(model)


def test_rename_to_a_taken_name_is_refused(client, model):
    client.create_registered_model(model + "-taken")
    with refused("RESOURCE_ALREADY_EXISTS"):
        client.rename_registered_model(model, model + "-taken")


def test_deleted_model_is_gone_with_its_versions(client, model, run, source):
    _version(client, model, run)
    client.delete_registered_model(model)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_registered_model(model)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_model_version(model, "1")
    client.create_registered_model(model)
    assert int(_version(client, model, run).version) == 1


def test_model_tags_are_upserted_and_deleted(client, model):
    client.set_registered_model_tag(model, "k", "1")
    client.set_registered_model_tag(model, "k", "ü" * 5000)
    client.delete_registered_model_tag(model, "team")
    client.delete_registered_model_tag(model, "never was")
    assert client.get_registered_model(model).tags == {"k": "ü" * 5000}


def test_version_reads_back_whole(client, model, run, source):
    made = client.create_model_version(
        model, source, run, tags={"a": "1"}, description="about", run_link="http://x/y"
    )
    got = client.get_model_version(model, made.version)
    assert (got.name, int(got.version), got.current_stage, got.status) == (model, 1, "None", "READY")
    assert (got.source, got.run_id, got.run_link) == (source, run, "http://x/y")
    assert (got.description, got.tags) == ("about", {"a": "1"})
    assert client.get_model_version_download_uri(model, "1") == source


def test_version_numbers_grow_and_are_never_reused(client, model, run, source):
    assert [int(_version(client, model, run).version) for _ in range(3)] == [1, 2, 3]
    client.delete_model_version(model, "3")
    client.delete_model_version(model, "2")
    assert int(_version(client, model, run).version) in (2, 4)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_model_version(model, "3")


def test_version_tags_and_description(client, model, run, source):
    _version(client, model, run)
    client.set_model_version_tag(model, "1", "k", "v")
    client.set_model_version_tag(model, "1", "k", "w")
    client.set_model_version_tag(model, "1", "gone", "v")
    client.delete_model_version_tag(model, "1", "gone")
    client.delete_model_version_tag(model, "1", "never was")
    client.update_model_version(model, "1", "words")
    got = client.get_model_version(model, "1")
    assert (got.tags, got.description) == ({"k": "w"}, "words")


def test_stages_move_and_archive(client, model, run, source):
    for _ in range(3):
        _version(client, model, run)
    client.transition_model_version_stage(model, "1", "Production")
    client.transition_model_version_stage(model, "2", "staging")
    client.transition_model_version_stage(model, "3", "Production", archive_existing_versions=True)
    stages = [client.get_model_version(model, v).current_stage for v in ("1", "2", "3")]
    assert stages == ["Archived", "Staging", "Production"]
    latest = {v.current_stage: int(v.version) for v in client.get_latest_versions(model)}
    assert latest == {"Archived": 1, "Staging": 2, "Production": 3}
    assert [int(v.version) for v in client.get_latest_versions(model, ["Production"])] == [3]
    assert {int(v.version) for v in client.get_registered_model(model).latest_versions} == {1, 2, 3}
    with refused("INVALID_PARAMETER_VALUE"):
        client.transition_model_version_stage(model, "1", "Nowhere")
    with refused("INVALID_PARAMETER_VALUE"):
        client.get_latest_versions(model, ["Nowhere"])


def test_archiving_with_an_inactive_stage_is_refused(client, model, run, source):
    _version(client, model, run)
    code = by_server("archive-with-inactive-stage", stock="INTERNAL_ERROR", runyard="INVALID_PARAMETER_VALUE")
    with refused(code):
        client.transition_model_version_stage(model, "1", "None", archive_existing_versions=True)


def test_latest_versions_are_the_highest_of_their_stage(client, model, run, source):
    for _ in range(12):
        _version(client, model, run)
    assert [int(v.version) for v in client.get_latest_versions(model)] == [12]


def test_aliases_point_and_move(client, model, run, source):
    for _ in range(2):
        _version(client, model, run)
    client.set_registered_model_alias(model, "Best-1_x", "1")
    client.set_registered_model_alias(model, "other", "1")
    assert int(client.get_model_version_by_alias(model, "Best-1_x").version) == 1
    assert sorted(client.get_model_version(model, "1").aliases) == ["Best-1_x", "other"]
    client.set_registered_model_alias(model, "Best-1_x", "2")
    assert {k: int(v) for k, v in client.get_registered_model(model).aliases.items()} == {
        "Best-1_x": 2,
        "other": 1,
    }
    client.delete_registered_model_alias(model, "other")
    client.delete_registered_model_alias(model, "other")
    with refused("INVALID_PARAMETER_VALUE", "alias other not found"):
        client.get_model_version_by_alias(model, "other")


def test_aliases_go_with_their_version(client, model, run, source):
    for _ in range(2):
        _version(client, model, run)
    client.set_registered_model_alias(model, "a", "2")
    client.delete_model_version(model, "2")
    assert client.get_registered_model(model).aliases == {}


def test_bad_aliases_are_refused(client, model, run, source):
    _version(client, model, run)
    for bad in ("latest", "LATEST", "v1", "V12", "a b", "a/b", "x" * 256, ""):
        with refused("INVALID_PARAMETER_VALUE", about=bad):
            client.set_registered_model_alias(model, bad, "1")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.set_registered_model_alias(model, "a", "9")


def test_sources_that_leave_the_run_are_refused(client, model, run, experiment):
    other = client.create_run(experiment).info
    for source in (
        f"mlflow-artifacts:/{experiment}/{run}/artifacts/../../{other.run_id}/artifacts",
        "file:///etc",
        "/etc/passwd",
        f"{client.get_run(run).info.artifact_uri}/%2e%2e/%2e%2e/x",
    ):
        with refused("INVALID_PARAMETER_VALUE", about=source):
            client.create_model_version(model, source, run)


def _zoo(client, name, run):
    """Models zoo-a .. zoo-d, a with 3 versions; returns the prefix."""
    for letter in "abcd":
        tags = {"zoo": name, "colour": "Red" if letter in "ab" else "green"}
        client.create_registered_model(f"{name}-{letter}", tags=tags)
    for number in range(3):
        _version(client, f"{name}-a", run, tags={"n": str(number), "zoo": name})
    _version(client, f"{name}-b", run, tags={"zoo": name})
    return name


def test_search_registered_models(client, name, run, source):
    zoo = _zoo(client, name, run)
    table = {
        f"name = '{zoo}-a'": "a",
        f"name LIKE '{zoo}-%'": "abcd",
        f"name LIKE '{zoo.upper()}-%'": "",
        f"name ILIKE '{zoo.upper()}-%'": "abcd",
        f"name != '{zoo}-a' AND tags.zoo = '{zoo}'": "bcd",
        f"tags.zoo = '{zoo}' AND tags.colour = 'Red'": "ab",
        f"tags.zoo = '{zoo}' and tag.colour != 'Red'": "cd",
        f"tags.zoo = '{zoo}' AND tags.colour LIKE 'gr%'": "cd",
        f"tags.zoo = '{zoo}' AND tags.`colour` ILIKE 'RED'": "ab",
    }
    for clause, expected in table.items():
        found = client.search_registered_models(clause)
        assert [m.name for m in found] == [f"{zoo}-{letter}" for letter in expected], clause
    found = client.search_registered_models(f"name = '{zoo}-a'")[0]
    assert [int(v.version) for v in found.latest_versions] == [3]
    for bad in ("foo = 'x'", "name > 'x'", "name = 1", "name = 'a' OR name = 'b'", "tags.x IS NULL"):
        with refused("INVALID_PARAMETER_VALUE", about=bad):
            client.search_registered_models(bad)


def test_search_registered_models_orders_and_pages(client, name, run, source):
    zoo = _zoo(client, name, run)
    mine = f"name LIKE '{zoo}-%'"
    for order, expected in ((["name DESC"], "dcba"), (["name"], "abcd"), (["name ASC"], "abcd")):
        found = client.search_registered_models(mine, order_by=order)
        assert [m.name[-1] for m in found] == list(expected), order
    for order in (["last_updated_timestamp DESC"], ["timestamp ASC", "name DESC"]):
        found = [m.last_updated_timestamp for m in client.search_registered_models(mine, order_by=order)]
        assert found == sorted(found, reverse="DESC" in order[0])
    items, lengths = pages(lambda n, t: client.search_registered_models(mine, max_results=n, page_token=t), 3)
    assert ([m.name[-1] for m in items], lengths) == (list("abcd"), [3, 1])
    for bad in (
        {"order_by": ["foo"]},
        {"order_by": ["name UP"]},
        {"max_results": 1001},
        {"page_token": "zz"},
    ):
        with refused("INVALID_PARAMETER_VALUE", about=str(bad)):
            client.search_registered_models(mine, **bad)


def test_search_model_versions(client, name, run, source):
    zoo = _zoo(client, name, run)
    uri = client.get_run(run).info.artifact_uri + "/model"
    table = {
        f"name = '{zoo}-a'": ["a1", "a2", "a3"],
        f"name LIKE '{zoo}-_'": ["a1", "a2", "a3", "b1"],
        f"name ILIKE '{zoo.upper()}-B'": ["b1"],
        f"name IN ('{zoo}-a', '{zoo}-b')": ["a1", "a2", "a3", "b1"],
        f"run_id = '{run}'": ["a1", "a2", "a3", "b1"],
        f"run_id IN ('{run}', 'other')": ["a1", "a2", "a3", "b1"],
        f"run_id = '{run}' AND version_number > 1": ["a2", "a3"],
        f"run_id = '{run}' AND version_number <= 2 AND name LIKE '%a'": ["a1", "a2"],
        f"run_id = '{run}' AND version_number != 1": ["a2", "a3"],
        f"source_path = '{uri}'": ["a1", "a2", "a3", "b1"],
        f"source_path LIKE '%{run}/artifacts/%'": ["a1", "a2", "a3", "b1"],
        f"run_id = '{run}' AND tags.n = '1'": ["a2"],
        f"run_id = '{run}' AND tags.n != '1'": ["a1", "a3"],
        f"run_id = '{run}' AND tags.`n` LIKE '_'": ["a1", "a2", "a3"],
    }
    for clause, expected in table.items():
        found = client.search_model_versions(clause)
        assert sorted(f"{v.name[-1]}{v.version}" for v in found) == expected, clause
    for bad in (
        "foo = 'x'",
        "version_number = 'x'",
        "name > 'x'",
        "run_id = 'a' OR run_id = 'b'",
        "tags.n > '1'",
    ):
        with refused("INVALID_PARAMETER_VALUE", about=bad):
            client.search_model_versions(bad)


def test_search_model_versions_orders_and_pages(client, name, run, source):
    zoo = _zoo(client, name, run)
    mine = f"name = '{zoo}-a'"
    for order, expected in (
        (["version_number ASC"], [1, 2, 3]),
        (["version_number DESC"], [3, 2, 1]),
        (["name ASC", "version_number DESC"], [3, 2, 1]),
        (["creation_timestamp ASC", "version_number ASC"], [1, 2, 3]),
    ):
        found = client.search_model_versions(mine, order_by=order)
        assert [int(v.version) for v in found] == expected, order
    client.set_model_version_tag(f"{zoo}-a", "2", "touched", "1")
    items, lengths = pages(
        lambda n, t: client.search_model_versions(
            mine, max_results=n, page_token=t, order_by=["version_number ASC"]
        ),
        2,
    )
    assert ([int(v.version) for v in items], lengths) == ([1, 2, 3], [2, 1])
    for bad in ({"order_by": ["foo"]}, {"max_results": 0}, {"max_results": 200_001}):
        with refused("INVALID_PARAMETER_VALUE", about=str(bad)):
            client.search_model_versions(mine, **bad)


def test_deleted_version_is_not_found_by_search(client, model, run, source):
    for _ in range(2):
        _version(client, model, run)
    client.delete_model_version(model, "2")
    assert [int(v.version) for v in client.search_model_versions(f"name = '{model}'")] == [1]
    assert [int(v.version) for v in client.get_latest_versions(model)] == [1]


def test_bad_version_numbers_are_refused(client, model):
    with refused("INVALID_PARAMETER_VALUE"):
        client.get_model_version(model, "one")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_model_version(model, "1")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.set_model_version_tag(model, "1", "k", "v")


def test_version_of_another_model_is_a_copy(client, model, run, source):
    """Promotion across models: the copy has the same files."""
    _version(client, model, run)
    copy = client.copy_model_version(f"models:/{model}/1", model + "-prod")
    assert int(copy.version) == 1
    assert client.get_model_version_download_uri(
        model + "-prod", "1"
    ) == client.get_model_version_download_uri(model, "1")
    assert mlflow.artifacts.list_artifacts(artifact_uri=f"models:/{model}-prod/1")[0].path == "MLmodel"
