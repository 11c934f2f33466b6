"""The way to the server that MLflow's client takes: its settings and its credentials, with less patience."""

from __future__ import annotations

import json

import requests
from mlflow.environment_variables import (
    MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR,
    MLFLOW_HTTP_REQUEST_MAX_RETRIES,
    MLFLOW_HTTP_REQUEST_TIMEOUT,
)
from mlflow.exceptions import MlflowException, RestException
from mlflow.utils.rest_utils import http_request, verify_rest_response

from runyard.client.errors import ServerUnreachable, error_from
from runyard.client.journal.calls.reach import FOR_EVER, LOOK_S, Reach
from runyard.client.journal.calls.way import Away, Document
from runyard.errors import RunyardError
from runyard.mlflow_plugin.host_credentials import HostCredentials

CONNECT_S = 3.05
AWAY_S = 30.0  # that a server which never answered is not looked for again
SURE_S = 2.0
AGAIN = 2  # tries after the first
BUSY = ("TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED")
GATEWAYS = (502, 503, 504)


class MlflowWay:
    """See `calls.way.Way`. An error that the server answered has MLflow's own as its cause.

    Args:
        credentials: asked before each request.
    """

    def __init__(self, credentials: HostCredentials, *, offline: bool) -> None:
        self.reach = Reach(self._answers, offline=offline, trusted_s=FOR_EVER, sure_s=SURE_S, away_s=AWAY_S)
        self._credentials = credentials

    def ask(
        self,
        method: str,
        path: str,
        fields: Document | None = None,
        *,
        repeat: bool = True,
        timeout_s: float | None = None,
    ) -> Document:
        """The JSON that a request is answered with; it is tried again soon, or not at all.

        Raises: Away; RunyardError, as the server answers; MlflowException, where a setting is wrong.
        """
        again = AGAIN if repeat and timeout_s is None else 0
        status, content = 0, b""
        try:
            response = http_request(
                self._credentials(),
                path,
                method,
                max_retries=min(again, MLFLOW_HTTP_REQUEST_MAX_RETRIES.get()),
                backoff_factor=min(0.2, MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR.get()),
                timeout=(CONNECT_S, timeout_s or MLFLOW_HTTP_REQUEST_TIMEOUT.get()),
                raise_on_status=False,
                **({"params": fields} if method == "GET" else {"json": fields}),
            )
            status, content = response.status_code, response.content
            verify_rest_response(response, path)
        except MlflowException as exc:
            raise self._understood(exc, status, content) from exc
        self.reach.heard()
        found: Document = json.loads(content)
        return found

    def _understood(self, exc: MlflowException, status: int, content: bytes) -> Exception:
        """What an error of MLflow's means."""
        told = isinstance(exc, RestException)
        if not told and (is_network(exc) or status in GATEWAYS):
            self.reach.lost()
            return Away(_caused(ServerUnreachable(str(exc)), exc))
        if not status:
            unsent: Exception = exc
            return unsent
        answered = _caused(error_from(status, content, url=self._credentials.host), exc)
        return Away(answered) if told and exc.error_code in BUSY else answered

    def _answers(self) -> bool:
        try:
            creds = self._credentials.at_server()
            answer = requests.get(
                f"{creds.host.rstrip('/')}/health", timeout=LOOK_S, verify=creds.verify, stream=True
            )
        except (requests.RequestException, OSError):
            return False
        except MlflowException:
            return True  # a setting is wrong: the call itself says which
        with answer:
            return answer.status_code not in GATEWAYS


def is_network(exc: BaseException) -> bool:
    """Whether an error of MLflow's means that nobody answered."""
    seen: BaseException | None = exc
    while seen is not None:
        if isinstance(seen, requests.RequestException) and not isinstance(seen, requests.HTTPError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _caused(error: RunyardError, exc: MlflowException) -> RunyardError:
    error.__cause__ = exc
    return error
