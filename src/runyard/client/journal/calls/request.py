"""One request of MLflow's API on its way, as calls see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from runyard.client.journal.calls.way import Document
from runyard.client.journal.model_state import model_values
from runyard.client.journal.trace_state import trace_values

T = TypeVar("T")


class Request(Protocol):
    """One of them.

    Attributes:
        path: as it was sent, below the workspace: /api/…
    """

    method: str
    path: str

    @property
    def fields(self) -> Document:
        """The body, or the query, as plain data. `ask` sends it as it is by then."""
        ...

    def read(self, kind: type[T]) -> T:
        """The request as the server reads it, values of the path among it.

        Raises: InvalidInput.
        """
        ...

    def ask(self, *, repeat: bool = True, timeout_s: float | None = None) -> Document:
        """The server's answer to it, with little patience; see `Way.ask`.

        Raises: Away; RunyardError.
        """
        ...

    def answer(self) -> object:
        """As `ask` with the request as it came, for an answer that nobody reads here: the way may pass it on as it is.

        Raises: Away; RunyardError.
        """
        ...

    def send(self, then: Callable[[], None] | None = None) -> object:
        """The server's answer, with all the patience that the client has for what the server alone can do.

        Args:
            then: to be done when it has answered, or could not.
        Raises: RunyardError.
        """
        ...


Call = Callable[[Request], object]
"""Answers a request: with a document of MLflow's API, or with what `answer` or `send` gave. Raises: RunyardError."""
Calls = Mapping[str, Call]
"""By MLflow's name of the request."""


def path_values(path: str) -> dict[str, str]:
    """What a path says of a logged model or a trace, under the server's names of it."""
    return model_values(path) | trace_values(path)
