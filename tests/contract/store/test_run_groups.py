"""Groups of runs, on both databases."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Sequence
from typing import Any

import pytest

from runyard.entities.common import Page, Param, Stage, Tag, ViewType
from runyard.entities.run import MetricPoint
from runyard.entities.run_group import GroupedMetric, GroupKey, RunGroup, RunGroups
from runyard.entities.run_table import MetricColumn
from runyard.errors import InvalidInput, QueryTooExpensive
from runyard.store.contracts import Seen
from runyard.store.run_group_contracts import GroupQuery
from runyard.store.sql import run_groups as statements
from runyard.store.sql.run_groups import SqlRunGroups
from tests.contract.store.stores import AWKWARD, PAGE_KEY, Stores, all_pages

BY_LR = (GroupKey("param", "lr"),)


def groups(stores: Stores, experiments: Sequence[int] = (), **rest: Any) -> RunGroups:
    query = {
        "seen": None,
        "view": ViewType.ACTIVE_ONLY,
        "filter_string": "",
        "by": BY_LR,
        "metrics": (),
        "max_results": 100,
        "page_token": None,
        **rest,
    }
    store = SqlRunGroups(stores.database, PAGE_KEY)
    return stores.do(store.groups(GroupQuery(stores.workspace, tuple(experiments), **query)))


def counts(found: RunGroups) -> dict[Any, int]:
    return {group.values: group.count for group in found.groups}


def made(stores: Stores, experiment: int, lr: str | None, *values: float, **tags: str) -> str:
    run_id = stores.new_run(experiment, tags=[Tag(key, value) for key, value in tags.items()])
    points = [MetricPoint("loss", value, 1, step) for step, value in enumerate(values)]
    stores.log(run_id, *points, params=[] if lr is None else [Param("lr", lr)])
    return run_id


def near(found: GroupedMetric, at: int) -> tuple[float, ...]:
    columns = (found.means, found.deviations, found.lows, found.highs)
    return tuple(round(column[at], 9) for column in columns)


@pytest.fixture(params=["looked up", "read"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to the values."""
    if request.param == "read":
        monkeypatch.setattr(statements, "FEW_RUNS", 0)


@pytest.mark.usefixtures("way")
def test_groups_have_counts_means_and_ranges(stores: Stores) -> None:
    experiment, other = stores.new_experiment(), stores.new_experiment()
    made(stores, other, "0.1", 99.0)
    for value in (1.0, 2.0, 6.0):
        made(stores, experiment, "0.1", 100.0, value)
    made(stores, experiment, "0.2", 5.0)
    made(stores, experiment, None, 7.0)
    made(stores, experiment, None, math.nan)
    columns = (MetricColumn("loss"), MetricColumn("loss", "max"), MetricColumn("none"))
    found = groups(stores, [experiment], metrics=columns)
    assert counts(found) == {("0.1",): 3, (None,): 2, ("0.2",): 1}
    assert [group.values for group in found.groups] == [("0.1",), (None,), ("0.2",)]
    assert (found.total, found.runs, found.next_page_token) == (3, 6, None)
    last, highest, none = found.metrics
    assert last.numbers == [3, 1, 1] and highest.numbers == [3, 1, 1] and none.numbers == [0, 0, 0]
    assert near(last, 0) == (3.0, round(statistics.stdev([1, 2, 6]), 9), 1.0, 6.0)
    assert (last.means[1], last.lows[2]) == (7.0, 5.0) and math.isnan(last.deviations[1])
    assert highest.means[0] == 100.0
    assert all(math.isnan(value) for value in (*none.means, *none.lows, *none.highs))


@pytest.mark.usefixtures("way")
def test_infinite_values_are_values(stores: Stores) -> None:
    experiment = stores.new_experiment()
    for value in (1.0, math.inf):
        made(stores, experiment, "a", value)
    (found,) = groups(stores, [experiment], metrics=(MetricColumn("loss"),)).metrics
    assert (found.numbers, found.means, found.lows, found.highs) == ([2], [math.inf], [1.0], [math.inf])


