"""Traces of MLflow 3: recorded by the decorator, searched, judged, tagged, removed."""

import time

import mlflow
import pytest
from mlflow.entities import AssessmentSource, Document, SpanType
from mlflow.exceptions import MlflowException
from support import pages, refused

pytestmark = pytest.mark.mlflow3


@mlflow.trace(name="retrieve", span_type=SpanType.RETRIEVER)
def _retrieve(question):
    return [Document(page_content=f"about {question}", metadata={"k": 1})]


@mlflow.trace(name="answer", span_type=SpanType.CHAIN, attributes={"model": "toy-1"})
def _answer(question):
    documents = _retrieve(question)
    with mlflow.start_span("generate", span_type=SpanType.LLM) as span:
        span.set_inputs({"prompt": question})
        span.set_attributes({"tokens": 7, "nested": {"a": [1, None]}})
        span.set_outputs(f"answer from {len(documents)}")
    return {"text": "größe ✓"}


@mlflow.trace(name="fails")
def _fail():
    raise ValueError("broken on purpose")


def _traced(call, *arguments):
    """Id of the trace that the call makes, after it has reached the server."""
    call(*arguments)
    mlflow.flush_trace_async_logging()
    return mlflow.get_last_active_trace_id()


def test_nested_spans_come_back_whole(experiment):
    trace = mlflow.get_trace(_traced(_answer, "why"))
    info = trace.info
    assert (info.state, info.experiment_id) == ("OK", experiment)
    assert info.trace_id.startswith("tr-")
    assert info.execution_duration >= 0
    assert info.request_preview == '{"question": "why"}'
    assert "größe" in info.response_preview or "gr\\u00f6" in info.response_preview
    spans = {span.name: span for span in trace.data.spans}
    root, generate = spans["answer"], spans["generate"]
    assert set(spans) == {"answer", "retrieve", "generate"}
    assert root.parent_id is None
    assert {spans["retrieve"].parent_id, generate.parent_id} == {root.span_id}
    assert (root.inputs, root.outputs) == ({"question": "why"}, {"text": "größe ✓"})
    assert (root.span_type, root.get_attribute("model")) == ("CHAIN", "toy-1")
    assert generate.get_attribute("tokens") == 7
    assert generate.get_attribute("nested") == {"a": [1, None]}
    assert generate.outputs == "answer from 1"
    assert spans["retrieve"].outputs[0]["page_content"] == "about why"
    assert root.start_time_ns <= generate.start_time_ns <= generate.end_time_ns <= root.end_time_ns


def test_spans_are_kept_by_the_server_and_not_as_a_file(client, experiment):
    trace = mlflow.get_trace(_traced(_answer, "x"))
    assert trace.info.tags["mlflow.trace.spansLocation"] == "TRACKING_STORE"
    assert trace.info.tags["mlflow.traceName"] == "answer"


def test_exception_is_recorded(experiment):
    with pytest.raises(ValueError, match="broken"):
        _fail()
    mlflow.flush_trace_async_logging()
    trace = mlflow.get_trace(mlflow.get_last_active_trace_id())
    span = trace.data.spans[0]
    assert (trace.info.state, span.status.status_code) == ("ERROR", "ERROR")
    assert "broken on purpose" in span.status.description
    event = next(event for event in span.events if event.name == "exception")
    assert event.attributes["exception.type"] == "ValueError"


def test_trace_belongs_to_the_active_run(client, experiment):
    with mlflow.start_run() as run:
        trace = _traced(_answer, "x")
    _traced(_answer, "outside")
    assert [t.info.trace_id for t in mlflow.search_traces(run_id=run.info.run_id, return_type="list")] == [
        trace
    ]


def test_metadata_tags_and_previews_of_the_caller(client, experiment):
    @mlflow.trace
    def talk(text):
        mlflow.update_current_trace(
            tags={"mood": "good"},
            metadata={"mlflow.trace.user": "u1", "mlflow.trace.session": "s1", "extra": "1"},
            client_request_id="req-1",
            request_preview="asked",
            response_preview="answered",
        )
        return text

    info = mlflow.get_trace(_traced(talk, "x")).info
    assert info.tags["mood"] == "good"
    assert (info.trace_metadata["mlflow.trace.user"], info.trace_metadata["extra"]) == ("u1", "1")
    assert (info.client_request_id, info.request_preview, info.response_preview) == (
        "req-1",
        "asked",
        "answered",
    )


