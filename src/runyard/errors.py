"""Every error that Runyard raises on purpose.

    RunyardError
    ├── CallerError                    the request is at fault; a retry will not help
    │   ├── InvalidInput               400 INVALID_PARAMETER_VALUE
    │   ├── BadRequest                 400 BAD_REQUEST
    │   ├── AlreadyExists              400 RESOURCE_ALREADY_EXISTS
    │   ├── InvalidState               400 INVALID_STATE
    │   ├── Unauthenticated            401 UNAUTHENTICATED
    │   ├── NotAllowed                 403 PERMISSION_DENIED
    │   ├── CsrfTokenWrong             403 CSRF_TOKEN_WRONG
    │   ├── NotFound                   404 RESOURCE_DOES_NOT_EXIST
    │   ├── RouteNotFound              404 ENDPOINT_NOT_FOUND
    │   ├── MethodNotAllowed           405 ENDPOINT_NOT_FOUND
    │   ├── JournalGap                 409 JOURNAL_GAP
    │   ├── LogGap                     409 LOG_GAP
    │   ├── TooLarge                   413 INVALID_PARAMETER_VALUE
    │   ├── RangeNotSatisfiable        416 INVALID_PARAMETER_VALUE
    │   ├── UnsupportedMediaType       400 INVALID_PARAMETER_VALUE
    │   ├── Unprocessable              422 INVALID_PARAMETER_VALUE
    │   ├── TooManyRequests            429 REQUEST_LIMIT_EXCEEDED     retry
    │   ├── HeadTooLarge               431 INVALID_PARAMETER_VALUE
    │   └── QueryTooExpensive          400 INVALID_PARAMETER_VALUE
    └── ServerFault                    the server is at fault
        ├── InternalFault              500 INTERNAL_ERROR
        ├── CorruptData                500 DATA_LOSS
        ├── NotImplementedHere         501 NOT_IMPLEMENTED
        ├── StorageUnavailable         503 TEMPORARILY_UNAVAILABLE    retry
        ├── StorageFull                503 TEMPORARILY_UNAVAILABLE    retry
        └── IdentityProviderUnavailable 503 TEMPORARILY_UNAVAILABLE   retry

The wire codes are MLflow's, so that its client raises the same class of error as it does against its own server.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar, Self

SEE_DOCS = "See the API docs for more information about request parameters."


def shown(value: object, limit: int = 200) -> str:
    """A value as JSON for an error message, cut so that no error repeats a huge request."""
    text = ""
    try:
        for piece in _PIECES.iterencode(value[: limit + 1] if isinstance(value, str) else value):
            text += piece
            if len(text) > limit:
                return text[:limit] + "…"
    except (ValueError, RecursionError):
        return type(value).__name__
    return text


_PIECES = json.JSONEncoder(ensure_ascii=False, default=str)


class RunyardError(Exception):
    """Root of the tree. `message` is safe to show to whoever sent the request, and so are `details`."""

    code: ClassVar[str] = "INTERNAL_ERROR"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    retry_after_s: int | None = None
    details: Mapping[str, int] = {}

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class CallerError(RunyardError):
    """The request is at fault."""

    code = "BAD_REQUEST"
    status = 400

    @classmethod
    def missing(cls, name: str) -> Self:
        """A required field is absent."""
        return cls(f"Missing value for required parameter '{name}'. {SEE_DOCS}")


class InvalidInput(CallerError):
    """A value breaks a documented rule."""

    code = "INVALID_PARAMETER_VALUE"


class BadRequest(CallerError):
    """The request contradicts itself or what is stored."""


class AlreadyExists(CallerError):
    """The name is taken. MLflow answers 400 here, not 409, and its client relies on the code."""

    code = "RESOURCE_ALREADY_EXISTS"


class InvalidState(CallerError):
    """The record's state forbids the operation."""

    code = "INVALID_STATE"


class QueueFull(InvalidState):
    """So many wait already that nothing more is taken now."""


class Unauthenticated(CallerError):
    """Nobody is who the credential says, or there is none; a new credential may help."""

    code = "UNAUTHENTICATED"
    status = 401


class NotAllowed(CallerError):
    """The caller may not do this."""

    code = "PERMISSION_DENIED"
    status = 403


class CsrfTokenWrong(CallerError):
    """A browser's session came without the proof that a page of ours sent it; asking for it anew may help."""

    code = "CSRF_TOKEN_WRONG"
    status = 403


class NotFound(CallerError):
    """No such record, or none that the caller may see."""

    code = "RESOURCE_DOES_NOT_EXIST"
    status = 404


class RouteNotFound(CallerError):
    """No such route; clients fall back to older routes on this code."""

    code = "ENDPOINT_NOT_FOUND"
    status = 404


class MethodNotAllowed(CallerError):
    """The route exists, with another method."""

    code = "ENDPOINT_NOT_FOUND"
    status = 405


class JournalGap(CallerError):
    """Records of a journal are missing before those that were sent; the details say up to which it was taken."""

    code = "JOURNAL_GAP"
    status = 409

    def __init__(self, message: str, applied: int = 0) -> None:
        super().__init__(message)
        self.details = {"applied": applied}


class LogGap(CallerError):
    """Bytes of a run's log are missing before those that were sent; the details say how many it has."""

    code = "LOG_GAP"
    status = 409

    def __init__(self, message: str, size: int = 0) -> None:
        super().__init__(message)
        self.details = {"size": size}


class TooLarge(CallerError):
    """The body is larger than the server accepts."""

    code = "INVALID_PARAMETER_VALUE"
    status = 413


class RangeNotSatisfiable(CallerError):
    """The requested bytes lie outside the file."""

    code = "INVALID_PARAMETER_VALUE"
    status = 416


class UnsupportedMediaType(CallerError):
    """Content-Type is missing or not one that the route reads."""

    code = "INVALID_PARAMETER_VALUE"


class Unprocessable(CallerError):
    """The body could be read, but what it describes makes no sense."""

    code = "INVALID_PARAMETER_VALUE"
    status = 422


class TooManyRequests(CallerError):
    """Too many failures in a row; wait."""

    code = "REQUEST_LIMIT_EXCEEDED"
    status = 429
    retryable = True

    def __init__(self, message: str, retry_after_s: int = 30) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class HeadTooLarge(CallerError):
    """The request's URL and headers are larger than the server accepts."""

    code = "INVALID_PARAMETER_VALUE"
    status = 431


class QueryTooExpensive(CallerError):
    """A search ran into its time limit and was cancelled."""

    code = "INVALID_PARAMETER_VALUE"


class ServerFault(RunyardError):
    """The server is at fault."""


class InternalFault(ServerFault):
    """A defect of ours."""


class CorruptData(ServerFault):
    """Stored bytes fail their checksum. Nothing is repaired or deleted on its own."""

    code = "DATA_LOSS"


class NotImplementedHere(ServerFault):
    """The datastore cannot do this; the client falls back."""

    code = "NOT_IMPLEMENTED"
    status = 501


class StorageUnavailable(ServerFault):
    """The database or datastore cannot be written to just now; nothing of the request was kept."""

    code = "TEMPORARILY_UNAVAILABLE"
    status = 503
    retryable = True
    retry_after_s = 2


class StorageFull(StorageUnavailable):
    """No space is left."""

    retry_after_s = 5


class IdentityProviderUnavailable(ServerFault):
    """The identity provider does not answer, or not as it should; logins by password still work."""

    code = "TEMPORARILY_UNAVAILABLE"
    status = 503
    retryable = True
    retry_after_s = 5
