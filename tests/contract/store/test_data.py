"""Datastores, registered datasets and secrets, on both databases."""

from __future__ import annotations

import uuid

import pytest

from runyard.entities.dataset import DataPath, DatasetDefinition, NewDataset, RegisteredDataset, Step
from runyard.entities.datastore import DatastoreRecord
from runyard.errors import AlreadyExists, NotFound
from runyard.store.sql.datastores import SqlDatastores
from runyard.store.sql.registered_datasets import SqlRegisteredDatasets
from runyard.store.sql.secrets import SqlSecrets
from tests.contract.store.stores import AWKWARD, PAGE_KEY, Stores, all_pages

DEFINITION = DatasetDefinition([DataPath("a/*.csv", "s")], "delimited", steps=[Step("take", count=3)])


def datastores(stores: Stores) -> SqlDatastores:
    return SqlDatastores(stores.database)


def datasets(stores: Stores) -> SqlRegisteredDatasets:
    return SqlRegisteredDatasets(stores.database, PAGE_KEY)


def secrets(stores: Stores) -> SqlSecrets:
    return SqlSecrets(stores.database, PAGE_KEY)


def put(
    stores: Stores, name: str, *, overwrite: bool = False, secret: bytes | None = None, kind: str = "s3"
) -> None:
    record = DatastoreRecord(0, name, kind, {"bucket": "b", "port": 1, "anonymous": True}, secret, "me")
    stores.do(datastores(stores).put_datastore(stores.workspace, record, overwrite=overwrite))


def find(stores: Stores, name: str) -> DatastoreRecord | None:
    return stores.do(datastores(stores).find_datastore(stores.workspace, name))


def register(
    stores: Stores, name: str, definition: DatasetDefinition = DEFINITION, *, new_version: bool = False
) -> RegisteredDataset:
    new = NewDataset(name, "tabular", definition, "d", {"k": "v"})
    return stores.do(datasets(stores).register(stores.workspace, new, "me", new_version=new_version))


def test_a_datastore_comes_back_with_its_secret(stores: Stores) -> None:
    put(stores, "a", secret=b"\x00\xff sealed")
    found = find(stores, "a")
    assert found is not None and found.secret == b"\x00\xff sealed" and found.created_by == "me"
    assert found.config == {"bucket": "b", "port": 1, "anonymous": True}
    assert 0 < found.created_ms <= found.updated_ms
    assert "sealed" not in repr(found)


def test_a_datastore_is_replaced_only_on_request(stores: Stores) -> None:
    put(stores, "a", secret=b"old")
    with pytest.raises(AlreadyExists):
        put(stores, "a")
    put(stores, "a", overwrite=True, kind="gcs")
    found = find(stores, "a")
    assert found is not None and (found.kind, found.secret) == ("gcs", None)


def test_datastores_are_listed_by_name_from_a_place_on(stores: Stores) -> None:
    for name in ("b", "a", "C"):
        put(stores, name)
    store = datastores(stores)
    listed = stores.do(store.list_datastores(stores.workspace, "", 10))
    assert [one.name for one in listed] == ["C", "a", "b"]
    listed = stores.do(store.list_datastores(stores.workspace, "C", 1))
    assert [one.name for one in listed] == ["a"]


def test_a_deleted_datastore_is_no_default_any_more(stores: Stores) -> None:
    put(stores, "a")
    put(stores, "b")
    store = datastores(stores)
    assert stores.do(store.default_datastore(stores.workspace)) == "workspaceblobstore"
    stores.do(store.set_default_datastore(stores.workspace, "a"))
    assert stores.do(store.delete_datastore(stores.workspace, "b", "x"))
    assert stores.do(store.default_datastore(stores.workspace)) == "a"
    assert stores.do(store.delete_datastore(stores.workspace, "a", "workspaceblobstore"))
    assert stores.do(store.default_datastore(stores.workspace)) == "workspaceblobstore"
    assert not stores.do(store.delete_datastore(stores.workspace, "a", "x"))


