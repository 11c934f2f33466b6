"""The server behind a relay: whether it is there, and what it answers, with little patience."""

from __future__ import annotations

import functools
from typing import Any

from runyard.client.errors import ServerUnreachable
from runyard.client.journal.calls.reach import LOOK_S, Reach
from runyard.client.journal.calls.way import RETRY_AFTER_S, Away, Document
from runyard.client.journal.target import Target
from runyard.client.transport import Connection
from runyard.errors import RunyardError

HEARD_S = 5.0  # that a server is taken to be there after it answered
PATIENCE_S = 0.5
TIMEOUT_S = 60.0
BUSY = (429, 502, 503, 504)


class Server:
    """See `calls.way.Way`.

    Args:
        target: where it is; offline: it is never asked.
    """

    def __init__(self, target: Target) -> None:
        self.reach = Reach(self._answers, offline=target.offline, trusted_s=HEARD_S, sure_s=HEARD_S)
        self._target = target
        self._connections = functools.cache(self._connection)
        self._health = Connection(target.server, None, _no_token, patience_s=0, timeout_s=LOOK_S)

    def ask(
        self,
        method: str,
        path: str,
        fields: Document | None = None,
        *,
        repeat: bool = True,
        timeout_s: float | None = None,
    ) -> Document:
        """The JSON that it answers.

        Raises: Away; RunyardError, as the server refuses.
        """
        try:
            found: Document | None = self._sent(
                self._connections(timeout_s or TIMEOUT_S), method, path, fields, repeat
            )
        except RunyardError as exc:
            if isinstance(exc, ServerUnreachable):
                self.reach.lost()
            if exc.status in BUSY:
                exc.retry_after_s = exc.retry_after_s or RETRY_AFTER_S
                raise Away(exc) from exc
            raise
        self.reach.heard()
        return found or {}

    def _connection(self, timeout_s: float) -> Connection:
        target = self._target
        token = target.token or _no_token
        return Connection(
            target.server, target.workspace or None, token, patience_s=PATIENCE_S, timeout_s=timeout_s
        )

    @staticmethod
    def _sent(connection: Connection, method: str, path: str, fields: Document | None, repeat: bool) -> Any:
        if method == "GET":
            return connection.get(path, **(fields or {}))
        if method == "POST":
            return connection.post(path, fields, retry=repeat)
        if method == "PATCH":
            return connection.patch(path, fields, retry=repeat)
        return connection.delete(path, fields)

    def _answers(self) -> bool:
        try:
            self._health.get("/health")
        except RunyardError as exc:
            return exc.status not in BUSY
        return True


def _no_token() -> None:
    return None
