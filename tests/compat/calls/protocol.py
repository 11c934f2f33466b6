"""What holds for every route: bodies, content types, unknown routes, hosts and origins."""

from .call import Call, get, post

CREATE = "/api/2.0/mlflow/experiments/create"
JSON = {"Content-Type": "application/json"}


def _raw(
    name: str, body: bytes, content_type: str = "application/json", path: str = CREATE, **more: str
) -> Call:
    return Call(name, "POST", path, body, headers={"Content-Type": content_type} | more)


CALLS = (
    get("health", "/health"),
    get("version", "/version", compare="shape"),
    get("server info", "3:server-info", compare="status"),
    get("server info on ajax", "/ajax-api/3.0/mlflow/server-info", compare="status"),
    _raw("text content type", b'{"name": "x"}', "text/plain"),
    _raw("form content type", b"name=x", "application/x-www-form-urlencoded"),
    _raw("charset is fine", b"{}", "application/json; charset=utf-8"),
    _raw("broken JSON", b'{"name": '),
    _raw("no body", b""),
    _raw("JSON array", b"[]"),
    _raw("JSON number", b"5"),
    _raw("JSON null", b"null"),
    _raw("invalid UTF-8", b'{"name": "\xff\xfe"}'),
    _raw("both spellings", b'{"experiment_id": "0", "experimentId": "0"}', path="/api/2.0/mlflow/runs/create"),
    Call("unknown route", "GET", "/api/2.0/mlflow/nothing/here", compare="status"),
    Call("unknown route by POST", "POST", "/api/2.0/mlflow/nothing/here", {}, compare="status"),
    Call("unknown v3 route", "GET", "/api/3.0/mlflow/nothing/here", compare="status"),
    Call("trailing slash", "GET", "/api/2.0/mlflow/experiments/get/", compare="status"),
    Call("wrong method", "GET", "/api/2.0/mlflow/runs/create", compare="status"),
    Call("wrong method on get", "DELETE", "/api/2.0/mlflow/runs/get", {}, compare="status"),
    get("foreign host", "experiments/get", ("experiment_id", "0"), headers={"Host": "evil.example.com"}, compare="status"),
    get("local host", "experiments/get", ("experiment_id", "0"), headers={"Host": "localhost:1234"}, compare="shape"),
    get("foreign host on health", "/health", headers={"Host": "evil.example.com"}),
    Call("foreign origin", "POST", "experiments/create", {"name": "o-{nonce}"}, headers={"Origin": "https://evil.example.com"}, compare="status"),
    Call("local origin", "POST", "experiments/search", {"max_results": 1, "filter": "name = 'o-{nonce}'"}, headers={"Origin": "http://localhost:3000"}),
    get("foreign origin reads", "experiments/get", ("experiment_id", "0"), headers={"Origin": "https://evil.example.com"}, compare="status"),
    post("ajax twin", "/ajax-api/2.0/mlflow/experiments/search", {"max_results": 1, "filter": "name = 'o-{nonce}'"}),
    get("boolean capitalised", "3:traces/get", ("trace_id", "tr-x"), ("allow_partial", "True")),
    get("boolean nonsense", "3:traces/get", ("trace_id", "tr-x"), ("allow_partial", "maybe")),
)  # fmt: skip
