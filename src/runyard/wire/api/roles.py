"""Roles and their assignments as our API spells them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from runyard.entities.access import Assignment, Role
from runyard.entities.common import Page
from runyard.wire.mlflow.scalars import Int32, Int64


class CreateRole(msgspec.Struct):
    name: str
    actions: list[str]
    description: str = ""
    not_actions: list[str] = []


class RoleMessage(msgspec.Struct):
    name: str
    description: str
    actions: list[str]
    not_actions: list[str]
    built_in: bool

    @classmethod
    def of(cls, one: Role) -> RoleMessage:
        """The message of one role."""
        return cls(one.name, one.description, list(one.actions), list(one.not_actions), one.built_in)


class RolePage(msgspec.Struct):
    """`actions`: every action that there is, and what it allows."""

    items: list[RoleMessage]
    actions: Mapping[str, str]
    next_page_token: str | None = None


class ListRoles(msgspec.Struct):
    pass


class RoleOfPath(msgspec.Struct):
    name: str


class AssignRole(msgspec.Struct):
    principal: str
    role: str
    scope: str | None = None
    allow: bool = True
    experiment_id: Int64 | None = None


class AssignmentMessage(msgspec.Struct):
    assignment_id: str
    principal: str
    role: str
    allow: bool
    scope: str
    created_by: str
    created_ms: int

    @classmethod
    def of(cls, one: Assignment) -> AssignmentMessage:
        """The message of one assignment."""
        return cls(one.uuid, one.principal, one.role, one.allow, one.scope, one.created_by, one.created_ms)


class AssignmentPage(msgspec.Struct):
    items: list[AssignmentMessage]
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[Assignment]) -> AssignmentPage:
        """The message of a page."""
        return cls([AssignmentMessage.of(one) for one in page.items], page.next_page_token)


class ListAssignments(msgspec.Struct):
    scope: str | None = None
    principal: str | None = None
    experiment_id: Int64 | None = None
    max_results: Int32 = 100
    page_token: str | None = None


class AssignmentOfPath(msgspec.Struct):
    assignment_id: str
