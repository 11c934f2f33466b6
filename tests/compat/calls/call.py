"""One raw call of a table."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """A request, with {placeholders} that earlier answers of the same table fill.

    path: without a leading slash it stands below /api/2.0/mlflow/ ("3:x" below /api/3.0/mlflow/).
    body: any JSON value, or bytes, which are sent as they are.
    query: pairs; a key may repeat.
    keep: placeholder name to the place of its value in the answer, such as {"run": "run.info.run_id"}.
    phrase: text that the answer's message must hold, because clients look for it.
    compare: "all" of the answer, only its "shape" (keys and types), the "count" of its items, or only its "status" (and error code).
    """

    name: str
    method: str
    path: str
    body: Any = None
    query: tuple[tuple[str, str], ...] = ()
    keep: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    phrase: str = ""
    compare: str = "all"

    @property
    def url(self) -> str:
        if self.path.startswith("/"):
            return self.path
        version, colon, rest = self.path.partition(":")
        return f"/api/{version}.0/mlflow/{rest}" if colon else f"/api/2.0/mlflow/{self.path}"


def post(name: str, path: str, body: Any = None, **more: Any) -> Call:
    return Call(name, "POST", path, {} if body is None else body, **more)


def patch(name: str, path: str, body: Any, **more: Any) -> Call:
    return Call(name, "PATCH", path, body, **more)


def delete(name: str, path: str, body: Any = None, **more: Any) -> Call:
    return Call(name, "DELETE", path, body, **more)


def put(name: str, path: str, body: bytes, **more: Any) -> Call:
    return Call(name, "PUT", path, body, **more)


def get(name: str, path: str, *query: tuple[str, str], **more: Any) -> Call:
    return Call(name, "GET", path, None, query, **more)
