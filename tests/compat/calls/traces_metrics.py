"""Numbers over many traces: aggregated metrics of traces, spans and assessments, and how two filters go together."""

import json
from typing import Any

from .call import Call, post

START_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
MINUTE_MS = 60_000


def _trace(
    number: int, name: str, state: str, duration: str, session: str | None, tokens: int | None
) -> Call:
    metadata = {"mlflow.trace.session": session, "deep": str(number % 2)}
    if tokens is not None:
        usage = {"input_tokens": tokens, "output_tokens": 2 * tokens, "total_tokens": 3 * tokens}
        metadata["mlflow.trace.tokenUsage"] = json.dumps(usage)
    info = {
        "trace_id": f"tr-{number:08d}{{nonce}}{number:012d}",
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "{exp}"}},
        "request_time": f"2026-01-01T00:0{number}:30Z",
        "execution_duration": duration,
        "state": state,
        "trace_metadata": {key: value for key, value in metadata.items() if value is not None},
        "tags": {"mlflow.traceName": name, "t": str(number % 3)},
    }
    return post(f"trace {number}", "3:traces", {"trace": {"trace_info": info}})


def _span(
    trace: int, number: int, name: str, kind: str, ms: int, code: int, **attributes: Any
) -> dict[str, Any]:
    start = (START_MS + trace * MINUTE_MS + 30_000 + number) * 1_000_000
    facts = {
        "mlflow.spanType": kind,
        "mlflow.traceRequestId": f"tr-{trace:08d}{{nonce}}{trace:012d}",
    } | attributes
    return {
        "traceId": f"{trace:08d}{{nonce}}{trace:012d}",
        "spanId": f"{trace:08d}{number:08d}",
        "name": name,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + ms * 1_000_000),
        "status": {"code": code},
        "attributes": [{"key": k, "value": {"stringValue": json.dumps(v)}} for k, v in facts.items()],
    } | ({"parentSpanId": f"{trace:08d}{0:08d}"} if number else {})


def _llm(trace: int, number: int, ms: int, model: str, cost: float) -> dict[str, Any]:
    costs = {"input_cost": cost, "output_cost": 2 * cost, "total_cost": 3 * cost}
    facts = {"mlflow.llm.model": model, "mlflow.llm.provider": "toy", "mlflow.llm.cost": costs}
    return _span(trace, number, "generate", "LLM", ms, 1, **facts)


SPANS = [
    _span(0, 0, "answer", "CHAIN", 100, 1),
    _llm(0, 1, 60, "m1", 0.5),
    _span(1, 0, "answer", "CHAIN", 200, 2),
    _llm(1, 1, 150, "m2", 0.25),
    _llm(1, 2, 30, "m1", 1.0),
    _span(2, 0, "ask", "AGENT", 300, 0),
]


def _metric(name: str, view: str, metric: str, kinds: str, **more: Any) -> Call:
    aggregations = [
        {"aggregation_type": "PERCENTILE", "percentile_value": float(kind[1:])} if kind[1:].isdigit() else {"aggregation_type": kind}
        for kind in kinds.split()
    ]  # fmt: skip
    body = {
        "experiment_ids": ["{exp}"],
        "view_type": view,
        "metric_name": metric,
        "aggregations": aggregations,
    }
    return post(
        name, "3:traces/metrics", {key: value for key, value in (body | more).items() if value is not None}
    )


def _correlation(name: str, first: str, second: str, **more: Any) -> Call:
    body = {"experiment_ids": ["{exp}"], "filter_string1": first, "filter_string2": second}
    return post(name, "3:traces/calculate-filter-correlation", body | more)


def _judged(number: int, name: str, value: Any, **more: Any) -> Call:
    trace = f"tr-{number:08d}{{nonce}}{number:012d}"
    said = {"assessment_name": name, "trace_id": trace, "source": {"source_type": "HUMAN", "source_id": "me"}}
    return post(
        f"judged {number} {name} {value}",
        f"3:traces/{trace}/assessments",
        {"assessment": said | (more or {"feedback": {"value": value}})},
        compare="status",
    )


def _found(text: str) -> Call:
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "{exp}"}}
    return post(
        f"found by {text}", "3:traces/search", {"locations": [place], "filter": text}, compare="count"
    )


