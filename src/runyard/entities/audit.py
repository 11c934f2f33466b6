"""Who did what to which record, when, from where, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class AuditEntry(msgspec.Struct, frozen=True):
    """One line of the audit log. Each holds the hash of the one before, so that a removed or changed line is found.

    Attributes:
        credential: how the principal was recognised: local, password, `token <uuid>`, `tracking <jti>`.
        outcome: done, or the error's code.
    """

    at_ms: int
    principal: str
    credential: str
    workspace: str
    action: str
    target: Mapping[str, str]
    outcome: str
    status: int
    remote: str
    id: int = 0
    previous: str = ""
    hash: str = ""


class AuditQuery(msgspec.Struct, frozen=True):
    """Which lines; None: all. Times are milliseconds UTC, since inclusive, until exclusive.

    Attributes:
        action: such as `models/write`; with a slash at its end, such as `models/`, all actions on records of that kind.
        name: of the record that something was done to, before or after it was renamed.
    """

    principal: str | None = None
    workspace: str | None = None
    action: str | None = None
    outcome: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    name: str | None = None


class ChainPiece(msgspec.Struct, frozen=True):
    """What a look at some lines found: how many are right, the last right one, and the first that is not."""

    count: int
    last_id: int
    last_hash: str
    broken_id: int | None = None
