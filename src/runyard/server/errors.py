"""The one place where an error becomes an answer."""

from __future__ import annotations

import logging

import msgspec

from runyard.errors import InternalFault, RunyardError, Unauthenticated

log = logging.getLogger("runyard.server")
MESSAGE_LIMIT = 4_000  # characters; no answer repeats a huge request
Headers = list[tuple[bytes, bytes]]


class ErrorMessage(msgspec.Struct):
    """MLflow's error body."""

    error_code: str
    message: str


def answer(error: BaseException) -> tuple[int, bytes, Headers]:
    """Status, JSON body and extra headers for an error. An unknown one is logged and never described to the client."""
    if not isinstance(error, RunyardError):
        log.error("A request failed unexpectedly", exc_info=error)
        error = InternalFault("The server met an unexpected error. Its log says more.")
    headers: Headers = []
    if error.retry_after_s is not None:
        headers.append((b"retry-after", str(error.retry_after_s).encode()))
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b'Bearer realm="runyard", error="invalid_token"'))
    told = ErrorMessage(error.code, _cut(error.message))
    if error.details:
        return error.status, msgspec.json.encode({**msgspec.to_builtins(told), **error.details}), headers
    return error.status, msgspec.json.encode(told), headers


def _cut(message: str) -> str:
    return message if len(message) <= MESSAGE_LIMIT else message[:MESSAGE_LIMIT] + "…"
