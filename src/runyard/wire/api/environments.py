"""Environments as our API spells them."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from runyard.entities.common import Page
from runyard.entities.environment import Environment, EnvironmentLock
from runyard.wire.mlflow.scalars import Int32


class ListEnvironments(msgspec.Struct):
    max_results: Int32 | None = None
    page_token: str | None = None


class RegisterEnvironment(msgspec.Struct):
    """`definition`: the sections python, docker and environmentVariables, with the keys of Azure ML's files."""

    FREE: ClassVar[frozenset[str]] = frozenset({"definition"})

    name: str
    definition: dict[str, Any]


class EnvironmentNamed(msgspec.Struct):
    name: str
    version: str | None = None


class ListEnvironmentVersions(msgspec.Struct):
    name: str
    max_results: Int32 | None = None
    page_token: str | None = None


class KeepLock(msgspec.Struct):
    """`text`: lines of a requirements file with exact versions."""

    hash: str
    platform: str
    python: str
    text: str


class GetLock(msgspec.Struct):
    hash: str
    platform: str
    python: str


class EnvironmentMessage(msgspec.Struct):
    name: str
    version: str
    definition: dict[str, Any]
    hash: str
    created_ms: int
    created_by: str

    @classmethod
    def of(cls, one: Environment) -> EnvironmentMessage:
        """The message of one version."""
        return cls(one.name, one.version, dict(one.definition), one.hash, one.created_ms, one.created_by)


class EnvironmentPage(msgspec.Struct):
    items: list[EnvironmentMessage]
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[Environment]) -> EnvironmentPage:
        """The message of a page."""
        return cls([EnvironmentMessage.of(one) for one in page.items], page.next_page_token)


class LockMessage(msgspec.Struct):
    hash: str
    platform: str
    python: str
    text: str
    created_ms: int
    created_by: str

    @classmethod
    def of(cls, one: EnvironmentLock) -> LockMessage:
        """The message of one."""
        return cls(one.hash, one.platform, one.python, one.text, one.created_ms, one.created_by)
