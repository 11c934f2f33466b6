"""Traces, spans and assessments, on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from runyard.entities.common import Page, Tag
from runyard.entities.trace import Assessment, Span, TraceInfo, TraceState, TraceSummary
from runyard.errors import BadRequest, InvalidInput, NotFound
from tests.contract.store.stores import AWKWARD, Stores, all_pages


def new_id() -> str:
    return f"tr-{uuid.uuid4().hex}"


def start(stores: Stores, experiment: int, request_ms: int = 1, **rest: Any) -> str:
    """The id of a trace that its client has described."""
    info = TraceInfo(rest.pop("trace_id", None) or new_id(), experiment, request_ms, **rest)
    return stores.do(stores.traces.start(stores.workspace, info)).trace_id


def summary(trace_id: str, *names: str, end_ms: int | None = None) -> TraceSummary:
    """Spans of these names that a trace is to have."""
    spans = [
        Span(trace_id, f"{number:016x}", name, number * 1_000_000, number * 1_000_000 + 1)
        for number, name in enumerate(names, 1)
    ]
    return TraceSummary(trace_id, 1, end_ms, None, None, None, {}, {}, spans)


def add_spans(stores: Stores, experiment: int, *found: TraceSummary) -> None:
    stores.do(stores.traces.add_spans(stores.workspace, experiment, found))


def get(stores: Stores, trace_id: str) -> TraceInfo:
    return stores.do(stores.traces.get_info(stores.workspace, trace_id))


def span_names(stores: Stores, trace_id: str) -> list[str]:
    (trace,) = stores.do(stores.traces.get_many(stores.workspace, [trace_id]))
    return [span.name for span in trace.spans]


def say(stores: Stores, trace_id: str, name: str, value: object = True, **rest: Any) -> str:
    """The id of a feedback."""
    uid = f"a-{uuid.uuid4().hex}"
    made = Assessment(uid, trace_id, name, 1, 1, feedback={"value": value}, **rest)
    return stores.do(stores.traces.add_assessment(stores.workspace, made, "a-other")).id


@pytest.mark.parametrize("text", AWKWARD)
def test_trace_is_read_as_it_was_described(stores: Stores, text: str) -> None:
    experiment = stores.new_experiment()
    trace = start(
        stores,
        experiment,
        7,
        duration_ms=5,
        state=TraceState.OK,
        request_preview=text,
        tags={text: text},
        metadata={text: text},
    )
    found = get(stores, trace)
    assert (found.experiment_id, found.request_ms, found.duration_ms) == (experiment, 7, 5)
    assert (found.state, found.request_preview) == (TraceState.OK, text)
    assert (found.tags[text], found.metadata[text]) == (text, text)


def test_describing_a_trace_again_overwrites_it_and_adds_tags(stores: Stores) -> None:
    experiment = stores.new_experiment()
    trace = start(stores, experiment, state=TraceState.IN_PROGRESS, tags={"a": "1"})
    for _ in range(2):
        start(stores, experiment, trace_id=trace, state=TraceState.ERROR, duration_ms=3, tags={"b": "2"})
    found = get(stores, trace)
    assert (found.state, found.duration_ms) == (TraceState.ERROR, 3)
    assert (found.tags["a"], found.tags["b"]) == ("1", "2")


def test_unknown_trace_or_experiment_is_refused(stores: Stores) -> None:
    with pytest.raises(NotFound):
        start(stores, 2**62)
    with pytest.raises(NotFound):
        add_spans(stores, 2**62, summary(new_id(), "a"))
    with pytest.raises(NotFound):
        get(stores, new_id())
    with pytest.raises(NotFound):
        say(stores, new_id(), "x")
    with pytest.raises(BadRequest):
        stores.do(stores.traces.set_tag(stores.workspace, new_id(), Tag("k", "v")))
    assert stores.do(stores.traces.get_many(stores.workspace, [new_id()])) == []


def test_trace_stays_in_its_experiment_and_workspace(stores: Stores) -> None:
    trace = start(stores, stores.new_experiment())
    with pytest.raises(InvalidInput):
        start(stores, stores.new_experiment(), trace_id=trace)
    home = stores.workspace
    stores.enter_new_workspace()
    with pytest.raises(NotFound):
        get(stores, trace)
    assert start(stores, stores.new_experiment(), request_ms=7, trace_id=trace) == trace
    assert get(stores, trace).request_ms == 7
    stores.workspace = home
    assert get(stores, trace).request_ms == 1


def test_spans_make_their_trace_and_again_change_nothing(stores: Stores) -> None:
    experiment, trace = stores.new_experiment(), new_id()
    add_spans(stores, experiment, summary(trace, "root"))
    assert get(stores, trace).state is TraceState.IN_PROGRESS
    for _ in range(2):
        add_spans(stores, experiment, summary(trace, "root", "ü", end_ms=11))
    assert span_names(stores, trace) == ["root", "ü"]
    assert get(stores, trace).duration_ms == 10


def test_what_the_client_described_is_not_changed_by_its_spans(stores: Stores) -> None:
    experiment = stores.new_experiment()
    trace = start(stores, experiment, 5, duration_ms=1, state=TraceState.OK)
    add_spans(stores, experiment, summary(trace, "late", end_ms=99))
    found = get(stores, trace)
    assert (found.request_ms, found.duration_ms, found.state) == (5, 1, TraceState.OK)
    assert span_names(stores, trace) == ["late"]


def test_spans_of_one_new_trace_through_two_servers_are_all_kept(stores: Stores, others: Stores) -> None:
    experiment = stores.new_experiment()
    for _ in range(10):
        trace = new_id()
        whole = summary(trace, *"abcdefgh")
        writes = [
            (stores, others)[number % 2].traces.add_spans(
                stores.workspace,
                experiment,
                [TraceSummary(trace, 1, number, None, None, None, {str(number): "1"}, {}, [span])],
            )
            for number, span in enumerate(whole.spans, 2)
        ]
        assert set(stores.at_once(*writes)) == {None}
        assert span_names(stores, trace) == list("abcdefgh")
        assert get(stores, trace).duration_ms == 8
        assert {str(number) for number in range(2, 10)} <= set(get(stores, trace).tags)


def test_prompts_linked_through_two_servers_are_all_kept(stores: Stores, others: Stores) -> None:
    trace = start(stores, stores.new_experiment())
    writes = [
        (stores, others)[number % 2].traces.link_prompts(stores.workspace, trace, [(f"p{number % 6}", "1")])
        for number in range(12)
    ]
    assert set(stores.at_once(*writes)) == {None}
    assert get(stores, trace).tags["mlflow.linkedPrompts"].count("name") == 6


def test_tags_are_overwritten_and_deleted_once(stores: Stores) -> None:
    trace = start(stores, stores.new_experiment())
    for value in ("1", "2", "2"):
        stores.do(stores.traces.set_tag(stores.workspace, trace, Tag("k", value)))
    assert get(stores, trace).tags["k"] == "2"
    stores.do(stores.traces.delete_tag(stores.workspace, trace, "k"))
    with pytest.raises(NotFound):
        stores.do(stores.traces.delete_tag(stores.workspace, trace, "k"))


def test_deleted_trace_is_gone_with_all_that_belongs_to_it(stores: Stores) -> None:
    experiment = stores.new_experiment()
    trace = start(stores, experiment, tags={"k": "v"})
    add_spans(stores, experiment, summary(trace, "a"))
    said = say(stores, trace, "good")
    assert stores.do(stores.traces.delete(stores.workspace, stores.new_experiment(), [trace])) == 0
    assert stores.do(stores.traces.delete(stores.workspace, experiment, [trace, new_id()])) == 1
    assert stores.do(stores.traces.delete(stores.workspace, experiment, [trace])) == 0
    start(stores, experiment, trace_id=trace)
    assert span_names(stores, trace) == []
    assert "k" not in get(stores, trace).tags
    with pytest.raises(NotFound):
        stores.do(stores.traces.get_assessment(stores.workspace, trace, said))


def test_oldest_traces_are_deleted_first(stores: Stores) -> None:
    experiment = stores.new_experiment()
    traces = [start(stores, experiment, ms) for ms in (10, 20, 30, 40)]
    assert stores.do(stores.traces.delete_until(stores.workspace, experiment, 30, 2)) == 2
    assert search(stores, [experiment]) == [traces[3], traces[2]]
    assert stores.do(stores.traces.delete_until(stores.workspace, experiment, 30, None)) == 1


def test_assessments_come_and_go_and_override_each_other(stores: Stores) -> None:
    trace = start(stores, stores.new_experiment())
    first = say(stores, trace, "good", False)
    second = say(stores, trace, "good", True, overrides=first)
    valid = {said.id: said.valid for said in get(stores, trace).assessments}
    assert valid == {first: False, second: True}
    changed = stores.do(
        stores.traces.update_assessment(
            stores.workspace, trace, second, {"rationale": "ü", "metadata": {"a": "b"}}
        )
    )
    assert (changed.rationale, changed.metadata) == ("ü", {"a": "b"})
    for _ in range(2):
        stores.do(stores.traces.delete_assessment(stores.workspace, trace, second))
    assert [(said.id, said.valid) for said in get(stores, trace).assessments] == [(first, True)]


def search(
    stores: Stores,
    experiments: Sequence[int],
    filter_string: str = "",
    order_by: Sequence[str] = (),
    size: int = 2,
) -> list[str]:
    """Ids of what is found, page after page."""

    def page(token: str | None) -> Page[TraceInfo]:
        return stores.do(
            stores.traces.search(
                stores.workspace,
                experiment_ids=experiments,
                filter_string=filter_string,
                order_by=order_by,
                max_results=size,
                page_token=token,
            )
        )

    return [found.trace_id for found in all_pages(page)]


def test_search_filters_and_orders(stores: Stores) -> None:
    experiment = stores.new_experiment()
    fast = start(stores, experiment, 1, duration_ms=5, state=TraceState.OK, tags={"t": "x"})
    slow = start(stores, experiment, 2, duration_ms=50, state=TraceState.ERROR, metadata={"m": "ü"})
    add_spans(stores, experiment, summary(fast, "embed"), summary(slow, "call"))
    say(stores, slow, "good", "yes")
    assert search(stores, [experiment]) == [slow, fast]
    assert search(stores, [experiment], order_by=["timestamp_ms ASC"]) == [fast, slow]
    assert search(stores, [experiment], "status = 'ERROR'") == [slow]
    assert search(stores, [experiment], "execution_time_ms < 10") == [fast]
    assert search(stores, [experiment], "tags.t = 'x'") == [fast]
    assert search(stores, [experiment], "metadata.m = 'ü'") == [slow]
    assert search(stores, [experiment], "span.name LIKE 'emb%'") == [fast]
    assert search(stores, [experiment], "feedback.good = 'yes'") == [slow]
    assert search(stores, [stores.new_experiment()]) == []


def test_traces_linked_to_a_run_are_found_by_it(stores: Stores) -> None:
    experiment = stores.new_experiment()
    trace, run_id = start(stores, experiment), stores.new_run(experiment)
    start(stores, experiment)
    for _ in range(2):
        stores.do(stores.traces.link_to_run(stores.workspace, [trace, new_id()], run_id))
    assert search(stores, [experiment], f"attributes.run_id = '{run_id}'") == [trace]


def test_pages_show_each_trace_once_while_more_arrive(stores: Stores) -> None:
    experiment = stores.new_experiment()
    stay = [start(stores, experiment, ms // 2) for ms in range(20, 40)]

    def page(token: str | None) -> Page[TraceInfo]:
        return stores.do(
            stores.traces.search(
                stores.workspace,
                experiment_ids=[experiment],
                filter_string="",
                order_by=[],
                max_results=6,
                page_token=token,
            )
        )

    def disturb() -> None:
        start(stores, experiment, 100)
        start(stores, experiment, 15)
        stores.do(stores.traces.set_tag(stores.workspace, stay[3], Tag("k", uuid.uuid4().hex)))

    found = [trace.trace_id for trace in all_pages(page, disturb)]
    assert len(found) == len(set(found))
    assert set(stay) <= set(found)
