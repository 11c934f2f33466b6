"""Params are set once, tags are overwritten, on both databases."""

from __future__ import annotations

import pytest

from runyard.entities.common import Param, Tag
from runyard.errors import InvalidInput, NotFound
from tests.contract.store.stores import Stores

LONG = "ü" * 8_000


def test_same_param_again_changes_nothing_and_another_value_is_refused(stores: Stores) -> None:
    run_id = stores.new_run()
    for _ in range(3):
        stores.log(run_id, params=[Param("p", "1"), Param("q", "")])
    for batch in (True, False):
        with pytest.raises(InvalidInput, match="not allowed"):
            stores.log(run_id, params=[Param("p", "2")], batch=batch)
    assert stores.data(run_id, "params") == {"p": "1", "q": ""}


def test_tag_is_overwritten_and_deleted_once(stores: Stores) -> None:
    run_id = stores.new_run()
    for value in ("1", "1", "2"):
        stores.log(run_id, tags=[Tag("t", value)])
    assert stores.data(run_id, "tags") == {"t": "2"}
    stores.do(stores.runs.delete_tag(stores.workspace, run_id, "t"))
    assert stores.data(run_id, "tags") == {}
    with pytest.raises(NotFound):
        stores.do(stores.runs.delete_tag(stores.workspace, run_id, "t"))


def test_the_last_of_a_tag_given_twice_wins(stores: Stores) -> None:
    run_id = stores.new_run()
    stores.log(run_id, tags=[Tag("t", "1"), Tag("t", "2")])
    assert stores.data(run_id, "tags") == {"t": "2"}


def test_long_keys_and_values_come_back_whole_and_are_found(stores: Stores) -> None:
    run_id = stores.new_run(experiment := stores.new_experiment())
    key = "k" * 250
    stores.log(run_id, params=[Param(key, LONG)], tags=[Tag(key, LONG)])
    assert stores.data(run_id, "params") == stores.data(run_id, "tags") == {key: LONG}
    assert stores.find_runs([experiment], f"params.{key} = '{LONG}'") == [run_id]
    assert stores.find_runs([experiment], f"tags.{key} = '{LONG[:-1]}'") == []


def test_run_holds_thousands_of_params_and_tags(stores: Stores) -> None:
    run_id = stores.new_run()
    many = {f"k{number}": str(number) for number in range(3_000)}
    stores.log(run_id, params=[Param(*pair) for pair in many.items()])
    stores.log(run_id, tags=[Tag(*pair) for pair in many.items()])
    assert stores.data(run_id, "params") == stores.data(run_id, "tags") == many


def test_key_may_be_a_param_a_tag_and_a_metric_at_once(stores: Stores) -> None:
    run_id = stores.new_run()
    stores.log(run_id, params=[Param("k", "param")], tags=[Tag("k", "tag")])
    assert stores.data(run_id, "params") == {"k": "param"}
    assert stores.data(run_id, "tags") == {"k": "tag"}


def test_writers_of_other_params_at_the_same_time_lose_nothing(stores: Stores, others: Stores) -> None:
    run_id = stores.new_run()
    writes = [
        (stores, others)[number % 2].runs.log(
            stores.workspace, run_id, params=[Param(f"p{number}", "1")], tags=[Tag(f"t{number}", "1")]
        )
        for number in range(60)
    ]
    assert set(stores.at_once(*writes)) == {None}
    assert len(stores.data(run_id, "params")) == len(stores.data(run_id, "tags")) == 60


def test_one_of_two_values_of_a_param_sent_at_the_same_time_is_kept(stores: Stores, others: Stores) -> None:
    for number in range(20):
        run_id = stores.new_run()
        answers = stores.at_once(
            *(
                server.runs.log(stores.workspace, run_id, params=[Param("p", f"{number} {name}")])
                for server, name in ((stores, "one"), (others, "two"))
            )
        )
        assert {type(answer) for answer in answers} == {InvalidInput, type(None)}
        kept = stores.data(run_id, "params")["p"]
        assert kept == f"{number} {'one' if answers[0] is None else 'two'}"


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 128, 6_000])
def test_texts_of_any_length_come_back_and_are_found(stores: Stores, length: int) -> None:
    experiment, text = stores.new_experiment(), "ä" * length
    run_id = stores.new_run(experiment, tags=[Tag("made", text)])
    for _ in range(2):  # the same again changes nothing
        stores.log(run_id, params=[Param("p", text)], tags=[Tag("t", text)])
    assert stores.data(run_id, "params") == {"p": text}
    assert stores.data(run_id, "tags") == {"made": text, "t": text}
    for clause in (f"params.p = '{text}'", f"tags.t LIKE '{text}%'", f"tags.made = '{text}'"):
        assert stores.find_runs([experiment], clause) == [run_id]
    for clause in (f"params.p = '{text}x'", f"params.p != '{text}'", f"tags.t LIKE '{text}_'"):
        assert stores.find_runs([experiment], clause) == []


def test_texts_that_differ_far_from_their_start_are_different(stores: Stores) -> None:
    start = "x" * 100
    run_id = stores.new_run()
    stores.log(run_id, params=[Param("p", f"{start}1")], tags=[Tag("t", f"{start}1")])
    with pytest.raises(InvalidInput, match="Changing param values"):
        stores.log(run_id, params=[Param("p", f"{start}2")])
    stores.log(run_id, tags=[Tag("t", f"{start}2")])
    assert stores.data(run_id, "tags") == {"t": f"{start}2"}
    stores.log(run_id, tags=[Tag("t", "short")])
    assert stores.data(run_id, "tags") == {"t": "short"}
