from typing import Any

from .call import Call, post

BAD_FILTERS = (
    "foo.bar = 'x'", "attributes.foo = 'x'", "metrics.m > 'x'", "metrics.m LIKE 1", "params.p = 1", "params.p > '1'",
    "params.p IN ('a')", "tags.t < 'x'", "status > 'A'", "start_time = 'x'", "datasets.foo = 'x'", "metrics.m > 0 OR metrics.m < 1",
    "NOT metrics.m > 0", "(metrics.m > 0)", "metrics.m BETWEEN 1 AND 2", "params.p NOT LIKE 'x'", "metrics.m > 0;", "metrics.m",
    "metrics.m >", "= 1", " ", "params.p = x", "metrics.m = NaN", "params.p = 'x", "params.`p = 'x'", "metrics.m IS NULL",
    "run_id IN ()", "run_id IN 'a'", "run_id IN (1, 2)", "attributes.status IN ('FINISHED')", "name = 'x'",
)  # fmt: skip
GOOD_FILTERS = (
    "", "metrics.m > 0.5 AND", "metrics.m > 0.5", "params.p = '1'", 'params.p = "1"', "tags.t = '1'", "status = 'RUNNING'",
    "metrics.m > -1e3", "metrics.m >= .5", "metrics.m<2", "params.p IS NULL", "run_name = 'first'", "attributes.start_time >= 100",
    "start_time = 100", "metrics.nothing != 1", "params.nothing != 'x'", "user_id = 'u'", "created > 1",
    "params.p LIKE '%'", "params.p ILIKE '1'", "tags.t IS NOT NULL", "tags.`t` != 'x'", "attributes.run_id NOT IN ('x', 'y')",
    "params.p = ''", "tags.mlflow.runName = 'first'",
)  # fmt: skip
BAD_ORDERS = (
    "foo",
    "metrics",
    "metrics.m UP",
    "datasets.name",
    "attributes.foo",
    "",
    "metrics.m ASC DESC",
    "params.p, tags.t",
)
GOOD_ORDERS = (
    "metrics.m",
    "metrics.m DESC",
    "params.p asc",
    "tags.t",
    "start_time DESC",
    "attributes.status",
    "run_name",
    "end_time",
)


def _search(name: str, **fields: Any) -> Call:
    return post(name, "runs/search", {"experiment_ids": ["{exp}"]} | fields)


CALLS = (
    post("experiment", "experiments/create", {"name": "{nonce}"}, keep={"exp": "experiment_id"}),
    post("first", "runs/create", {"experiment_id": "{exp}", "run_name": "first", "start_time": 100, "user_id": "u"}, keep={"one": "run.info.run_id"}),
    post("second", "runs/create", {"experiment_id": "{exp}", "run_name": "second", "start_time": 200}, keep={"two": "run.info.run_id"}),
    post("data", "runs/log-batch", {"run_id": "{one}", "metrics": [{"key": "m", "value": 1, "timestamp": 1}], "params": [{"key": "p", "value": "1"}], "tags": [{"key": "t", "value": "1"}]}),
    *(_search(f"filter {text}", filter=text) for text in (*GOOD_FILTERS, *BAD_FILTERS)),
    *(_search(f"order {text}", order_by=[text]) for text in (*GOOD_ORDERS, *BAD_ORDERS)),
    _search("twice an order", order_by=["metrics.m", "metrics.m"]),
    _search("orders no list", order_by="metrics.m"),
    post("first page", "runs/search", {"experiment_ids": ["{exp}"], "max_results": 1}, keep={"token": "next_page_token"}),
    _search("last page", max_results=1, page_token="{token}"),
    _search("limit 0", max_results=0),
    _search("limit -1", max_results=-1),
    _search("limit 50000", max_results=50000),
    _search("limit 50001", max_results=50001),
    _search("limit text", max_results="abc"),
    _search("bad token", page_token="zzz"),
    _search("view all", run_view_type="ALL"),
    _search("view number", run_view_type=1),
    _search("view deleted", run_view_type="DELETED_ONLY"),
    _search("view unknown", run_view_type="SOME"),
    _search("filter no text", filter=5),
    post("no experiments", "runs/search", {}),
    post("empty experiments", "runs/search", {"experiment_ids": []}),
    post("unknown experiment", "runs/search", {"experiment_ids": ["987654321"]}),
    post("text experiment", "runs/search", {"experiment_ids": ["abc"]}),
    post("number experiment", "runs/search", {"experiment_ids": [987654321]}),
)  # fmt: skip
