"""Runs as a table, on both databases."""

from __future__ import annotations

import math
import random
import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from runyard.entities.common import Page, Param, Stage, Tag, ViewType
from runyard.entities.run import PARENT_TAG, MetricPoint, NewRun, RunStatus
from runyard.entities.run_table import MetricColumn, RunRows, RunTable, TableColumns
from runyard.errors import InvalidInput
from runyard.store.contracts import Seen
from runyard.store.run_table_contracts import TableQuery
from runyard.store.sql.run_table import SqlRunTable
from tests.contract.store.stores import AWKWARD, PAGE_KEY, Stores, all_pages

NOTHING = TableColumns(info=False)


def table_of(stores: Stores) -> SqlRunTable:
    return SqlRunTable(stores.database, PAGE_KEY)


def page(stores: Stores, experiments: Sequence[int] = (), **rest: Any) -> RunTable:
    query = {
        "seen": None,
        "view": ViewType.ACTIVE_ONLY,
        "filter_string": "",
        "order_by": (),
        "max_results": 100,
        "page_token": None,
        "rows": 100,
        "columns": NOTHING,
        **rest,
    }
    return stores.do(table_of(stores).page(TableQuery(stores.workspace, tuple(experiments), **query)))


def rows(
    stores: Stores, columns: TableColumns, *run_ids: str, seen: Seen | None = None, **by: Any
) -> RunRows:
    given = by or {"run_ids": run_ids}
    return stores.do(table_of(stores).rows(stores.workspace, seen, columns=columns, **given))


def ids(found: RunTable) -> list[str]:
    return [info.run_id for info in found.rows.infos]


def test_a_row_says_what_the_run_says(stores: Stores) -> None:
    experiment = stores.new_experiment()
    parent = stores.new_run(experiment, "parent")
    run_id = stores.new_run(experiment, "child", [Tag(PARENT_TAG, parent), Tag("t", "x")])
    stores.do(stores.runs.update(stores.workspace, run_id, RunStatus.FAILED, 5_000, None))
    info, above = rows(stores, NOTHING, run_id, parent).infos
    assert (info.run_id, info.experiment_id, info.name, info.user) == (run_id, experiment, "child", "u")
    assert (info.status, info.start_ms, info.end_ms, info.stage) == (
        RunStatus.FAILED,
        1_000,
        5_000,
        Stage.ACTIVE,
    )
    assert (info.parent, info.children, above.parent, above.children) == (parent, 0, None, 1)
    before = info.version
    stores.log(run_id, MetricPoint("m", 1.0, 1))
    assert rows(stores, NOTHING, run_id).infos[0].version > before


@pytest.mark.parametrize(
    ("stat", "expected"),
    [
        ("last", -3.0),
        ("min", -3.0),
        ("max", 4.0),
        ("first", 2.0),
        ("mean", 1.0),
        ("count", 3),
        ("min_step", 2),
        ("max_step", 1),
    ],
)
def test_every_statistic_of_a_metric(stores: Stores, stat: Any, expected: float) -> None:
    run_id = stores.new_run()
    stores.log(run_id, *(MetricPoint("m", value, 1, step) for step, value in enumerate((2.0, 4.0, -3.0))))
    found = rows(stores, TableColumns(metrics=(MetricColumn("m", stat),)), run_id)
    assert found.metrics == [[expected]]


def test_nan_is_a_value_and_nothing_is_none(stores: Stores) -> None:
    experiment = stores.new_experiment()
    first, second = stores.new_run(experiment), stores.new_run(experiment)
    stores.log(first, MetricPoint("m", math.nan, 1), MetricPoint("big", math.inf, 1))
    columns = TableColumns(metrics=(MetricColumn("m"), MetricColumn("big"), MetricColumn("none")))
    found = rows(stores, columns, first, second)
    assert math.isnan(found.metrics[0][0] or 0.0) and found.metrics[0][1] is None
    assert found.metrics[1:] == [[math.inf, None], [None, None]]


def test_columns_come_in_the_order_asked_for_and_texts_whole_or_cut(stores: Stores) -> None:
    run_id = stores.new_run()
    texts = {name: name * 40 for name in AWKWARD}
    stores.log(
        run_id,
        params=[Param(f"p{at}", text) for at, text in enumerate(texts.values())],
        tags=[Tag(f"t{at}", text) for at, text in enumerate(texts.values())],
    )
    keys = [f"p{at}" for at in reversed(range(len(AWKWARD)))]
    found = rows(stores, TableColumns(params=(*keys, "absent"), tags=("t0",), text_limit=8_192), run_id)
    assert found.param_keys == [*keys, "absent"]
    assert found.params == [[text] for text in reversed(texts.values())] + [[None]]
    cut = rows(stores, TableColumns(params=("p1",), tags=("t0",), text_limit=10), run_id)
    assert cut.params == [[(AWKWARD[1] * 40)[:9] + "…"]] and len(cut.tags[0][0] or "") == 10


