import mlflow
import pytest
from mlflow.entities import ViewType
from support import by_server, pages, refused


def test_default_experiment_has_id_0(client):
    default = client.get_experiment("0")
    assert (default.name, default.lifecycle_stage) == ("Default", "active")
    assert client.get_experiment_by_name("Default").experiment_id == "0"


def test_run_without_set_experiment_lands_in_default(client):
    run = client.create_run("0")
    assert client.get_run(run.info.run_id).info.experiment_id == "0"


def test_set_experiment_creates_once_and_then_finds(name):
    first = mlflow.set_experiment(name)
    again = mlflow.set_experiment(name)
    assert first.experiment_id == again.experiment_id
    assert first.experiment_id.isdigit()
    assert mlflow.set_experiment(experiment_id=first.experiment_id).name == name


def test_created_experiment_reads_back_whole(client, name):
    made = client.create_experiment(name, tags={"team": "blue", "größe": "ü ✓"})
    got = client.get_experiment(made)
    assert (got.name, got.lifecycle_stage, got.tags) == (name, "active", {"team": "blue", "größe": "ü ✓"})
    assert got.creation_time > 1_600_000_000_000
    assert got.last_update_time >= got.creation_time
    assert got.artifact_location == f"mlflow-artifacts:/{made}"


def test_artifact_location_of_the_caller_is_kept(client, name, tmp_path):
    made = client.create_experiment(name, artifact_location="s3://some-bucket/some/path")
    assert client.get_experiment(made).artifact_location == "s3://some-bucket/some/path"
    run = client.create_run(made).info
    assert run.artifact_uri == f"s3://some-bucket/some/path/{run.run_id}/artifacts"


def test_unknown_name_is_none_and_unknown_id_raises(client, name):
    assert client.get_experiment_by_name(name) is None
    assert mlflow.get_experiment_by_name(name) is None
    with refused("RESOURCE_DOES_NOT_EXIST", "No Experiment with id=98765432"):
        client.get_experiment("98765432")


def test_second_experiment_of_the_same_name_is_refused(client, name):
    client.create_experiment(name)
    with refused("RESOURCE_ALREADY_EXISTS", "already exists"):
        client.create_experiment(name)


def test_bad_names_are_refused(client, name):
    for text in ("", "   ", "x" * 501):
        with refused("INVALID_PARAMETER_VALUE"):
            client.create_experiment(text)
    assert client.create_experiment((name + "x" * 500)[:500])


def test_tags_are_upserted_and_deleted(client, experiment):
    client.set_experiment_tag(experiment, "a", "1")
    client.set_experiment_tag(experiment, "a", "2")
    client.set_experiment_tag(experiment, "mlflow.note.content", "# notes\nwith ✓")
    mlflow.set_experiment_tags({"b": "x", "empty": ""})
    tags = client.get_experiment(experiment).tags
    assert tags == {"a": "2", "mlflow.note.content": "# notes\nwith ✓", "b": "x", "empty": ""}


@pytest.mark.mlflow3
def test_experiment_tag_can_be_deleted(client, experiment):
    client.set_experiment_tag(experiment, "a", "1")
    client.delete_experiment_tag(experiment, "a")
    assert client.get_experiment(experiment).tags == {}
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.delete_experiment_tag(experiment, "a")


def test_rename_moves_the_name_and_the_update_time(client, experiment, name):
    before = client.get_experiment(experiment)
    client.rename_experiment(experiment, name + "-renamed")
    after = client.get_experiment(experiment)
    assert after.name == name + "-renamed"
    assert after.last_update_time >= before.last_update_time
    assert client.get_experiment_by_name(name) is None


def test_rename_to_a_taken_name_is_refused(client, experiment, name):
    client.create_experiment(name + "-taken")
    code = by_server("rename-to-taken-name", stock="BAD_REQUEST", runyard="RESOURCE_ALREADY_EXISTS")
    with refused(code):
        client.rename_experiment(experiment, name + "-taken")


def test_deleted_experiment_stays_readable_and_comes_back(client, experiment, name):
    client.delete_experiment(experiment)
    assert client.get_experiment(experiment).lifecycle_stage == "deleted"
    assert client.get_experiment_by_name(name).lifecycle_stage == "deleted"
    client.restore_experiment(experiment)
    assert client.get_experiment(experiment).lifecycle_stage == "active"


def test_deleted_experiment_keeps_its_name_and_takes_no_runs(client, experiment, name):
    client.delete_experiment(experiment)
    with refused("RESOURCE_ALREADY_EXISTS"):
        client.create_experiment(name)
    with refused("INVALID_PARAMETER_VALUE", "must be in the 'active' state"):
        client.create_run(experiment)
    with refused("INVALID_PARAMETER_VALUE", "Cannot set a deleted experiment"):
        mlflow.set_experiment(name)


