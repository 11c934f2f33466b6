"""A request that a relay may answer itself."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from runyard.wire.mlflow.decoding import decode_body, decode_query, normalise, parse_json

T = TypeVar("T")


class PassOn(Exception):
    """The server is to answer this request as it is."""


class Asked:
    """One request.

    Args:
        path: below /api, as it was sent.
        values: of the path's parameters.
    """

    def __init__(self, method: str, path: str, values: dict[str, str], query: bytes, body: bytes) -> None:
        self.method = method
        self.path = f"/api{path}"
        self.values = values
        self._query = query
        self._body = body

    @functools.cached_property
    def fields(self) -> dict[str, Any]:
        """The body as plain data, names as MLflow's."""
        found: dict[str, Any] = normalise(parse_json(self._body))
        return found

    def read(self, kind: type[T]) -> T:
        """The request as the server reads it.

        Raises: InvalidInput.
        """
        if self.method == "GET" or (self.method == "DELETE" and not self._body):
            return decode_query(self._query, kind, self.values)
        return decode_body(self._body, kind, self.values)


Answer = Callable[[Asked], Any]
Answers = Mapping[tuple[str, str], Answer]


def local_uris(document: Any) -> Any:
    """An answer whose artifacts clients without Runyard can reach: addresses of runs and models lead to the relay."""
    plain = msgspec.to_builtins(document)
    info = plain.get("info", {})
    kind, one = ("runs", info.get("run_id")) if "run_id" in info else ("models", info.get("model_id"))
    if str(info.get("artifact_uri", "")).startswith("runyard://"):
        info["artifact_uri"] = f"mlflow-artifacts:/{OWN}/{kind}/{one}"
    return plain


OWN = "runyard-relay"  # where the artifacts of what was made here are, for clients