def test_many_spans_in_one_trace(experiment):
    @mlflow.trace
    def wide():
        for number in range(300):
            with mlflow.start_span(f"s{number}") as span:
                span.set_inputs({"n": number, "text": "x" * 200})

    trace = mlflow.get_trace(_traced(wide))
    assert sorted(s.inputs["n"] for s in trace.data.spans if s.parent_id) == list(range(300))


def test_trace_tags_are_set_and_deleted(client, experiment):
    trace = _traced(_answer, "x")
    client.set_trace_tag(trace, "colour", "red")
    client.set_trace_tag(trace, "colour", "blue")
    assert mlflow.get_trace(trace).info.tags["colour"] == "blue"
    client.delete_trace_tag(trace, "colour")
    assert "colour" not in mlflow.get_trace(trace).info.tags
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.delete_trace_tag(trace, "colour")


def test_unknown_trace(client, experiment):
    assert mlflow.get_trace("tr-" + "0" * 32, silent=True) is None
    with pytest.raises(MlflowException):
        client.get_trace("tr-" + "0" * 32)
    with pytest.raises(MlflowException):
        client.set_trace_tag("tr-" + "0" * 32, "a", "b")


@pytest.fixture
def four(experiment):
    """Traces by name: a and b fine, c failed, d with metadata; (experiment, ids by letter)."""
    ids = {}
    for letter in "abcd":

        @mlflow.trace(name=f"trace-{letter}", span_type="TOOL" if letter == "a" else "CHAIN")
        def call(question, letter=letter):
            mlflow.update_current_trace(tags={"letter": letter, "odd key": letter.upper()})
            if letter == "d":
                mlflow.update_current_trace(metadata={"deep": "yes"}, client_request_id="req-d")
            with mlflow.start_span(
                f"inner-{letter}", attributes={"colour": "red" if letter < "c" else "blue"}
            ):
                if letter == "c":
                    raise ValueError
            return question

        try:
            call(f"needle-{letter}")
        except ValueError:
            pass
        ids[letter] = mlflow.get_last_active_trace_id()
        time.sleep(0.002)
    mlflow.flush_trace_async_logging()
    mlflow.log_feedback(trace_id=ids["a"], name="quality", value="good")
    mlflow.log_feedback(trace_id=ids["b"], name="quality", value="bad")
    mlflow.log_expectation(trace_id=ids["b"], name="wanted", value="x")
    return experiment, ids


def _found(four, clause=None, **more):
    experiment, ids = four
    letters = {trace: letter for letter, trace in ids.items()}
    found = mlflow.MlflowClient().search_traces(
        locations=[experiment], filter_string=clause, include_spans=False, **more
    )
    return "".join(letters[t.info.trace_id] for t in found)


def test_search_by_every_operator(four):
    table = {
        "trace.name = 'trace-a'": "a",
        "name != 'trace-a'": "bcd",
        "attributes.name LIKE 'trace-%'": "abcd",
        "trace.name ILIKE 'TRACE-B'": "b",
        "trace.name RLIKE '^trace-[ab]$'": "ab",
        "trace.status = 'ERROR'": "c",
        "status != 'ERROR'": "abd",
        "trace.status IN ('OK')": "abd",
        f"request_id = '{four[1]['b']}'": "b",
        f"trace.request_id IN ('{four[1]['b']}', '{four[1]['c']}')": "bc",
        "trace.client_request_id = 'req-d'": "d",
        "timestamp > 0": "abcd",
        "trace.timestamp_ms < 10": "",
        "execution_time >= 0": "abcd",
        "trace.execution_time_ms > 1000000": "",
        "trace.end_time > 0": "abcd",
        "tags.letter = 'b'": "b",
        "tag.letter != 'b'": "acd",
        "tags.`odd key` = 'C'": "c",
        "tags.letter LIKE '_'": "abcd",
        "tags.letter IS NOT NULL": "abcd",
        "tags.nowhere IS NULL": "abcd",
        "metadata.deep = 'yes'": "d",
        "request_metadata.deep LIKE 'y%'": "d",
        "metadata.deep IS NULL": "abc",
        "span.name = 'inner-a'": "a",
        "span.name LIKE 'inner-%'": "abcd",
        "span.name IN ('inner-a', 'inner-b')": "ab",
        "span.type = 'TOOL'": "a",
        "span.status = 'ERROR'": "c",
        "span.attributes.colour LIKE '%red%'": "ab",
        "span.attributes.colour ILIKE '%BLU%'": "cd",
        "span.content LIKE '%needle-b%'": "b",
        "trace.text LIKE '%needle-d%'": "d",
        "feedback.quality = 'good'": "a",
        "feedback.quality != 'good'": "b",
        "feedback.quality IS NOT NULL": "ab",
        "expectation.wanted = 'x'": "b",
        "status = 'OK' AND tags.letter = 'a'": "a",
    }
    wrong = {}
    for clause, expected in table.items():
        try:
            got = "".join(sorted(_found(four, clause)))
        except MlflowException as error:
            got = str(error)
        if got != expected:
            wrong[clause] = (got, expected)
    assert wrong == {}, "clause: (got, expected)"


