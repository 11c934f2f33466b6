"""The way to a server."""

from __future__ import annotations

from typing import Any, Protocol

from runyard.errors import RunyardError, StorageUnavailable

Document = dict[str, Any]
RETRY_AFTER_S = 5


class Away(Exception):
    """The server does not answer, or says that it cannot just now. `cause` is what whoever waits for it is told."""

    def __init__(self, cause: RunyardError) -> None:
        super().__init__(cause.message)
        self.cause = cause


class Way(Protocol):
    """Asks a server, with little patience. Any number of threads."""

    def ask(
        self,
        method: str,
        path: str,
        fields: Document | None = None,
        *,
        repeat: bool = True,
        timeout_s: float | None = None,
    ) -> Document:
        """The JSON that a request is answered with.

        Args:
            path: below the workspace, /api/…
            fields: the query of a GET, else the body.
            repeat: asking twice is as good as asking once.
            timeout_s: longest silence, where it can be answered without the server too.
        Raises: Away; RunyardError, as the server answers.
        """
        ...


def away(what: str) -> StorageUnavailable:
    """Nobody can answer just now.

    Args:
        what: a sentence on what is missing.
    """
    error = StorageUnavailable(f"{what} What was logged is kept, and will be sent.")
    error.retry_after_s = RETRY_AFTER_S
    return error
