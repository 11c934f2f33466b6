"""What a server's answers about a journal say."""

from __future__ import annotations

import msgspec

from runyard.client.errors import ServerUnreachable, error_from
from runyard.client.journal.sender.http import Answer
from runyard.errors import InternalFault, JournalGap, RunyardError
from runyard.wire.journal import SendResult


class _Gap(msgspec.Struct):
    applied: int = 0


def result_of(answer: Answer, server: str) -> SendResult:
    """How far the journal was taken.

    Raises: the error that the answer is; ServerUnreachable, for what no Runyard server says.
    """
    if answer.status != 200:
        raise error_of(answer, server)
    try:
        return msgspec.json.decode(answer.body, type=SendResult)
    except msgspec.MsgspecError:
        raise ServerUnreachable(
            f"{server} does not answer as a Runyard server does. Is the address right?"
        ) from None


def error_of(answer: Answer, server: str) -> RunyardError:
    """The error that an answer is."""
    if 300 <= answer.status < 400:
        return InternalFault(f"{server} redirects to {answer.location or 'elsewhere'}. Use that address.")
    error = error_from(answer.status, answer.body, url=server)
    error.retry_after_s = None if answer.retry_after_s is None else int(answer.retry_after_s)
    return error


def gap_of(answer: Answer) -> int | None:
    """Up to where the server has the journal, if it says that something is missing after that."""
    if answer.status != JournalGap.status:
        return None
    try:
        return msgspec.json.decode(answer.body, type=_Gap).applied
    except msgspec.MsgspecError:
        return None
