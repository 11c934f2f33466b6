"""Whether the server is in reach: asked with little patience, and remembered."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import requests
from mlflow.environment_variables import (
    MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR,
    MLFLOW_HTTP_REQUEST_MAX_RETRIES,
    MLFLOW_HTTP_REQUEST_TIMEOUT,
)
from mlflow.exceptions import MlflowException, RestException
from mlflow.utils.rest_utils import http_request, verify_rest_response

from runyard.mlflow_plugin.host_credentials import HostCredentials

FIRST_LOOK_S = 3.0
CONNECT_S = 3.05
AWAY_S = 30.0  # that a server is not looked for again after the first look
LOST_S = 5.0  # the same after it was there
HEARD_S = 2.0
AGAIN = 2  # tries after the first
BUSY = ("TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED")
GATEWAYS = (502, 503, 504)


class Away(Exception):
    """The server does not answer, or says that it cannot just now. `cause` is what MLflow would raise."""

    def __init__(self, cause: MlflowException) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Reach:
    """The way to a server.

    Args:
        credentials: asked before each request.
        offline: never look.
    """

    def __init__(
        self,
        credentials: HostCredentials,
        *,
        offline: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.offline = offline
        self._credentials = credentials
        self._clock = clock
        self._away_until = float("-inf")
        self._looked = offline
        self._heard = float("-inf")
        self._looking = threading.Lock()

    def there(self) -> bool:
        """Whether to ask the server. Takes three seconds at most the first time; then it is known."""
        if self.offline or self._clock() < self._away_until:
            return False
        if not self._looked:
            with self._looking:
                if not self._looked and self._clock() >= self._away_until:
                    self._looked = self._first_look()
                    if not self._looked:
                        self._away_until = self._clock() + AWAY_S
            return self._looked
        return True

    def answers(self) -> bool:
        """As `there`, and sure of it as of two seconds ago: for requests that MLflow would go on trying for minutes."""
        if not self.there():
            return False
        if self._clock() - self._heard < HEARD_S:
            return True
        if self._answers():
            self._heard = self._clock()
            return True
        self.lost()
        return False

    def ask(
        self,
        endpoint: str,
        method: str,
        body: dict[str, Any] | None,
        *,
        again: int = AGAIN,
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """The JSON that a request is answered with; it is tried again soon, or not at all.

        Args:
            timeout_s: longest silence; MLflow's setting by default.
        Raises: Away; MlflowException, as the server answers.
        """
        status = 0
        try:
            response = http_request(
                self._credentials(),
                endpoint,
                method,
                max_retries=min(again, MLFLOW_HTTP_REQUEST_MAX_RETRIES.get()),
                backoff_factor=min(0.2, MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR.get()),
                timeout=(CONNECT_S, timeout_s or MLFLOW_HTTP_REQUEST_TIMEOUT.get()),
                raise_on_status=False,
                **({"params": body} if method == "GET" else {"json": body}),
            )
            status = response.status_code
            verify_rest_response(response, endpoint)
        except RestException as exc:
            if exc.error_code in BUSY:
                raise Away(exc) from exc
            raise
        except MlflowException as exc:
            if is_network(exc) or status in GATEWAYS:
                self.lost()
                raise Away(exc) from exc
            raise
        self._away_until = float("-inf")
        self._looked, self._heard = True, self._clock()
        found: dict[str, Any] = json.loads(response.text)
        return found

    def lost(self) -> None:
        """The server did not answer just now."""
        self._away_until = self._clock() + LOST_S

    def _first_look(self) -> bool:
        """In a thread of its own, so that a name that cannot be looked up takes no longer."""
        found: list[bool] = []
        thread = threading.Thread(
            target=lambda: found.append(self._answers()), name="runyard-look", daemon=True
        )
        thread.start()
        thread.join(FIRST_LOOK_S)
        return bool(found and found[0])

    def _answers(self) -> bool:
        try:
            creds = self._credentials.at_server()
            answer = requests.get(
                f"{creds.host.rstrip('/')}/health", timeout=FIRST_LOOK_S, verify=creds.verify, stream=True
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
