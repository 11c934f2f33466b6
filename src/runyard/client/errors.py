"""A server's error answers as the errors that the server raised, and the errors that only a client can meet.

RunyardError
└── ServerUnreachable    nobody answers at the server's address     retry
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from runyard.errors import (
    BadRequest,
    CallerError,
    InternalFault,
    JournalGap,
    NotFound,
    RunyardError,
    ServerFault,
    StorageUnavailable,
    shown,
)

_GATEWAYS = (502, 504)  # proxies say so while the server behind them restarts


class ServerUnreachable(RunyardError):
    """Nobody answers at the server's address, or not in time.

    Attributes:
        lasting: another try a moment later cannot help.
        maybe_done: the request was on its way, so that the server may have acted on it.
    """

    code = "TEMPORARILY_UNAVAILABLE"
    status = 503
    retryable = True

    def __init__(self, message: str, *, lasting: bool = False, maybe_done: bool = True) -> None:
        super().__init__(message)
        self.lasting = lasting
        self.maybe_done = maybe_done


class _Answer(msgspec.Struct):
    error_code: str = ""
    message: str = ""
    applied: int = 0


def error_from(status: int, body: bytes, *, url: str, retry_after_s: int | None = None) -> RunyardError:
    """The error that an answer describes: the class of its code and status, else the nearest one by status.

    Args:
        url: named where the answer is not one of Runyard's; without a credential in it.
    """
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except msgspec.MsgspecError:
        answer = _Answer()
    message = answer.message or (
        f"{url} answered {status} without saying why. Is this the address of a Runyard server? "
        f"It said: {shown(body[:200].decode(errors='replace'))}"
    )
    error = _class_of(answer.error_code, status)(message)
    error.retry_after_s = retry_after_s
    if isinstance(error, JournalGap):
        error.details = {"applied": answer.applied}
    return error


def _class_of(code: str, status: int) -> type[RunyardError]:
    """Where several classes share code and status, the first one in the tree."""
    for one in _leaves(RunyardError):
        if (one.code, one.status) == (code, status):
            return one
    if status == 404:
        return NotFound
    for one in _leaves(RunyardError):
        if one.status == status and status not in (400, 409, 500):
            return one
    if status in _GATEWAYS:
        return StorageUnavailable
    return InternalFault if status >= 500 else BadRequest


def _leaves(root: type[RunyardError]) -> Iterator[type[RunyardError]]:
    for one in root.__subclasses__():
        if one not in (CallerError, ServerFault) and one.__module__ == RunyardError.__module__:
            yield one
        yield from _leaves(one)
