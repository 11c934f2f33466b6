"""A request that a relay may answer itself."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import NoReturn, TypeVar
from urllib.parse import parse_qsl

from runyard.client.journal.calls.way import Document, Way
from runyard.wire.mlflow.decoding import decode_body, decode_query, normalise, parse_json

T = TypeVar("T")


class PassOn(Exception):
    """The server is to answer this request as it is; then something is to be done."""

    def __init__(self, then: Callable[[], None] | None = None) -> None:
        super().__init__()
        self.then = then


class Asked:
    """See `calls.request.Request`.

    Args:
        path: below /api, as it was sent.
        values: of the path's parameters.
        heed: told which run the request is about, once it is read.
    """

    def __init__(
        self,
        method: str,
        path: str,
        values: Mapping[str, str],
        query: bytes,
        body: bytes,
        way: Way,
        heed: Callable[[str], None] | None = None,
    ) -> None:
        self.method = method
        self.path = f"/api{path}"
        self._values = values
        self._query = query
        self._body = body
        self._way = way
        self._heed = heed
        self._has_body = bool(body) or method not in ("GET", "DELETE")

    @functools.cached_property
    def fields(self) -> Document:
        """The body, or the query, as plain data, names as MLflow's."""
        if self._has_body:
            found: Document = normalise(parse_json(self._body))
            return found
        return dict(parse_qsl(self._query.decode("latin-1"), keep_blank_values=True))

    def read(self, kind: type[T]) -> T:
        """The request as the server reads it.

        Raises: InvalidInput.
        """
        if not self._has_body:
            return decode_query(self._query, kind, self._values)
        found = decode_body(self._body, kind, self._values)
        if self._heed is not None:
            run_id = getattr(found, "run_id", None) or getattr(found, "run_uuid", None)
            if run_id:
                self._heed(run_id)
        return found

    def ask(self, *, repeat: bool = True, timeout_s: float | None = None) -> Document:
        """The server's answer.

        Raises: Away; RunyardError.
        """
        return self._way.ask(self.method, self.path, self.fields or None, repeat=repeat, timeout_s=timeout_s)

    def answer(self) -> NoReturn:
        """The client gets what the server answers, piece by piece.

        Raises: PassOn.
        """
        raise PassOn

    def send(self, then: Callable[[], None] | None = None) -> NoReturn:
        """As `answer`.

        Raises: PassOn.
        """
        raise PassOn(then)