def test_delete_twice_and_restore_of_active_are_refused(client, experiment):
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.restore_experiment(experiment)
    client.delete_experiment(experiment)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.delete_experiment(experiment)


def test_delete_and_restore_cascade_to_runs(client, experiment):
    kept, dropped = (client.create_run(experiment).info.run_id for _ in range(2))
    client.delete_run(dropped)
    client.delete_experiment(experiment)
    assert {client.get_run(run).info.lifecycle_stage for run in (kept, dropped)} == {"deleted"}
    client.restore_experiment(experiment)
    assert {client.get_run(run).info.lifecycle_stage for run in (kept, dropped)} == {"active"}


def _family(client, name):
    """Five experiments that only this test has, tagged i=0..4, the last one deleted."""
    ids = [client.create_experiment(f"{name}/{i}", tags={"family": name, "i": str(i)}) for i in range(5)]
    client.set_experiment_tag(ids[1], "rare key", "Yes")
    client.delete_experiment(ids[4])
    return ids


def test_search_by_every_operator(client, name):
    ids = _family(client, name)
    table = {
        f"name = '{name}/1'": [1],
        f"name != '{name}/1'": [0, 2, 3],
        f"name LIKE '{name}/%'": [0, 1, 2, 3],
        f"name LIKE '{name.upper()}/%'": [],
        f"name ILIKE '{name.upper()}/%'": [0, 1, 2, 3],
        f"name like '{name}/_'": [0, 1, 2, 3],
        "tags.i = '2'": [2],
        "tags.i != '2'": [0, 1, 3],
        "tag.i LIKE '%3'": [3],
        "tags.`rare key` ILIKE 'yes'": [1],
        "tags.\"rare key\" = 'Yes'": [1],
        "tags.i = '2' AND name LIKE '%2'": [2],
        "creation_time > 0": [0, 1, 2, 3],
        "creation_time < 10": [],
        "last_update_time >= 0 and creation_time != 3": [0, 1, 2, 3],
    }
    for clause, expected in table.items():
        found = client.search_experiments(filter_string=f"{clause} AND tags.family = '{name}'")
        assert sorted(e.experiment_id for e in found) == sorted(ids[i] for i in expected), clause


@pytest.mark.mlflow3
def test_search_by_id_and_by_absence(client, name):
    ids = _family(client, name)
    table = {
        f"experiment_id = '{ids[1]}'": [1],
        f"experiment_id IN ('{ids[1]}', '{ids[2]}')": [1, 2],
        f"experiment_id NOT IN ('{ids[1]}', '{ids[2]}')": [0, 3],
        "tags.`rare key` IS NULL": [0, 2, 3],
        "tags.`rare key` IS NOT NULL": [1],
    }
    for clause, expected in table.items():
        found = client.search_experiments(filter_string=f"{clause} AND tags.family = '{name}'")
        assert sorted(e.experiment_id for e in found) == sorted(ids[i] for i in expected), clause


def test_search_by_view_type(client, name):
    ids = _family(client, name)
    for view, expected in (
        (ViewType.ACTIVE_ONLY, ids[:4]),
        (ViewType.DELETED_ONLY, ids[4:]),
        (ViewType.ALL, ids),
    ):
        found = client.search_experiments(view_type=view, filter_string=f"tags.family = '{name}'")
        assert sorted(e.experiment_id for e in found) == sorted(expected)


def test_search_orders_and_pages(client, name):
    ids = _family(client, name)
    mine = f"tags.family = '{name}'"
    made = {i: client.get_experiment(i).creation_time for i in ids[:4]}
    newest_first = sorted(made, key=lambda i: (-made[i], int(i)))
    for order, expected in (
        (None, newest_first),
        (["name ASC"], ids[:4]),
        (["name DESC"], ids[3::-1]),
        (["name"], ids[:4]),
        (["creation_time DESC", "name"], newest_first),
        (["experiment_id"], sorted(ids[:4], key=int)),
        (["last_update_time DESC", "experiment_id DESC"], None),
    ):
        found = [e.experiment_id for e in client.search_experiments(filter_string=mine, order_by=order)]
        assert expected is None or found == expected, order
    items, lengths = pages(
        lambda size, token: client.search_experiments(
            filter_string=mine, max_results=size, page_token=token, order_by=["name"]
        ),
        3,
    )
    assert [e.experiment_id for e in items] == ids[:4]
    assert lengths == [3, 1]


def test_bad_searches_are_refused(client):
    for bad in (
        {"filter_string": "name = 1"},
        {"filter_string": "foo = 'x'"},
        {"filter_string": "name = 'a' OR name = 'b'"},
        {"filter_string": "name > 'a'"},
        {"filter_string": "name"},
        {"order_by": ["foo"]},
        {"order_by": ["name SIDEWAYS"]},
        {"max_results": 0},
        {"max_results": 50001},
        {"page_token": "not a token"},
    ):
        with refused("INVALID_PARAMETER_VALUE"):
            client.search_experiments(**bad)
