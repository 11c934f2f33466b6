"""Error answers become the errors that the server raised."""

import inspect

import pytest

from runyard import errors
from runyard.client.errors import error_from
from runyard.errors import (
    BadRequest,
    CallerError,
    IdentityProviderUnavailable,
    InternalFault,
    NotFound,
    QueryTooExpensive,
    QueueFull,
    RunyardError,
    ServerFault,
    StorageFull,
    StorageUnavailable,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    UnsupportedMediaType,
)
from runyard.server.errors import answer

# Others have the same code and status.
INDISTINGUISHABLE = (
    UnsupportedMediaType,
    QueryTooExpensive,
    QueueFull,
    StorageFull,
    IdentityProviderUnavailable,
)
LEAVES = [
    one
    for _, one in inspect.getmembers(errors, inspect.isclass)
    if issubclass(one, RunyardError) and one not in (RunyardError, CallerError, ServerFault)
]


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.__name__)
def test_every_error_comes_back_as_its_class(leaf: type[RunyardError]) -> None:
    status, body, _ = answer(leaf("why"))
    found = error_from(status, body, url="http://h")
    if leaf in INDISTINGUISHABLE:
        assert (type(found).code, type(found).status) == (leaf.code, leaf.status)
    else:
        assert type(found) is leaf
    assert found.message == "why"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, BadRequest), (401, Unauthenticated), (404, NotFound), (409, BadRequest), (413, TooLarge), (418, BadRequest),
     (429, TooManyRequests), (500, InternalFault), (502, StorageUnavailable), (504, StorageUnavailable), (599, InternalFault)],
)  # fmt: skip
def test_unknown_codes_become_the_nearest_class(status: int, kind: type[RunyardError]) -> None:
    assert type(error_from(status, b'{"error_code": "NEWER", "message": "m"}', url="u")) is kind
    foreign = error_from(status, b"<html>Bad Gateway</html>", url="http://h/base")
    assert type(foreign) is kind
    assert "http://h/base" in foreign.message and "Bad Gateway" in foreign.message


def test_a_gap_says_up_to_where_a_journal_was_taken() -> None:
    status, body, _ = answer(errors.JournalGap("m", 7))
    assert error_from(status, body, url="u").details == {"applied": 7}


def test_retry_after_is_kept() -> None:
    assert error_from(429, b"", url="u", retry_after_s=7).retry_after_s == 7
