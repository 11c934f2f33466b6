"""A request of MLflow's REST store, as the calls of a journal take it, and their answers as the store waits for them."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from mlflow.entities import Run
from mlflow.protos.service_pb2 import GetRun, MlflowService
from mlflow.utils.proto_json_utils import parse_dict
from mlflow.utils.rest_utils import _REST_API_PATH_PREFIX, extract_api_info_for_service

from runyard.client.journal.calls.request import path_values
from runyard.client.journal.calls.way import Document, Way
from runyard.wire.mlflow.decoding import decode_body
from runyard.wire.mlflow.runs import RunMessage

PLACES = extract_api_info_for_service(MlflowService, _REST_API_PATH_PREFIX)
T = TypeVar("T")


class RestCall:
    """See `calls.request.Request`.

    Args:
        api: MLflow's request class.
        body: its JSON.
        endpoint: the path, where it holds ids.
        send: sends it with MLflow's own patience; returns the answer's message.
    """

    def __init__(
        self, api: Any, body: str | None, endpoint: str | None, way: Way, send: Callable[[], Any]
    ) -> None:
        self.api = api
        self.body = body or "{}"
        place: tuple[str, str] = PLACES.get(api, ("", "POST"))
        self.path = endpoint or place[0]
        self.method = place[1]
        self._send = send
        self._way = way
        self._has_body = body is not None

    @functools.cached_property
    def fields(self) -> Document:
        """The body."""
        found: Document = json.loads(self.body)
        return found

    def read(self, kind: type[T]) -> T:
        """The body as the server reads it.

        Raises: InvalidInput.
        """
        return decode_body(self.body.encode(), kind, path_values(self.path))

    def ask(self, *, repeat: bool = True, timeout_s: float | None = None) -> Document:
        """The server's answer, with little patience.

        Raises: Away; RunyardError; MlflowException, where a setting is wrong.
        """
        fields = self.fields if self._has_body else None
        return self._way.ask(self.method, self.path, fields, repeat=repeat, timeout_s=timeout_s)

    def answer(self) -> Document:
        """As `ask`: there is nobody to pass it on to."""
        return self.ask()

    def send(self, then: Callable[[], None] | None = None) -> Any:
        """The server's answer as MLflow's message, with MLflow's own patience.

        Raises: MlflowException.
        """
        try:
            return self._send()
        finally:
            if then is not None:
                then()

    def reply(self, answer: object) -> Any:
        """An answer as the message that the store waits for."""
        if isinstance(answer, self.api.Response):
            return answer
        message = self.api.Response()
        parse_dict(js_dict=msgspec.to_builtins(answer), message=message)
        return message


def run_entity(message: RunMessage) -> Run:
    """A run as MLflow's classes have it, from its message."""
    answer = GetRun.Response()
    parse_dict(js_dict={"run": msgspec.to_builtins(message)}, message=answer)
    return Run.from_proto(answer.run)