SPAN_FILTERS = ("span.type = 'LLM' AND span.name = 'answer'", "span.type = 'CHAIN' AND span.name = 'answer'", "span.name = 'answer' AND span.status = 'ERROR'", "span.type = 'LLM' AND span.status = 'ERROR'", "span.type = 'LLM' AND span.attributes.mlflow.llm.model = 'm2'", "span.name != 'answer' AND span.type != 'LLM'", "span.name = 'answer' AND span.content LIKE '%m2%'", "span.name = 'answer' AND trace.text LIKE '%m2%'", "span.name IN ('answer', 'ask') AND status = 'OK'", "span.name LIKE 'gen%' AND span.attributes.`mlflow.llm.provider` LIKE '%toy%'", "span.attributes.mlflow.llm.model != 'm2'", "span.name NOT IN ('answer', 'generate')", "span.type = 'LLM' AND span.name = 'generate' AND span.name = 'answer'")  # fmt: skip
RANGE = {"start_time_ms": START_MS, "end_time_ms": START_MS + 10 * MINUTE_MS}
FILTERS = ("trace.status = 'OK'", "trace.metadata.deep = '1'", "trace.tag.t = '1'", "trace.tag.`mlflow.traceName` = 'b'", "trace.metadata.`mlflow.trace.session` = 's1'", "trace.metadata.`mlflow.sourceRun` = 'x'")  # fmt: skip
BAD_FILTERS = ("status = 'OK'", "trace.status != 'OK'", "trace.status = OK", "trace.foo = 'x'", "trace.tag = 'x'", "trace.status.x = 'OK'", "span.name = 'x'", "assessment.name = 'x'", "foo.bar = 'x'", "trace.status = 'OK' AND trace.tag.t = '1'", "nonsense")  # fmt: skip
TOKENS = ("input_tokens", "output_tokens", "total_tokens", "cache_read_input_tokens")

