"""Requests and answers about the keyvault."""

from __future__ import annotations

from typing import Any

import msgspec

from runyard.entities.common import Page
from runyard.entities.secret import SecretInfo


class SetSecret(msgspec.Struct):
    """`value` is text. It has no type, so that no error about its type repeats it."""

    name: str
    value: Any = None


class SecretName(msgspec.Struct):
    name: str


class ListSecrets(msgspec.Struct):
    max_results: int | None = None
    page_token: str | None = None


class SecretValue(msgspec.Struct):
    name: str
    value: str


class SecretMessage(msgspec.Struct):
    """Never the value."""

    name: str
    created_by: str
    created_ms: int
    updated_ms: int


class SecretPage(msgspec.Struct):
    items: list[SecretMessage]
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[SecretInfo]) -> SecretPage:
        """The message of a page."""
        items = [
            SecretMessage(one.name, one.created_by, one.created_ms, one.updated_ms) for one in page.items
        ]
        return cls(items, page.next_page_token)
