"""Traces of MLflow 2: recorded by the decorator and the client, read back, searched, tagged, removed."""

import mlflow
import pytest
from mlflow.entities import SpanType
from mlflow.exceptions import MlflowException
from support import pages, refused

pytestmark = pytest.mark.mlflow2


@mlflow.trace(name="retrieve", span_type=SpanType.RETRIEVER)
def _retrieve(question):
    return [f"about {question}"]


@mlflow.trace(name="answer", span_type=SpanType.CHAIN, attributes={"model": "toy-1"})
def _answer(question):
    documents = _retrieve(question)
    with mlflow.start_span("generate", span_type=SpanType.LLM) as span:
        span.set_inputs({"prompt": question})
        span.set_attributes({"tokens": 7})
        span.set_outputs(f"answer from {len(documents)}")
    return {"text": "größe ✓"}


@mlflow.trace(name="fails")
def _fail():
    raise ValueError("broken on purpose")


def _traced(call, *arguments):
    """Id of the trace that the call makes."""
    call(*arguments)
    return mlflow.get_last_active_trace().info.request_id


def test_nested_spans_come_back_whole(client, experiment):
    trace = client.get_trace(_traced(_answer, "why"))
    info = trace.info
    assert (str(info.status), info.experiment_id) == ("TraceStatus.OK", experiment)
    assert info.execution_time_ms >= 0
    assert info.request_metadata["mlflow.traceInputs"] == '{"question": "why"}'
    assert info.request_metadata["mlflow.trace_schema.version"] == "2"
    assert info.tags["mlflow.traceName"] == "answer"
    spans = {span.name: span for span in trace.data.spans}
    assert set(spans) == {"answer", "retrieve", "generate"}
    assert {spans["retrieve"].parent_id, spans["generate"].parent_id} == {spans["answer"].span_id}
    assert (spans["answer"].inputs, spans["answer"].outputs) == ({"question": "why"}, {"text": "größe ✓"})
    assert spans["generate"].get_attribute("tokens") == 7


def test_exception_is_recorded(client, experiment):
    with pytest.raises(ValueError, match="broken"):
        _fail()
    trace = client.get_trace(mlflow.get_last_active_trace().info.request_id)
    assert str(trace.info.status) == "TraceStatus.ERROR"
    assert "broken on purpose" in trace.data.spans[0].status.description


def test_trace_belongs_to_the_active_run(experiment):
    with mlflow.start_run() as run:
        inside = _traced(_answer, "x")
    _traced(_answer, "outside")
    assert list(mlflow.search_traces(run_id=run.info.run_id)["request_id"]) == [inside]


def test_search_by_everything(client, experiment):
    first, second = _traced(_answer, "1"), _traced(_retrieve, "2")
    with pytest.raises(ValueError, match="broken"):
        _fail()
    client.set_trace_tag(second, "mood", "good")

    def found(filter_string):
        return [t.info.request_id for t in client.search_traces([experiment], filter_string)]

    assert found("trace.name = 'answer'") == [first]
    assert found("tags.mood = 'good'") == [second]
    assert set(found("status = 'OK'")) == {first, second}
    assert len(found("status = 'ERROR' AND timestamp_ms > 0")) == 1
    assert found('request_metadata.`mlflow.traceInputs` = \'{"question": "2"}\'') == [second]
    assert len(found("execution_time_ms >= 0")) == 3
    with refused("INVALID_PARAMETER_VALUE"):
        found("foo = 'x'")


def test_pages_hold_every_trace_once(client, experiment):
    expected = [_traced(_retrieve, str(number)) for number in range(7)]

    def fetch(size, token):
        return client.search_traces(
            [experiment], max_results=size, page_token=token, order_by=["timestamp ASC"]
        )

    found, _ = pages(fetch, 3)
    assert sorted(trace.info.request_id for trace in found) == sorted(expected)
    frame = mlflow.search_traces([experiment], max_results=5)
    assert len(frame) == 5


def test_tags_are_set_and_removed(client, experiment):
    trace = _traced(_answer, "x")
    mlflow.MlflowClient().set_trace_tag(trace, "k", "v")
    assert client.get_trace(trace).info.tags["k"] == "v"
    client.delete_trace_tag(trace, "k")
    assert "k" not in client.get_trace(trace).info.tags
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.delete_trace_tag(trace, "k")


def test_spans_by_the_client_alone(client, experiment):
    root = client.start_trace("root", inputs={"a": 1}, tags={"t": "1"}, experiment_id=experiment)
    child = client.start_span("child", root.request_id, parent_id=root.span_id, inputs={"b": 2})
    client.end_span(child.request_id, child.span_id, outputs={"c": 3})
    running = client._tracking_client.get_trace_info(root.request_id)
    assert str(running.status) == "TraceStatus.IN_PROGRESS"
    client.end_trace(root.request_id, outputs={"d": 4}, attributes={"x": "y"})
    trace = client.get_trace(root.request_id)
    assert [span.name for span in trace.data.spans] == ["root", "child"]
    assert trace.info.tags["t"] == "1"
    assert trace.data.spans[1].outputs == {"c": 3}


def test_traces_are_deleted_by_id_and_by_time(client, experiment):
    traces = [_traced(_retrieve, str(number)) for number in range(4)]
    assert client.delete_traces(experiment, request_ids=traces[:1]) == 1
    with pytest.raises(MlflowException, match="not found"):
        client.get_trace(traces[0])
    assert client.delete_traces(experiment, max_timestamp_millis=2**40, max_traces=2) == 0
    later = mlflow.get_last_active_trace().info.timestamp_ms + 1000
    assert client.delete_traces(experiment, max_timestamp_millis=later, max_traces=2) == 2
    assert len(client.search_traces([experiment])) == 1


def test_unknown_trace_is_not_found(client):
    with pytest.raises(MlflowException, match="not found"):
        client.get_trace("0" * 32)
