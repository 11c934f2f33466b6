from typing import Any

from .call import Call, get, post


def _batch(name: str, *, phrase: str = "", **fields: Any) -> Call:
    return post(name, "runs/log-batch", {"run_id": "{run}"} | fields, phrase=phrase)


def _metric(key: str, value: Any = 1.0, timestamp: Any = 1, step: Any = 0) -> dict[str, Any]:
    return {"key": key, "value": value, "timestamp": timestamp, "step": step}


CALLS = (
    post("experiment", "experiments/create", {"name": "{nonce}"}, keep={"exp": "experiment_id"}),
    post("run", "runs/create", {"experiment_id": "{exp}", "run_name": "n"}, keep={"run": "run.info.run_id"}),
    _batch("empty"),
    _batch("all kinds", metrics=[_metric("m")], params=[{"key": "p", "value": "1"}], tags=[{"key": "t", "value": "1"}]),
    _batch("all kinds again", metrics=[_metric("m")], params=[{"key": "p", "value": "1"}], tags=[{"key": "t", "value": "1"}]),
    post("without run", "runs/log-batch", {"metrics": [_metric("m")]}),
    post("by uuid only", "runs/log-batch", {"run_uuid": "{run}", "metrics": [_metric("m")]}),
    post("unknown run", "runs/log-batch", {"run_id": "0" * 32, "metrics": [_metric("m")]}),
    _batch("1000 metrics", metrics=[_metric("many", i, i, i) for i in range(1000)]),
    _batch("1001 metrics", metrics=[_metric("many", i, i, i) for i in range(1001)], phrase="at most 1000 metrics. Got 1001 metrics"),
    _batch("100 params", params=[{"key": f"p{i}", "value": "x"} for i in range(100)]),
    _batch("101 params", params=[{"key": f"q{i}", "value": "x"} for i in range(101)], phrase="at most 100 params"),
    _batch("101 tags", tags=[{"key": f"q{i}", "value": "x"} for i in range(101)], phrase="at most 100 tags"),
    _batch("1001 in all", metrics=[_metric("t", i, i, i) for i in range(1000)], tags=[{"key": "x", "value": "y"}]),
    _batch("twice a param", params=[{"key": "d", "value": "1"}, {"key": "d", "value": "1"}], phrase="Duplicate parameter keys"),
    _batch("twice a tag", tags=[{"key": "d", "value": "1"}, {"key": "d", "value": "2"}]),
    _batch("changed param", metrics=[_metric("never")], params=[{"key": "fresh", "value": "1"}, {"key": "p", "value": "2"}], phrase="Changing param values is not allowed"),
    _batch("bad metric key", metrics=[_metric("never"), _metric("a$b")]),
    _batch("metric without value", metrics=[{"key": "never", "timestamp": 1}]),
    _batch("metric without timestamp", metrics=[{"key": "never", "value": 1}]),
    _batch("metric without key", metrics=[{"value": 1, "timestamp": 1}]),
    _batch("metric without step", metrics=[{"key": "stepless", "value": 1, "timestamp": 1}]),
    _batch("metric with text", metrics=[_metric("never", "abc")]),
    _batch("metric with NaN", metrics=[_metric("nan", "NaN"), _metric("inf", "Infinity"), _metric("minf", "-Infinity")]),
    _batch("param without value", params=[{"key": "novalue"}]),
    _batch("param as number", params=[{"key": "number", "value": 5}]),
    _batch("param with long value", params=[{"key": "long", "value": "v" * 6001}]),
    _batch("tag with long value", tags=[{"key": "long", "value": "v" * 8001}]),
    _batch("tag with long key", tags=[{"key": "k" * 251, "value": "v"}]),
    _batch("metrics no list", metrics="abc"),
    _batch("metrics of texts", metrics=["abc"]),
    _batch("tag that renames", tags=[{"key": "mlflow.runName", "value": "renamed"}]),
    get("nothing was half written", "runs/get", ("run_id", "{run}"), compare="shape"),
    get("history of the never logged", "metrics/get-history", ("run_id", "{run}"), ("metric_key", "never")),
)  # fmt: skip
