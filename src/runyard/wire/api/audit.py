"""The audit log as our API spells it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from runyard.entities.audit import AuditEntry, AuditQuery
from runyard.entities.common import Page
from runyard.wire.mlflow.scalars import Int32, Int64


class WorkspaceAuditFilter(msgspec.Struct):
    """`action` may be a kind of records, such as `models/`; `name` is that of a record, before or after it was renamed."""

    principal: str | None = None
    action: str | None = None
    outcome: str | None = None
    since_ms: Int64 | None = None
    until_ms: Int64 | None = None
    name: str | None = None

    def query(self) -> AuditQuery:
        """As the service asks it, of every workspace."""
        return AuditQuery(
            self.principal, None, self.action, self.outcome, self.since_ms, self.until_ms, self.name
        )


class ListWorkspaceAudit(WorkspaceAuditFilter):
    max_results: Int32 = 100
    page_token: str | None = None


class AuditFilter(WorkspaceAuditFilter):
    workspace: str | None = None

    def query(self) -> AuditQuery:
        """As the service asks it."""
        return msgspec.structs.replace(super().query(), workspace=self.workspace)


class ListAudit(AuditFilter):
    max_results: Int32 = 100
    page_token: str | None = None


class AuditMessage(msgspec.Struct):
    id: int
    at_ms: int
    principal: str
    credential: str
    workspace: str
    action: str
    target: Mapping[str, str]
    outcome: str
    status: int
    remote: str
    previous: str
    hash: str

    @classmethod
    def of(cls, one: AuditEntry) -> AuditMessage:
        """The message of one line."""
        return cls(
            one.id,
            one.at_ms,
            one.principal,
            one.credential,
            one.workspace,
            one.action,
            one.target,
            one.outcome,
            one.status,
            one.remote,
            one.previous,
            one.hash,
        )


class AuditPage(msgspec.Struct):
    items: list[AuditMessage]
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[AuditEntry]) -> AuditPage:
        """The message of a page."""
        return cls([AuditMessage.of(one) for one in page.items], page.next_page_token)


class VerifyAudit(msgspec.Struct):
    pass


class VerdictMessage(msgspec.Struct):
    intact: bool
    entries: int
    last_id: int
    last_hash: str
    first_broken: int | None
