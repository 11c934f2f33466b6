from typing import Any

from .call import Call, delete, get, patch, post


def _search(name: str, **fields: Any) -> Call:
    return post(name, "logged-models/search", {"experiment_ids": ["{exp}"]} | fields)


UNKNOWN = "m-" + "0" * 32
GOOD_FILTERS = ("name = 'net'", "attributes.name LIKE 'n%'", "metrics.acc > 0.5", "params.p = '1'", "tags.t != '1'", "status = 'READY'", "model_type = 'Agent'", "creation_timestamp > 0")  # fmt: skip
BAD_FILTERS = ("metrics.acc LIKE 'x'", "name = 'a' OR name = 'b'", "params.p > '1'", "params.p IS NULL", "name > 'a'", "foo = 'x'", "metrics.acc = 'x'", "name = 1")  # fmt: skip

CALLS = (
    post("experiment", "experiments/create", {"name": "{nonce}"}, keep={"exp": "experiment_id"}),
    post("run", "runs/create", {"experiment_id": "{exp}", "run_name": "n"}, keep={"run": "run.info.run_id"}),
    post("create", "logged-models", {"experiment_id": "{exp}", "name": "net", "model_type": "Agent", "source_run_id": "{run}", "params": [{"key": "p", "value": "1"}], "tags": [{"key": "t", "value": "1"}]}, keep={"model": "model.info.model_id"}),
    post("create bare", "logged-models", {"experiment_id": "{exp}"}, keep={"bare": "model.info.model_id"}),
    post("create without experiment", "logged-models", {"name": "x"}),
    post("create in unknown experiment", "logged-models", {"experiment_id": "987654321"}),
    *(post(f"create with name {name!r}", "logged-models", {"experiment_id": "{exp}", "name": name}) for name in ("a/b", "a:b", "a.b", "a%b", 'a"b', "a'b")),
    get("get", "logged-models/{model}"),
    get("get bare", "logged-models/{bare}"),
    get("get unknown", f"logged-models/{UNKNOWN}"),
    patch("finalize to nonsense", "logged-models/{model}", {"model_id": "{model}", "status": "NONSENSE"}),
    patch("finalize", "logged-models/{model}", {"model_id": "{model}", "status": "LOGGED_MODEL_READY"}),
    patch("finalize with number", "logged-models/{model}", {"model_id": "{model}", "status": 2}),
    patch("finalize without id", "logged-models/{model}", {"status": "LOGGED_MODEL_READY"}),
    patch("finalize without status", "logged-models/{model}", {"model_id": "{model}"}),
    patch("finalize unknown", f"logged-models/{UNKNOWN}", {"model_id": UNKNOWN, "status": "LOGGED_MODEL_READY"}),
    patch("tags", "logged-models/{model}/tags", {"model_id": "{model}", "tags": [{"key": "t", "value": "2"}, {"key": "u", "value": "3"}]}),
    patch("tags of unknown", f"logged-models/{UNKNOWN}/tags", {"model_id": UNKNOWN, "tags": [{"key": "t", "value": "2"}]}),
    delete("delete tag", "logged-models/{model}/tags/u", {"model_id": "{model}", "tag_key": "u"}),
    delete("delete tag again", "logged-models/{model}/tags/u", {"model_id": "{model}", "tag_key": "u"}),
    post("params", "logged-models/{model}/params", {"model_id": "{model}", "params": [{"key": "q", "value": "2"}]}),
    post("params again", "logged-models/{model}/params", {"model_id": "{model}", "params": [{"key": "q", "value": "2"}]}),
    post("params of unknown", f"logged-models/{UNKNOWN}/params", {"model_id": UNKNOWN, "params": [{"key": "q", "value": "2"}]}),
    post("metric", "runs/log-metric", {"run_id": "{run}", "key": "acc", "value": 0.75, "timestamp": 5, "step": 1, "model_id": "{model}", "dataset_name": "d", "dataset_digest": "x"}),
    get("get with metric", "logged-models/{model}"),
    *(_search(f"filter {text}", filter=text) for text in (*GOOD_FILTERS, *BAD_FILTERS)),
    _search("order by metric", order_by=[{"field_name": "metrics.acc", "ascending": False}]),
    post("order by type", "logged-models/search", {"experiment_ids": ["{exp}"], "order_by": [{"field_name": "model_type", "ascending": False}]}),
    _search("order by nonsense", order_by=[{"field_name": "foo"}]),
    _search("order by text", order_by=["name"]),
    post(
        "order with dataset of no metric",
        "logged-models/search",
        {"experiment_ids": ["{exp}"], "order_by": [{"field_name": "name", "dataset_name": "d"}]},
        compare="status",
    ),
    _search("datasets", datasets=[{"dataset_name": "d", "dataset_digest": "x"}], filter="metrics.acc > 0"),
    _search("datasets without name", datasets=[{"dataset_digest": "x"}]),
    post("first page", "logged-models/search", {"experiment_ids": ["{exp}"], "max_results": 1, "filter": "name = 'net'"}),
    _search("limit 0", max_results=0, filter="name = 'net'"),
    _search("limit -1", max_results=-1),
    _search("bad token", page_token="zzz"),
    post("search without experiments", "logged-models/search", {}),
    get("directories", "logged-models/{model}/artifacts/directories"),
    delete("delete", "logged-models/{model}"),
    delete("delete again", "logged-models/{model}"),
    get("get deleted", "logged-models/{model}"),
    get("get deleted when allowed", "logged-models/{model}", ("allow_deleted", "true"), compare="shape"),
)  # fmt: skip
