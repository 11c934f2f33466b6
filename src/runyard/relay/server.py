"""The server behind a relay: whether it is there, and what it answers, with little patience."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from runyard.client.errors import ServerUnreachable
from runyard.client.journal.target import Target
from runyard.client.transport import Connection
from runyard.errors import RunyardError

LOOK_S = 3.0
HEARD_S = 5.0  # that a server is taken to be there after it answered
LOST_S = 5.0  # that it is not asked again after it did not
PATIENCE_S = 0.5
BUSY = (429, 502, 503, 504)


class Away(Exception):
    """The server does not answer, or says that it cannot just now."""


class Server:
    """Asked for what the relay does not hold. Any number of threads.

    Args:
        target: where it is; offline: it is never asked.
    """

    def __init__(self, target: Target, clock: Callable[[], float] = time.monotonic) -> None:
        self.offline = target.offline
        self._clock = clock
        self._heard = self._lost = float("-inf")
        self._looking = threading.Lock()
        token = target.token or _no_token
        self._workspace = Connection(
            target.server, target.workspace or None, token, patience_s=PATIENCE_S, timeout_s=60
        )
        self._health = Connection(target.server, None, _no_token, patience_s=0, timeout_s=LOOK_S)

    def there(self) -> bool:
        """Whether it answers, as of a few seconds ago at most."""
        if self.offline:
            return False
        if self._is_known():
            return self._heard > self._lost
        with self._looking:
            if not self._is_known():
                self._look()
        return self._heard > self._lost

    def ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        retry: bool = True,
        **query: Any,
    ) -> dict[str, Any]:
        """The JSON that it answers.

        Raises: Away; RunyardError, as the server refuses.
        """
        try:
            found: dict[str, Any] | None = self._sent(method, path, body, retry, query)
        except RunyardError as exc:
            if isinstance(exc, ServerUnreachable):
                self.lost()
            if exc.status in BUSY:
                raise Away(exc.message) from exc
            raise
        self._heard = self._clock()
        return found or {}

    def _sent(
        self, method: str, path: str, body: dict[str, Any] | None, retry: bool, query: dict[str, Any]
    ) -> Any:
        if method == "GET":
            return self._workspace.get(path, **query)
        if method == "POST":
            return self._workspace.post(path, body, retry=retry, **query)
        if method == "PATCH":
            return self._workspace.patch(path, body, retry=retry, **query)
        return self._workspace.delete(path, body, **query)

    def lost(self) -> None:
        """It did not answer just now."""
        self._lost = self._clock()

    def _is_known(self) -> bool:
        now = self._clock()
        return now - self._heard < HEARD_S if self._heard > self._lost else now - self._lost < LOST_S

    def _look(self) -> None:
        try:
            self._health.get("/health")
        except ServerUnreachable:
            self.lost()
        except RunyardError as exc:
            if exc.status in BUSY:
                self.lost()
            else:
                self._heard = self._clock()
        else:
            self._heard = self._clock()


def _no_token() -> None:
    return None
