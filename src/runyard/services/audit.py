"""The audit log: written before an answer leaves, never changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from runyard.entities.access import parse_scope
from runyard.entities.audit import AuditEntry
from runyard.errors import RunyardError
from runyard.services.context import Context

NAMING = (
    *("name", "new_name", "workspace", "workspace_name", "group", "subscription", "experiment_id", "run_id", "run_uuid", "model_id"),
    *("service_account", "trace_id", "request_id", "request_ids", "version", "stage", "alias", "key", "artifact_path", "path", "user"),
    *("principal", "member", "role", "scope", "token_id", "assignment_id", "datastore", "kind", "effect", "allow"),
    *("id", "actions", "not_actions", "disabled", "experiment_name"),
)  # fmt: skip
TEXT_LIMIT = 300


class AuditStore(Protocol):
    """Appends lines."""

    async def append(self, entry: AuditEntry) -> None:
        """Durable once it returned; the store sets id, previous and hash."""
        ...


class AuditTrail:
    """Writes down what was done.

    Args:
        clock: seconds since 1970.
    """

    def __init__(self, store: AuditStore, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    async def note(
        self, ctx: Context, action: str, fields: Mapping[str, Any], error: RunyardError | None, remote: str
    ) -> None:
        """One call of a route: who, what, which record, and what came of it.

        Args:
            fields: of the request; only what names a record is kept, never a value or a secret.
        """
        target = {**target_of(fields), **ctx.also}
        await self._store.append(
            AuditEntry(
                int(self._clock() * 1000),
                ctx.principal.name,
                ctx.credential,
                ctx.workspace or ctx.addressed[:TEXT_LIMIT].replace("\0", "�") or _workspace_of(target),
                action,
                target,
                "done" if error is None else error.code,
                200 if error is None else error.status,
                remote,
            )
        )

    async def note_change(
        self, name: str, credential: str, action: str, target: Mapping[str, str], remote: str
    ) -> None:
        """A change that no route made: what follows from what an identity provider says of somebody."""
        cut = {key: value[:TEXT_LIMIT].replace("\0", "�") for key, value in target.items()}
        now_ms = int(self._clock() * 1000)
        await self._store.append(AuditEntry(now_ms, name, credential, "", action, cut, "done", 200, remote))

    async def note_login(
        self, name: str, method: str, error: RunyardError | None, remote: str, *, ended: str | None = None
    ) -> None:
        """A login that succeeded or failed; `method` is password, oidc or device, `ended` the session before it."""
        outcome, status = ("done", 200) if error is None else (error.code, error.status)
        await self._store.append(
            AuditEntry(
                int(self._clock() * 1000),
                name[:TEXT_LIMIT].replace("\0", "�"),
                method,
                "",
                "login",
                {} if ended is None else {"ended": ended},
                outcome,
                status,
                remote,
            )
        )


def _workspace_of(target: Mapping[str, str]) -> str:
    """The workspace of the scope, in which a role was given or taken by a request to the whole server."""
    place = parse_scope(target.get("scope", ""))
    return "" if place is None else place.workspace


def target_of(fields: Mapping[str, Any]) -> dict[str, str]:
    """What names a record among the fields of a request, each text cut."""
    found = {}
    for name in NAMING:
        value = fields.get(name)
        if isinstance(value, str | int) and value != "":
            found[name] = str(value)[:TEXT_LIMIT]
        elif isinstance(value, list) and value:
            found[name] = ", ".join(str(one) for one in value[:20])[:TEXT_LIMIT]
    if fields.get("password"):
        found["password"] = "changed"
    return found