CALLS = (
    post("experiment", "experiments/create", {"name": "{nonce}"}, keep={"exp": "experiment_id"}),
    _metric("nothing yet", "TRACES", "trace_count", "COUNT"),
    _metric("no latency yet", "TRACES", "latency", "AVG"),
    _correlation("correlation of nothing", "status = 'OK'", "tags.t = '1'"),
    _trace(0, "a", "OK", "0.100s", "s1", 10),
    _trace(1, "a", "ERROR", "0.200s", "s1", 20),
    _trace(2, "b", "OK", "0.300s", "s2", None),
    _trace(3, "b", "OK", "0.450s", None, 45),
    _trace(4, "b", "OK", "1s", "s3", 0),
    Call("spans", "POST", "/v1/traces", {"resourceSpans": [{"scopeSpans": [{"spans": SPANS}]}]}, headers={"x-mlflow-experiment-id": "{exp}"}, compare="status"),
    _judged(0, "good", True),
    _judged(1, "good", False),
    _judged(2, "good", "yes"),
    _judged(0, "score", 0.5),
    _judged(1, "score", 1),
    _judged(1, "score", "high"),
    _judged(2, "right", "x", expectation={"value": "x"}),
    _metric("count", "TRACES", "trace_count", "COUNT"),
    _metric("count by status", "TRACES", "trace_count", "COUNT", dimensions=["trace_status"]),
    _metric("count by name and status", "TRACES", "trace_count", "COUNT", dimensions=["trace_name", "trace_status"]),
    _metric("count by status and name", "TRACES", "trace_count", "COUNT", dimensions=["trace_status", "trace_name"]),
    _metric("count over time", "TRACES", "trace_count", "COUNT", time_interval_seconds=120, **RANGE),
    _metric("count over time by name", "TRACES", "trace_count", "COUNT", time_interval_seconds="120", dimensions=["trace_name"], **RANGE),
    _metric("count in range", "TRACES", "trace_count", "COUNT", start_time_ms=START_MS + 90_000, end_time_ms=START_MS + 150_000),
    _metric("count in empty range", "TRACES", "trace_count", "COUNT", start_time_ms=5, end_time_ms=6),
    _metric("sessions", "TRACES", "session_count", "COUNT"),
    _metric("latency", "TRACES", "latency", "AVG MIN MAX P50 P90 P99"),
    _metric("latency by name", "TRACES", "latency", "AVG P50", dimensions=["trace_name"]),
    *(_metric(metric, "TRACES", metric, "SUM AVG MIN MAX P50") for metric in TOKENS),
    *(_metric(f"filter {text}", "TRACES", "trace_count", "COUNT", filters=[text]) for text in (*FILTERS, *BAD_FILTERS)),
    _metric("two filters", "TRACES", "trace_count", "COUNT", filters=list(FILTERS[:2])),
    _metric("one row", "TRACES", "trace_count", "COUNT", dimensions=["trace_status"], max_results=1),
    _metric("spans counted", "SPANS", "span_count", "COUNT"),
    _metric("spans by type and status", "SPANS", "span_count", "COUNT", dimensions=["span_type", "span_status"]),
    _metric("spans by name", "SPANS", "span_count", "COUNT", dimensions=["span_name"]),
    _metric("spans by model", "SPANS", "span_count", "COUNT", dimensions=["span_model_name", "span_model_provider"]),
    _metric("spans of a type", "SPANS", "span_count", "COUNT", filters=["span.type = 'LLM'"]),
    _metric("spans of a name", "SPANS", "span_count", "COUNT", filters=["span.name = 'answer'", "trace.status = 'OK'"]),
    _metric("spans of a status", "SPANS", "span_count", "COUNT", filters=["span.status = 'ERROR'"]),
    _metric("span latency", "SPANS", "latency", "AVG MIN MAX P50", dimensions=["span_name"]),
    _metric("spans over time", "SPANS", "span_count", "COUNT", time_interval_seconds=60, **RANGE),
    _metric("spans in range", "SPANS", "span_count", "COUNT", start_time_ms=START_MS + 90_000, end_time_ms=START_MS + 150_000),
    _metric("cost", "SPANS", "total_cost", "SUM AVG MIN MAX P50"),
    _metric("cost by model", "SPANS", "input_cost", "SUM", dimensions=["span_model_name"]),
    _metric("cost by provider", "SPANS", "output_cost", "SUM", dimensions=["span_model_provider"]),
    _metric("assessments", "ASSESSMENTS", "assessment_count", "COUNT"),
    _metric("assessments by name", "ASSESSMENTS", "assessment_count", "COUNT", dimensions=["assessment_name"]),
    _metric("assessments by value", "ASSESSMENTS", "assessment_count", "COUNT", dimensions=["assessment_name", "assessment_value"]),
    _metric("assessed values", "ASSESSMENTS", "assessment_value", "AVG MIN MAX P50", dimensions=["assessment_name"]),
    _metric("assessments of a name", "ASSESSMENTS", "assessment_value", "AVG", filters=["assessment.name = 'good'"]),
    _metric("assessments of a type", "ASSESSMENTS", "assessment_count", "COUNT", filters=["assessment.type = 'feedback'"]),
    _metric("assessments of failed traces", "ASSESSMENTS", "assessment_count", "COUNT", filters=["trace.status = 'ERROR'"]),
    _metric("assessments over time", "ASSESSMENTS", "assessment_count", "COUNT", time_interval_seconds=60, **RANGE),
    *(_found(text) for text in SPAN_FILTERS),
    _metric("without interval's range", "TRACES", "trace_count", "COUNT", time_interval_seconds=60),
    _metric("unknown metric", "TRACES", "foo", "COUNT"),
    _metric("metric of another view", "TRACES", "span_count", "COUNT"),
    _metric("unsupported aggregation", "TRACES", "trace_count", "SUM"),
    _metric("unknown aggregation", "TRACES", "trace_count", "FOO"),
    _metric("no aggregation", "TRACES", "trace_count", ""),
    _metric("percentile without value", "TRACES", "latency", "PERCENTILE"),
    _metric("percentile beyond", "TRACES", "latency", "P101"),
    _metric("unknown dimension", "TRACES", "trace_count", "COUNT", dimensions=["foo"]),
    _metric("unsupported dimension", "TRACES", "latency", "AVG", dimensions=["trace_status"]),
    _metric("unknown view", "FOO", "trace_count", "COUNT"),
    _metric("view by number", 1, "trace_count", "COUNT"),  # type: ignore[arg-type]
    _metric("without experiments", "TRACES", "trace_count", "COUNT", experiment_ids=[]),
    _metric("of unknown experiment", "TRACES", "trace_count", "COUNT", experiment_ids=["987654321"]),
    _metric("no rows", "TRACES", "trace_count", "COUNT", max_results=0),
    _metric("too many rows", "TRACES", "trace_count", "COUNT", max_results=1001),
    _correlation("correlation", "status = 'OK'", "tags.t = '1'"),
    _correlation("correlation of the same", "status = 'OK'", "status = 'OK'"),
    _correlation("correlation of all", "timestamp > 0", "timestamp > 0"),
    _correlation("correlation of what never meets", "status = 'OK'", "status = 'ERROR'"),
    _correlation("correlation with no match", "status = 'OK'", "tags.t = 'zz'"),
    _correlation("correlation on a base", "status = 'OK'", "tags.t = '1'", base_filter="name = 'b'"),
    _correlation("correlation by spans", "span.name = 'answer'", "status = 'ERROR'"),
    _correlation("correlation with bad filter", "foo = 'x'", "status = 'OK'"),
    _correlation("correlation without filter", "", "status = 'OK'"),
    _correlation("correlation without experiments", "status = 'OK'", "status = 'OK'", experiment_ids=[]),
    _correlation("correlation in unknown experiment", "status = 'OK'", "status = 'OK'", experiment_ids=["987654321"]),
)  # fmt: skip