@pytest.mark.usefixtures("way")
def test_a_group_is_what_its_filter_finds(stores: Stores) -> None:
    experiment, chance = stores.new_experiment(), random.Random(5)
    runs: dict[tuple[str | None, str | None], set[str]] = {}
    texts = [*AWKWARD, "it's", 'say "x"', "back\\", "x" * 300, None]
    for _ in range(60):
        lr, team = chance.choice(texts), chance.choice(["a", "b", None])
        run_id = made(stores, experiment, lr, 1.0, **({"the team": team} if team else {}))
        runs.setdefault((lr, team), set()).add(run_id)
    by = (*BY_LR, GroupKey("tag", "the team"))
    found = groups(stores, [experiment], by=by, filter_string="metrics.loss > 0")
    assert counts(found) == {values: len(members) for values, members in runs.items()}
    said = [group for group in found.groups if group.filter is not None]
    for group in said:
        assert set(stores.find_runs([experiment], group.filter or "")) == runs[group.values]  # type: ignore[index]
    unsaid = {group.values[0] for group in found.groups if group.filter is None}
    assert unsaid <= {AWKWARD[3], "back\\"}  # holds both quotes; ends with what keeps a quote open


def test_pages(stores: Stores) -> None:
    experiment, chance = stores.new_experiment(), random.Random(2)
    for _ in range(40):
        made(stores, experiment, chance.choice(["a", "b", "c", "d", None]))

    def page(token: str | None) -> Page[RunGroup]:
        part = groups(stores, [experiment], max_results=2, page_token=token)
        assert (part.total, part.runs) == (5, 40)
        return Page(part.groups, part.next_page_token)

    assert all_pages(page) == groups(stores, [experiment]).groups
    token = groups(stores, [experiment], max_results=2).next_page_token
    with pytest.raises(InvalidInput, match="page token"):
        groups(stores, [experiment], by=(GroupKey("tag", "lr"),), page_token=token)


def test_filter_view_and_what_is_seen_decide_which_runs(stores: Stores) -> None:
    first, second = stores.new_experiment(), stores.new_experiment()
    gone = made(stores, first, "a", 1.0)
    stores.do(stores.runs.set_stage(stores.workspace, gone, Stage.DELETED))
    made(stores, first, "a", 1.0)
    made(stores, first, "b", 2.0)
    made(stores, second, "a", 3.0)
    assert counts(groups(stores)) == {("a",): 2, ("b",): 1}
    assert counts(groups(stores, view=ViewType.ALL)) == {("a",): 3, ("b",): 1}
    assert counts(groups(stores, filter_string="metrics.loss > 1.5")) == {("a",): 1, ("b",): 1}
    assert counts(groups(stores, filter_string="params.lr = 'none'")) == {}
    assert counts(groups(stores, filter_string="params.unknown = 'none'")) == {}
    assert counts(groups(stores, seen=Seen(frozenset({second}), False))) == {("a",): 1}
    assert counts(groups(stores, [first, second], seen=Seen(frozenset({second}), True))) == {
        ("a",): 1,
        ("b",): 1,
    }
    assert groups(stores, by=(GroupKey("tag", "nobody has"),)).groups[0].values == (None,)
    stores.enter_new_workspace()
    assert groups(stores, [first, second]).groups == []


def test_too_much_is_refused(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = stores.new_experiment()
    for _ in range(3):
        made(stores, experiment, "a", 1.0)
    monkeypatch.setattr(statements, "MOST_VALUES", 5)
    with pytest.raises(QueryTooExpensive, match="more than 5 values"):
        groups(stores, [experiment], metrics=(MetricColumn("loss"), MetricColumn("x")))
    monkeypatch.setattr(statements, "MOST_RUNS", 2)
    with pytest.raises(QueryTooExpensive, match="More than 2 runs"):
        groups(stores, [experiment])
