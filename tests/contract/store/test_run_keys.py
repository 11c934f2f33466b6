"""The names in runs, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runyard.entities.common import Page, Param, Tag
from runyard.entities.run import MetricPoint
from runyard.store.contracts import Seen
from runyard.store.run_key_contracts import KeyName, Names, Values
from runyard.store.sql.run_keys import SqlRunKeys
from tests.contract.store.stores import AWKWARD, PAGE_KEY, Stores, all_pages

ALL = ("metric", "param", "tag")


def names(stores: Stores, experiments: Sequence[int] = (), seen: Seen | None = None, **rest: Any) -> Names:
    store = SqlRunKeys(stores.database, PAGE_KEY)
    asked = {"kinds": ALL, "prefix": "", "max_results": 1_000, "page_token": None, **rest}
    return stores.do(store.keys(stores.workspace, experiments, seen, **asked))


def keys(stores: Stores, experiments: Sequence[int] = (), seen: Seen | None = None, **rest: Any) -> list[str]:
    return [one.key for one in names(stores, experiments, seen, **rest).items]


def values(stores: Stores, experiments: Sequence[int] = (), seen: Seen | None = None, **rest: Any) -> Values:
    store = SqlRunKeys(stores.database, PAGE_KEY)
    asked = {"kind": "param", "key": "p", "prefix": "", "max_results": 200, **rest}
    return stores.do(store.values(stores.workspace, experiments, seen, **asked))


def test_keys_of_each_kind_in_order(stores: Stores) -> None:
    experiment = stores.new_experiment()
    for number in range(3):
        run_id = stores.new_run(experiment)
        stores.log(
            run_id,
            MetricPoint("loss", 1.0, 1),
            MetricPoint(f"m{number}", 1.0, 1),
            params=[Param("loss", "x"), Param("lr", "1")],
            tags=[Tag("team", "a")],
        )
    found = names(stores, [experiment])
    assert found.items == [
        KeyName("loss", "metric"),
        KeyName("loss", "param"),
        KeyName("lr", "param"),
        *(KeyName(f"m{number}", "metric") for number in range(3)),
        KeyName("team", "tag"),
    ]
    assert (found.next_page_token, found.whole) == (None, True)
    assert keys(stores, [experiment], kinds=["param"]) == ["loss", "lr"]
    assert keys(stores, [experiment], prefix="l") == ["loss", "loss", "lr"]

    def page(token: str | None) -> Page[KeyName]:
        part = names(stores, [experiment], max_results=2, page_token=token)
        return Page(part.items, part.next_page_token)

    assert all_pages(page) == found.items


def test_keys_are_those_of_the_experiments_that_are_seen(stores: Stores) -> None:
    first, second = stores.new_experiment(), stores.new_experiment()
    for experiment, key in ((first, "a"), (second, "b")):
        stores.log(stores.new_run(experiment), MetricPoint(key, 1.0, 1))
    assert keys(stores) == ["a", "b"]
    assert keys(stores, [second]) == ["b"]
    assert keys(stores, seen=Seen(frozenset({first}), False)) == ["a"]
    assert keys(stores, [first, second], seen=Seen(frozenset({first}), True)) == ["b"]
    assert keys(stores, seen=Seen(frozenset(), False)) == []
    stores.enter_new_workspace()
    assert keys(stores) == keys(stores, [first]) == []


def test_values_once_each_in_order(stores: Stores) -> None:
    first, second = stores.new_experiment(), stores.new_experiment()
    for experiment, texts in ((first, ("b", "a", "b")), (second, ("c", "a", "ab"))):
        for text in texts:
            stores.log(stores.new_run(experiment), params=[Param("p", text), Param("q", "other")])
    assert values(stores, [first, second]) == Values(["a", "ab", "b", "c"], False, True)
    assert values(stores, [first]).items == ["a", "b"]
    assert values(stores, prefix="a").items == ["a", "ab"]
    assert values(stores, max_results=2) == Values(["a", "ab"], True, True)
    assert values(stores, key="none").items == values(stores, kind="tag").items == []
    assert values(stores, seen=Seen(frozenset({first}), False)).items == ["a", "b"]
    stores.enter_new_workspace()
    assert values(stores, [first]).items == []


def test_awkward_and_long_values(stores: Stores) -> None:
    experiment = stores.new_experiment()
    long = ["x" * 64, "y" * 64 + "tail", "z" * 500]
    for text in (*AWKWARD, *long, "\U0010ffff", "\U0010ffffx"):
        stores.log(stores.new_run(experiment), tags=[Tag("t", text)])
    found = values(stores, [experiment], kind="tag", key="t").items
    assert found == sorted([*AWKWARD, *long, "\U0010ffff", "\U0010ffffx"])
    for prefix in (*AWKWARD, "y" * 64 + "t", "\U0010ffff"):
        expected = [text for text in found if text.startswith(prefix)]
        assert values(stores, [experiment], kind="tag", key="t", prefix=prefix).items == expected


def test_hops_do_not_grow_with_runs(stores: Stores) -> None:
    experiment = stores.new_experiment()
    for _ in range(40):
        stores.log(stores.new_run(experiment), MetricPoint("m", 1.0, 1), params=[Param("p", "v")])
    stores.log(stores.new_run(experiment), MetricPoint("n", 1.0, 1), params=[Param("p", "w")])
    assert keys(stores, [experiment], kinds=["metric"], max_results=2) == ["m", "n"]
    assert values(stores, [experiment], max_results=2) == Values(["v", "w"], False, True)