def test_another_workspace_has_other_records(stores: Stores) -> None:
    put(stores, "a")
    made = register(stores, "d")
    stores.do(secrets(stores).put_secret(stores.workspace, "s", b"1", "me"))
    stores.enter_new_workspace()
    assert find(stores, "a") is None
    assert stores.do(secrets(stores).find_secret(stores.workspace, "s")) is None
    assert not stores.do(secrets(stores).delete_secret(stores.workspace, "s"))
    for work in (
        datasets(stores).get(stores.workspace, "d", None),
        datasets(stores).get_by_id(stores.workspace, made.id),
        datasets(stores).set_archived(stores.workspace, "d", archived=True),
        datasets(stores).unregister(stores.workspace, "d"),
    ):
        with pytest.raises(NotFound):
            stores.do(work)


@pytest.mark.parametrize("name", AWKWARD)
def test_names_and_texts_come_back_as_they_were_given(stores: Stores, name: str) -> None:
    definition = DatasetDefinition([DataPath(name, name)], "delimited", separator=name)
    made = register(stores, name, definition)
    found = stores.do(datasets(stores).get(stores.workspace, name, 1))
    assert found == made and found.definition == definition and found.tags == {"k": "v"}


def test_the_same_definition_is_the_same_version(stores: Stores) -> None:
    first = register(stores, "d")
    assert register(stores, "d") == first and register(stores, "d", new_version=True) == first
    other = DatasetDefinition([DataPath("b")], "parquet")
    with pytest.raises(AlreadyExists):
        register(stores, "d", other)
    second = register(stores, "d", other, new_version=True)
    assert (second.version, second.latest_version) == (2, 2)
    assert stores.do(datasets(stores).get(stores.workspace, "d", 1)).latest_version == 2
    assert stores.do(datasets(stores).get_by_id(stores.workspace, first.id)).version == 1


def test_a_dataset_that_is_registered_again_is_not_archived(stores: Stores) -> None:
    register(stores, "d")
    stores.do(datasets(stores).set_archived(stores.workspace, "d", archived=True))
    again = register(stores, "d", new_version=True)
    assert not again.archived


def test_datasets_are_listed_by_name_in_pages(stores: Stores) -> None:
    names = [f"d{number}" for number in range(7)]
    for name in reversed(names):
        register(stores, name)
    stores.do(datasets(stores).set_archived(stores.workspace, "d3", archived=True))

    def listed(*, archived: bool) -> list[str]:
        store = datasets(stores)
        pages = all_pages(
            lambda token: stores.do(
                store.list_datasets(stores.workspace, archived=archived, max_results=2, page_token=token)
            )
        )
        return [one.name for one in pages]

    assert listed(archived=False) == [name for name in names if name != "d3"]
    assert listed(archived=True) == ["d3"]


def test_an_unregistered_name_starts_anew(stores: Stores) -> None:
    first = register(stores, "d")
    stores.do(datasets(stores).unregister(stores.workspace, "d"))
    again = register(stores, "d")
    assert again.version == 1 and again.id != first.id


def test_registering_at_once_gives_each_its_number(stores: Stores, others: Stores) -> None:
    name = uuid.uuid4().hex
    works = [
        datasets(server).register(
            server.workspace,
            NewDataset(name, "tabular", DatasetDefinition([DataPath(str(number))], "delimited")),
            "me",
            new_version=True,
        )
        for number, server in enumerate([stores, others] * 5)
    ]
    found = stores.at_once(*works)
    assert sorted(one.version for one in found if isinstance(one, RegisteredDataset)) == list(range(1, 11))


def test_secrets_are_set_replaced_listed_and_deleted(stores: Stores) -> None:
    store = secrets(stores)
    for name, value in (("b", b"1"), ("a", b"\x00\xff"), ("b", b"2")):
        stores.do(store.put_secret(stores.workspace, name, value, "me"))
    assert stores.do(store.find_secret(stores.workspace, "b")) == b"2"
    assert stores.do(store.find_secret(stores.workspace, "a")) == b"\x00\xff"
    listed = all_pages(
        lambda token: stores.do(store.list_secrets(stores.workspace, max_results=1, page_token=token))
    )
    assert [one.name for one in listed] == ["a", "b"]
    assert stores.do(store.delete_secret(stores.workspace, "a"))
    assert stores.do(store.find_secret(stores.workspace, "a")) is None