def test_filters_outside_the_grammar_are_refused(four):
    for bad in (
        "foo = 'x'",
        "status > 'OK'",
        "timestamp = 'x'",
        "name = 'a' OR name = 'b'",
        "tags.letter > 'a'",
    ):
        with refused("INVALID_PARAMETER_VALUE", about=bad):
            _found(four, bad)


def test_order_and_pages(four):
    assert _found(four) == "dcba"
    assert _found(four, order_by=["timestamp ASC"]) == "abcd"
    assert _found(four, order_by=["timestamp_ms DESC"]) == "dcba"
    assert _found(four, order_by=["status", "timestamp ASC"]) == "cabd"
    assert _found(four, order_by=["name DESC"]) == "dcba"
    assert _found(four, order_by=["tags.letter ASC"]) == "abcd"
    client, experiment = mlflow.MlflowClient(), four[0]
    items, lengths = pages(
        lambda size, token: client.search_traces(
            locations=[experiment], max_results=size, page_token=token, order_by=["timestamp ASC"]
        ),
        3,
    )
    assert [t.info.trace_id for t in items] == list(four[1].values())
    assert lengths == [3, 1]
    assert [len(t.data.spans) for t in items] == [2, 2, 2, 2]
    with refused("INVALID_PARAMETER_VALUE"):
        _found(four, order_by=["foo"])


def test_fluent_search_makes_a_table(four):
    table = mlflow.search_traces(locations=[four[0]], order_by=["timestamp ASC"])
    assert list(table.trace_id) == list(four[1].values())
    assert list(table.state) == ["OK", "OK", "ERROR", "OK"]


def test_deleted_traces_are_gone(client, four):
    experiment, ids = four
    assert client.delete_traces(experiment, trace_ids=[ids["a"]]) == 1
    assert client.delete_traces(experiment, trace_ids=["tr-" + "0" * 32]) == 0
    assert mlflow.get_trace(ids["a"], silent=True) is None
    assert client.delete_traces(experiment, max_timestamp_millis=2**53, max_traces=1) == 1
    assert _found(four, order_by=["timestamp ASC"]) == "cd"
    assert client.delete_traces(experiment, max_timestamp_millis=2**53) == 2
    assert _found(four) == ""


def test_feedback_of_every_kind(experiment):
    trace = _traced(_answer, "x")
    source = AssessmentSource(source_type="HUMAN", source_id="me")
    for value in (True, 0.5, 3, "text", ["a", "b"], {"k": 1}):
        made = mlflow.log_feedback(
            trace_id=trace, name="f", value=value, source=source, rationale="because", metadata={"m": "1"}
        )
        got = mlflow.get_assessment(trace, made.assessment_id)
        assert (got.value, got.rationale, got.metadata) == (value, "because", {"m": "1"})
        assert (got.source.source_type, got.source.source_id) == ("HUMAN", "me")
    assert len(mlflow.get_trace(trace).info.assessments) == 6


def test_failed_feedback_keeps_its_error(experiment):
    trace = _traced(_answer, "x")
    made = mlflow.log_feedback(trace_id=trace, name="judge", error=ValueError("no answer"))
    got = mlflow.get_assessment(trace, made.assessment_id)
    assert got.value is None
    assert "no answer" in got.error.error_message


def test_expectations_of_every_kind(experiment):
    trace = _traced(_answer, "x")
    for value in ("Paris", 7, [1, 2], {"deep": {"k": [None, True]}}):
        made = mlflow.log_expectation(trace_id=trace, name="e", value=value)
        assert mlflow.get_assessment(trace, made.assessment_id).value == value


