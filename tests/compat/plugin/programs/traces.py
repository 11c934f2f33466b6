"""Traces calls of a function in an experiment that the first argument names, with or without a run; prints the ids.

With `read` as the last argument it reads them again.
"""

import json
import sys
import time
from typing import Any

import mlflow
from mlflow.entities import AssessmentSource
from mlflow.tracing.attachments import Attachment

name, count, pause_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
client = mlflow.MlflowClient()
mlflow.set_experiment(name)


@mlflow.trace(name="inner", span_type="TOOL")  # type: ignore[untyped-decorator]
def inner(at: int) -> int:
    return at * 2


@mlflow.trace(name="outer", attributes={"kind": "größe"})  # type: ignore[untyped-decorator]
def outer(at: int) -> Any:
    value = inner(at) + 1
    return value if at != 1 else Attachment(content_type="text/plain", content_bytes=b"seen " * 100)


print("begun", flush=True)
found = []
with mlflow.start_run() as run:
    for at in range(count):
        outer(at)
        found.append(mlflow.get_last_active_trace_id())
        time.sleep(pause_s)
outer(count)
found.append(mlflow.get_last_active_trace_id())
mlflow.flush_trace_async_logging()
client.set_trace_tag(found[0], "mood", "good")
client.set_trace_tag(found[0], "gone", "x")
client.delete_trace_tag(found[0], "gone")
made = mlflow.log_feedback(
    trace_id=found[0], name="fine", value=True, rationale="r", source=AssessmentSource("HUMAN", "me")
)
mlflow.log_expectation(trace_id=found[0], name="wanted", value={"a": 1})
client.link_traces_to_run([found[-1]], run.info.run_id)
if sys.argv[-1] == "read":
    for trace_id in found:
        trace = client.get_trace(trace_id)
        assert sorted(span.name for span in trace.data.spans) == ["inner", "outer"], trace
    first = client.get_trace(found[0]).info
    assert first.tags["mood"] == "good" and "gone" not in first.tags, first.tags
    assert sorted(one.name for one in first.assessments) == ["fine", "wanted"]
    place = [mlflow.get_experiment_by_name(name).experiment_id]
    for clause, wanted in (
        ("", set(found)),
        ("tags.mood = 'good'", {found[0]}),
        (f"attributes.run_id = '{run.info.run_id}'", set(found)),
        ("span.name = 'inner' AND feedback.fine = 'true'", {found[0]}),
    ):
        seen = mlflow.search_traces(locations=place, filter_string=clause, return_type="list")
        assert {one.info.trace_id for one in seen} == wanted, (clause, seen)
        assert all(len(one.data.spans) == 2 for one in seen)
print(json.dumps({"traces": found, "run": run.info.run_id, "assessment": made.assessment_id}), flush=True)
