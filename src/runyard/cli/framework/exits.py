"""Exit codes, and how an error becomes one sentence on stderr with the way out."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from runyard.client.errors import ServerUnreachable
from runyard.errors import NotAllowed, NotFound, RouteNotFound, RunyardError, TooManyRequests, Unauthenticated

DONE, FAILED, USAGE, NOT_LOGGED_IN, MISSING, UNREACHABLE, FORBIDDEN, DEFECT = 0, 1, 2, 3, 4, 5, 6, 70
INTERRUPTED, BROKEN_PIPE = 130, 141

MEANINGS = {
    DONE: "done",
    FAILED: "the request was refused or failed",
    USAGE: "the command line is wrong",
    NOT_LOGGED_IN: "not logged in, or the credential is no longer valid",
    MISSING: "no such record",
    UNREACHABLE: "the server cannot be reached",
    FORBIDDEN: "you may not do this",
    DEFECT: "a defect of this program",
    INTERRUPTED: "interrupted (Ctrl-C)",
    BROKEN_PIPE: "whoever read the output went away",
}

_CODES: tuple[tuple[type[RunyardError], int, str], ...] = (
    (Unauthenticated, NOT_LOGGED_IN, "Log in with `runyard login`, or set RUNYARD_TOKEN."),
    (NotAllowed, FORBIDDEN, "Ask an owner of the workspace for a role; `runyard whoami` shows who you are."),
    (RouteNotFound, FAILED, "The server is of another release, or is no Runyard server."),
    (NotFound, MISSING, ""),
    (ServerUnreachable, UNREACHABLE, ""),
    (TooManyRequests, FAILED, "Wait, then try again."),
)


class Failed(click.ClickException):
    """What went wrong, with the exit code that says so."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it from the instance


def failed(error: Exception, origin: str = "") -> Failed:
    """The message and exit code of an error that a command met.

    Args:
        origin: a sentence about where the name in it comes from.
    """
    if isinstance(error, RunyardError):
        after = f" {origin}" if origin else ""
        for kind, code, way_out in _CODES:
            if isinstance(error, kind):
                return Failed(_joined(error.message, way_out) + after, code)
        return Failed(error.message + after)
    if isinstance(error, OSError):
        return Failed(_of_the_system(error))
    text = " ".join(str(error).split())
    return Failed(
        f"{type(error).__name__}: {text}. This is a defect of runyard; run the command again with --debug and "
        "report what it prints.",
        DEFECT,
    )


def _joined(message: str, way_out: str) -> str:
    """A message and the way out, unless it names one already."""
    if not way_out or any(text in message for text in ("`runyard ", "An owner ", "Ask an owner", way_out)):
        return message
    return f"{message.rstrip().rstrip('.')}. {way_out}"


def _of_the_system(error: OSError) -> str:
    """What the operating system refused, with the file."""
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}." if error.filename else f"{reason}."


def leave_quietly() -> NoReturn:
    """End, since nobody reads any more; the interpreter's last flush must not complain either."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        pass
    sys.exit(BROKEN_PIPE)
