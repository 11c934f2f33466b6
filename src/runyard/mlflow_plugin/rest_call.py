"""A request of MLflow's REST store on its way: sent as the client of MLflow would, asked with little patience, or answered here."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from mlflow.protos.service_pb2 import MlflowService
from mlflow.utils.proto_json_utils import parse_dict
from mlflow.utils.rest_utils import _REST_API_PATH_PREFIX, extract_api_info_for_service

from runyard.mlflow_plugin.reach import AGAIN, Reach
from runyard.wire.mlflow.decoding import decode_body

PLACES = extract_api_info_for_service(MlflowService, _REST_API_PATH_PREFIX)
T = TypeVar("T")


class RestCall:
    """One request.

    Args:
        api: MLflow's request class.
        body: its JSON.
        endpoint: the path, where it holds ids.
        send: sends it with MLflow's own patience; returns the answer's message.
    """

    def __init__(
        self, api: Any, body: str | None, endpoint: str | None, reach: Reach, send: Callable[[], Any]
    ) -> None:
        self.api = api
        self.body = body or "{}"
        place: tuple[str, str] = PLACES.get(api, ("", "POST"))
        self.path = endpoint or place[0]
        self.method = place[1]
        self.send = send
        self._reach = reach
        self._has_body = body is not None

    @functools.cached_property
    def fields(self) -> dict[str, Any]:
        """The body."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    def read(self, kind: type[T]) -> T:
        """The body as the server reads it.

        Raises: InvalidInput.
        """
        return decode_body(self.body.encode(), kind)

    def ask(self, *, again: int = AGAIN, timeout_s: float | None = None) -> dict[str, Any]:
        """The server's answer.

        Raises: Away; MlflowException, as the server answers.
        """
        body = self.fields if self._has_body else None
        return self._reach.ask(self.path, self.method, body, again=again, timeout_s=timeout_s)

    def reply(self, document: object) -> Any:
        """An answer's JSON as the message that the store waits for."""
        message = self.api.Response()
        parse_dict(js_dict=msgspec.to_builtins(document), message=message)
        return message
