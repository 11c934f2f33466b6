"""What a process that logs and the sender of its journal tell each other: lines of JSON over two pipes."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType


class Order(msgspec.Struct, omit_defaults=True):
    """To the sender. The first one names server, workspace and token.

    Attributes:
        server: base URL.
        workspace: NAME or SUBSCRIPTION/GROUP/NAME; empty: the server's default.
        token: the credential as it is now; never written to disk.
        certificates: a file of authorities to trust where nothing else is set.
        flush: send what there is up to this seq at once.
        end: no record follows this seq.
    """

    server: str | None = None
    workspace: str | None = None
    token: str | None = None
    certificates: str | None = None
    flush: int | None = None
    end: int | None = None


class Report(msgspec.Struct, omit_defaults=True):
    """From the sender.

    Attributes:
        ready: its process id.
        sent: the server has all records up to this seq, and their files.
        tried: what was to be flushed up to this seq was tried just now, and the server cannot be reached.
        trouble: why nothing can be sent just now; None: no more.
        news: for a person.
        ask: "token": the one that it has is not taken any more.
    """

    ready: int | None = None
    sent: int | None = None
    tried: int | None = None
    trouble: str | UnsetType | None = UNSET
    news: str | None = None
    ask: str | None = None


def encode_line(message: Order | Report) -> bytes:
    """A message as a line."""
    return msgspec.json.encode(message) + b"\n"


def decode_order(line: bytes) -> Order | None:
    """None for what is no order."""
    try:
        return msgspec.json.decode(line, type=Order)
    except msgspec.MsgspecError:
        return None


def decode_report(line: bytes) -> Report | None:
    """None for what is no report."""
    try:
        return msgspec.json.decode(line, type=Report)
    except msgspec.MsgspecError:
        return None