def test_all_columns_are_named_and_sorted(stores: Stores) -> None:
    experiment = stores.new_experiment()
    first = stores.new_run(experiment, tags=[Tag("z", "1")])
    second = stores.new_run(experiment, tags=[Tag("a", "2")])
    stores.log(first, MetricPoint("y", 1.0, 1), params=[Param("q", "1")])
    stores.log(second, MetricPoint("x", 2.0, 1))
    columns = TableColumns(
        metrics=(MetricColumn("y", "max"),), all_metrics=True, all_params=True, all_tags=True
    )
    found = rows(stores, columns, first, second)
    assert found.metric_columns == [MetricColumn("y", "max"), MetricColumn("x"), MetricColumn("y")]
    assert found.metrics == [[1.0, None], [None, 2.0], [1.0, None]]
    assert (found.param_keys, found.params) == (["q"], [["1", None]])
    assert (found.tag_keys, found.tags) == (["a", "z"], [[None, "2"], ["1", None]])
    assert found.left_out == 0


def test_a_table_finds_what_a_search_finds_in_its_order(stores: Stores) -> None:
    experiment = stores.new_experiment()
    chance = random.Random(3)
    for number in range(60):
        run_id = stores.new_run(experiment, f"n{number}")
        stores.log(
            run_id, MetricPoint("m", chance.randrange(5), 1), params=[Param("p", str(chance.randrange(3)))]
        )
    for clause, order in (
        ("", ()),
        ("metrics.m > 1", ("params.p DESC", "metrics.m")),
        ("params.p = '1'", ("attributes.run_name",)),
    ):
        expected = stores.find_runs([experiment], clause, order)
        found = page(stores, [experiment], filter_string=clause, order_by=order)
        assert ids(found) == expected and found.total == len(expected)

        def one(token: str | None, clause: str = clause, order: Sequence[str] = order) -> Page[str]:
            part = page(
                stores,
                [experiment],
                filter_string=clause,
                order_by=tuple(order),
                max_results=7,
                page_token=token,
            )
            assert len(part.handles) <= 7
            return Page(ids(part), part.next_page_token)

        assert all_pages(one) == expected


def test_only_the_first_rows_have_columns(stores: Stores) -> None:
    experiment = stores.new_experiment()
    made = [stores.new_run(experiment) for _ in range(5)]
    found = page(stores, [experiment], rows=2, max_results=3)
    assert (len(found.handles), len(found.rows.infos), found.total) == (3, 2, 5)
    again = rows(stores, NOTHING, handles=found.handles)
    assert [info.handle for info in again.infos] == found.handles
    assert ids(found) == [info.run_id for info in again.infos][:2]
    filtered = page(stores, [experiment], filter_string="attributes.status = 'RUNNING'", max_results=3)
    assert filtered.total is None and len(made) == 5


def test_no_experiment_stands_for_the_workspace(stores: Stores) -> None:
    first, second, gone = (stores.new_experiment() for _ in range(3))
    here, there, away = (stores.new_run(one) for one in (first, second, gone))
    stores.do(stores.experiments.delete(stores.workspace, gone))
    assert set(ids(page(stores))) == {here, there}
    assert set(ids(page(stores, view=ViewType.ALL))) == {here, there, away}
    assert ids(page(stores, view=ViewType.DELETED_ONLY)) == [away]


def test_what_is_not_seen_is_left_out(stores: Stores) -> None:
    first, second = stores.new_experiment(), stores.new_experiment()
    here, there = stores.new_run(first), stores.new_run(second)
    handles = page(stores).handles
    for seen in (Seen(frozenset({first}), False), Seen(frozenset({second}), True)):
        assert ids(page(stores, seen=seen)) == [here]
        assert ids(page(stores, [first, second], seen=seen)) == [here]
        assert [one.run_id for one in rows(stores, NOTHING, here, there, seen=seen).infos] == [here]
        by_handle = rows(stores, NOTHING, handles=handles, seen=seen)
        assert [one.run_id for one in by_handle.infos] == [here]
    assert ids(page(stores, seen=Seen(frozenset(), False))) == []


def test_other_workspaces_are_not_there(stores: Stores) -> None:
    experiment = stores.new_experiment()
    run_id = stores.new_run(experiment)
    handles = page(stores, [experiment]).handles
    stores.enter_new_workspace()
    assert page(stores, [experiment]).handles == []
    assert rows(stores, NOTHING, handles=handles).infos == []
    assert rows(stores, NOTHING, run_id, uuid.uuid4().hex).infos == []


def test_the_same_id_in_two_workspaces_is_two_runs(stores: Stores) -> None:
    run_id = stores.new_run()
    stores.enter_new_workspace()
    new = NewRun(run_id, stores.new_experiment(), "other", "u", 1, [])
    stores.do(stores.runs.create(stores.workspace, new))
    assert [one.name for one in rows(stores, NOTHING, run_id).infos] == ["other"]


def test_a_token_belongs_to_its_query(stores: Stores) -> None:
    experiment = stores.new_experiment()
    for _ in range(3):
        stores.new_run(experiment)
    token = page(stores, [experiment], max_results=1).next_page_token
    for other in ({"order_by": ("attributes.run_name",)}, {"filter_string": "attributes.status = 'RUNNING'"}):
        with pytest.raises(InvalidInput, match="page token"):
            page(stores, [experiment], max_results=1, page_token=token, **other)
    with pytest.raises(InvalidInput, match="page token"):
        page(stores, max_results=1, page_token=token)
