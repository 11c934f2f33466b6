"""Compute targets and sizes, on both databases."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from runyard.entities.compute import Compute, ComputeState, Limits, Node, Size
from runyard.entities.job import Resources
from runyard.errors import AlreadyExists, InvalidInput, InvalidState, NotFound
from runyard.store.compute_contracts import NewCompute
from runyard.store.sql.computes import SqlComputes
from tests.contract.store.stores import AWKWARD as AWKWARD_TEXTS
from tests.contract.store.stores import PAGE_KEY, Stores, all_pages

KEY = "ssh-ed25519 AAAA"
AWKWARD = "".join(AWKWARD_TEXTS)
HOSTS = {"hosts": [{"address": "a"}, {"address": "b", "port": 2222}], "username": "u"}


def computes(stores: Stores) -> SqlComputes:
    return SqlComputes(stores.database, PAGE_KEY)


def create(stores: Stores, name: str = "c", **fields: Any) -> Compute:
    new = NewCompute(**{"name": name, "kind": "ssh", "settings": HOSTS, "limits": Limits(), **fields})
    return stores.do(computes(stores).create(stores.workspace, new, "somebody", 1_000))


def read(stores: Stores, one: Compute) -> Compute:
    return stores.do(computes(stores).by_ids([one.id]))[one.id]


def test_it_comes_back_as_it_was_made(stores: Stores) -> None:
    made = create(
        stores,
        "awkward",
        description=AWKWARD,
        tags={AWKWARD: AWKWARD},
        limits=Limits(max_running=3),
        groups=["g", AWKWARD],
        server_url="https://x",
        credentials=["password"],
        secret=b"\0\xff",
    )
    assert stores.do(computes(stores).find(stores.workspace, "awkward")) == made == read(stores, made)
    assert (made.description, made.tags, made.groups) == (AWKWARD, {AWKWARD: AWKWARD}, ["g", AWKWARD])
    assert (made.secret, made.credentials, made.limits.max_running) == (b"\0\xff", ["password"], 3)
    assert made.workspace and "password" not in repr(made)


def test_a_name_is_taken_once(stores: Stores) -> None:
    create(stores, "once")
    with pytest.raises(AlreadyExists):
        create(stores, "once")


def test_a_change_needs_the_state_that_was_seen(stores: Stores) -> None:
    made = create(stores)
    new = NewCompute("c", "ssh", HOSTS, Limits(max_running=1), secret=None)
    changed = stores.do(computes(stores).replace(stores.workspace, made.id, new, made.modified_ms))
    assert changed.limits.max_running == 1 and changed.modified_ms > made.modified_ms
    with pytest.raises(InvalidState):
        stores.do(computes(stores).replace(stores.workspace, made.id, new, made.modified_ms))
    with pytest.raises(NotFound):
        stores.do(computes(stores).replace(stores.workspace, made.id + 9_999, new, made.modified_ms))


def test_a_stopped_one_stays_stopped_whatever_its_engine_says(stores: Stores) -> None:
    made, store = create(stores), computes(stores)
    nodes = [Node("n", "idle", 2, 100, 1, 0)]
    stores.do(store.told(made.id, 5, "", nodes))
    stores.do(store.told(made.id, 6, "no answer"))
    away = read(stores, made)
    assert (away.state, away.error, away.nodes, away.checked_ms) == (
        ComputeState.UNREACHABLE,
        "no answer",
        nodes,
        6,
    )
    stores.do(store.set_state(made.id, ComputeState.STOPPED))
    stores.do(store.told(made.id, 7, ""))
    assert (read(stores, made).state, read(stores, made).error) == (ComputeState.STOPPED, "")


def test_the_first_host_key_is_fixed(stores: Stores) -> None:
    made, store = create(stores), computes(stores)
    assert stores.do(store.fix_host_key(made.id, "b", 2222, KEY)) == KEY
    assert stores.do(store.fix_host_key(made.id, "b", 2222, "ssh-ed25519 OTHER")) == KEY
    assert stores.do(store.fix_host_key(made.id, "a", 22, "ssh-rsa X")) == "ssh-rsa X"
    now = read(stores, made)
    assert [one.get("host_key") for one in now.settings["hosts"]] == ["ssh-rsa X", KEY]
    assert now.modified_ms == made.modified_ms
    with pytest.raises(NotFound):
        stores.do(store.fix_host_key(made.id, "elsewhere", 22, KEY))


def test_lists_come_in_pages_by_name(stores: Stores) -> None:
    names = [create(stores, name).name for name in ("b", "a", "A", "c", "_".join("xy"))]
    found = all_pages(
        lambda token: stores.do(computes(stores).list(stores.workspace, max_results=2, page_token=token))
    )
    assert [one.name for one in found] == sorted(names)


def test_there_is_a_limit_to_how_many_there_are(stores: Stores) -> None:
    create(stores)
    new = NewCompute("d", "ssh", HOSTS, Limits())
    with pytest.raises(InvalidInput, match="1 compute targets"):
        stores.do(computes(stores).create(stores.workspace, new, "x", 1))


def test_pools_are_found_by_what_they_stand_on(stores: Stores) -> None:
    create(stores, "base")
    pool = create(stores, "pool", kind="pool", settings={}, base="base", size="s")
    assert stores.do(computes(stores).pools_on(stores.workspace, "base")) == [pool]


def test_a_deleted_one_is_gone_with_its_sizes(stores: Stores) -> None:
    made, store = create(stores), computes(stores)
    stores.do(store.put_size(stores.workspace, Size("big", "c", Resources(4)), 10))
    stores.do(store.delete(made.id, with_jobs=False))
    stores.do(store.delete(made.id, with_jobs=False))
    assert stores.do(store.find(stores.workspace, "c")) is None
    assert stores.do(store.find_size(stores.workspace, "big")) is None


def test_sizes_are_found_whatever_the_case_of_their_letters(stores: Stores) -> None:
    create(stores)
    store = computes(stores)
    size = Size("STANDARD_D2_V2", "c", Resources(2, 7_168, 1), 4, {"partition": "gpu"})
    stores.do(store.put_size(stores.workspace, size, 10))
    assert stores.do(store.find_size(stores.workspace, "Standard_d2_v2")) == size
    other = msgspec.structs.replace(size, name="standard_d2_v2", max_nodes=1)
    stores.do(store.put_size(stores.workspace, other, 10))
    page = stores.do(store.list_sizes(stores.workspace, max_results=10, page_token=None))
    assert list(page.items) == [other]
    assert stores.do(store.delete_size(stores.workspace, "STANDARD_D2_V2"))
    assert not stores.do(store.delete_size(stores.workspace, "STANDARD_D2_V2"))


def test_a_size_is_of_a_target_that_there_is(stores: Stores) -> None:
    with pytest.raises(NotFound):
        stores.do(computes(stores).put_size(stores.workspace, Size("s", "none", Resources()), 10))
    create(stores)
    stores.do(computes(stores).put_size(stores.workspace, Size("s", "c", Resources()), 1))
    with pytest.raises(InvalidInput):
        stores.do(computes(stores).put_size(stores.workspace, Size("t", "c", Resources()), 1))


def test_an_id_is_never_given_again(stores: Stores) -> None:
    """Jobs remember the ids of their targets, also of deleted ones."""
    store, known = computes(stores), set[int]()
    for number in range(3):
        made = create(stores, f"gone-{number}")
        assert made.id not in known
        known.add(made.id)
        stores.do(store.delete(made.id, with_jobs=False))