def test_assessments_are_updated_overridden_and_deleted(experiment):
    trace = _traced(_answer, "x")
    first = mlflow.log_feedback(trace_id=trace, name="f", value=1)
    first.feedback.value = 2
    first.rationale = "better"
    mlflow.update_assessment(trace, first.assessment_id, first)
    got = mlflow.get_assessment(trace, first.assessment_id)
    assert (got.value, got.rationale) == (2, "better")
    second = mlflow.override_feedback(trace_id=trace, assessment_id=first.assessment_id, value=3)
    assert mlflow.get_assessment(trace, first.assessment_id).valid is False
    assert mlflow.get_assessment(trace, second.assessment_id).overrides == first.assessment_id
    mlflow.delete_assessment(trace, second.assessment_id)
    mlflow.delete_assessment(trace, second.assessment_id)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        mlflow.get_assessment(trace, second.assessment_id)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        mlflow.log_feedback(trace_id="tr-" + "0" * 32, name="f", value=1)


def test_traces_are_linked_to_runs_later(client, experiment, run):
    trace = _traced(_answer, "x")
    client.link_traces_to_run([trace], run)
    assert [t.info.trace_id for t in mlflow.search_traces(run_id=run, return_type="list")] == [trace]


def test_prompts_used_in_a_trace_are_linked(client, experiment, name):
    mlflow.genai.register_prompt(name, "Hi {{who}}")

    @mlflow.trace
    def use():
        return mlflow.genai.load_prompt(f"prompts:/{name}/1").format(who="you")

    trace = _traced(use)
    mlflow.flush_trace_async_logging()
    deadline = time.monotonic() + 10
    while "mlflow.linkedPrompts" not in mlflow.get_trace(trace).info.tags and time.monotonic() < deadline:
        time.sleep(0.1)
    assert name in mlflow.get_trace(trace).info.tags["mlflow.linkedPrompts"]


def test_trace_of_a_request_and_its_answer(client, experiment):
    trace = mlflow.log_trace(
        name="by hand",
        request={"q": "why"},
        response="so",
        attributes={"k": "v"},
        tags={"mood": "good"},
        start_time_ms=1_700_000_000_000,
        execution_time_ms=250,
    )
    mlflow.flush_trace_async_logging()
    kept = client.get_trace(trace)
    assert (kept.info.request_time, kept.info.execution_duration) == (1_700_000_000_000, 250)
    assert kept.info.tags["mood"] == "good"
    (span,) = kept.data.spans
    assert (span.inputs, span.outputs, span.get_attribute("k")) == ({"q": "why"}, "so", "v")


def test_spans_without_a_context_make_a_trace(client, experiment):
    root = mlflow.start_span_no_context("root", inputs={"a": 1}, tags={"t": "1"})
    child = mlflow.start_span_no_context("child", parent_span=root)
    child.end(outputs={"b": 2})
    root.end()
    mlflow.flush_trace_async_logging()
    kept = client.get_trace(root.trace_id)
    assert {span.name: span.parent_id for span in kept.data.spans} == {"root": None, "child": root.span_id}
    assert kept.info.tags["t"] == "1"


def test_spans_by_the_client_alone(client, experiment):
    root = client.start_trace("root", inputs={"a": 1}, experiment_id=experiment)
    child = client.start_span("child", root.trace_id, parent_id=root.span_id)
    client.end_span(child.trace_id, child.span_id, outputs={"c": 3})
    client.end_trace(root.trace_id, outputs={"d": 4})
    mlflow.flush_trace_async_logging()
    assert len(client.get_trace(root.trace_id).data.spans) == 2


def test_traces_of_a_session_are_found_together(experiment):
    @mlflow.trace
    def say(text, session):
        mlflow.update_current_trace(metadata={"mlflow.trace.session": session})
        return text

    for text, session in (("a", "s1"), ("b", "s2"), ("c", "s1")):
        say(text, session)
    mlflow.flush_trace_async_logging()
    sessions = mlflow.search_sessions(locations=[experiment])
    assert sorted(len(session) for session in sessions) == [1, 2]


def test_span_of_another_process_joins_its_trace(client, experiment):
    with mlflow.start_span("caller") as caller:
        headers = mlflow.tracing.get_tracing_context_headers_for_http_request()
    with mlflow.tracing.set_tracing_context_from_http_request_headers(headers):
        with mlflow.start_span("called") as called:
            pass
    mlflow.flush_trace_async_logging()
    assert called.trace_id == caller.trace_id
    kept = client.get_trace(caller.trace_id)
    assert {span.name: span.parent_id for span in kept.data.spans} == {
        "caller": None,
        "called": caller.span_id,
    }
