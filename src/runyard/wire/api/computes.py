"""Compute targets and sizes as our API spells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from runyard.entities.common import Page
from runyard.entities.compute import Compute, Size
from runyard.wire.mlflow.scalars import Int32, Int64


class ListComputes(msgspec.Struct):
    max_results: Int32 = 100
    page_token: str | None = None


class CreateCompute(msgspec.Struct):
    """`credentials` is an object of texts. It has no type, so that no error about its type repeats it."""

    name: str
    kind: str
    settings: dict[str, Any] = {}
    credentials: Any = None
    limits: dict[str, Int64] = {}
    description: str = ""
    tags: dict[str, str] = {}
    groups: list[str] = []
    server_url: str = ""
    base: str = ""
    size: str = ""


class UpdateCompute(msgspec.Struct):
    """What is left out stays; credentials are replaced by key, an empty one is taken away."""

    name: str
    settings: dict[str, Any] | None = None
    credentials: Any = None
    limits: dict[str, Int64] | None = None
    description: str | None = None
    tags: dict[str, str] | None = None
    groups: list[str] | None = None
    server_url: str | None = None
    base: str | None = None
    size: str | None = None


class ComputeName(msgspec.Struct):
    name: str


class DeleteCompute(msgspec.Struct):
    name: str
    force: bool = False


class LimitsMessage(msgspec.Struct):
    """0: no limit."""

    max_running: int
    max_running_per_person: int
    max_queued_per_person: int
    max_seconds: int
    max_nodes: int
    min_nodes: int
    idle_seconds: int


class NodeMessage(msgspec.Struct):
    name: str
    state: str
    cpus: int
    memory_mb: int
    gpus: int
    running: int


class CountsMessage(msgspec.Struct):
    queued: int = 0
    running: int = 0


class ProvisioningError(msgspec.Struct):
    code: str
    message: str


class ComputeMessage(msgspec.Struct):
    """Everything but the credentials."""

    name: str
    kind: str
    state: str
    provisioning_state: str
    provisioning_errors: list[ProvisioningError]
    description: str
    tags: dict[str, str]
    settings: dict[str, Any]
    limits: LimitsMessage
    base: str
    size: str
    groups: list[str]
    server_url: str
    has_credentials: dict[str, bool]
    created_ms: int
    modified_ms: int
    created_by: str
    checked_ms: int | None
    error: str
    nodes: list[NodeMessage]
    counts: CountsMessage

    @classmethod
    def of(cls, one: Compute, counts: CountsMessage, fingerprints: Mapping[str, str]) -> ComputeMessage:
        """The message of one.

        Args:
            fingerprints: of the keys of its hosts, by key.
        """
        failed = bool(one.error) and not one.nodes  # it has never answered
        return cls(
            name=one.name,
            kind=one.kind,
            state=one.state.text,
            provisioning_state="Failed" if failed else "Succeeded",
            provisioning_errors=[ProvisioningError("Unreachable", one.error)] if failed else [],
            description=one.description,
            tags=dict(one.tags),
            settings=_settings(one.settings, fingerprints),
            limits=msgspec.convert(one.limits, LimitsMessage, from_attributes=True),
            base=one.base,
            size=one.size,
            groups=list(one.groups),
            server_url=one.server_url,
            has_credentials=dict.fromkeys(one.credentials, True),
            created_ms=one.created_ms,
            modified_ms=one.modified_ms,
            created_by=one.created_by,
            checked_ms=one.checked_ms,
            error=one.error,
            nodes=[msgspec.convert(node, NodeMessage, from_attributes=True) for node in one.nodes],
            counts=counts,
        )


class ComputePage(msgspec.Struct):
    items: list[ComputeMessage]
    next_page_token: str | None = None


class ListSizes(msgspec.Struct):
    max_results: Int32 = 100
    page_token: str | None = None


class ResourcesMessage(msgspec.Struct):
    """Of one node; 0: whatever the compute target gives."""

    cpus: Int64 = 0
    memory_mb: Int64 = 0
    gpus: Int64 = 0


class PutSize(msgspec.Struct):
    name: str
    compute: str
    resources: ResourcesMessage = msgspec.field(default_factory=ResourcesMessage)
    max_nodes: Int64 = 0
    options: dict[str, str] = {}


class SizeName(msgspec.Struct):
    name: str


class SizeMessage(msgspec.Struct):
    name: str
    compute: str
    resources: ResourcesMessage
    max_nodes: int
    options: dict[str, str]

    @classmethod
    def of(cls, one: Size) -> SizeMessage:
        """The message of one."""
        resources = msgspec.convert(one.resources, ResourcesMessage, from_attributes=True)
        return cls(one.name, one.compute, resources, one.max_nodes, dict(one.options))


class SizePage(msgspec.Struct):
    items: list[SizeMessage]
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[Size]) -> SizePage:
        """The message of a page."""
        return cls([SizeMessage.of(one) for one in page.items], page.next_page_token)


def _settings(settings: Mapping[str, Any], fingerprints: Mapping[str, str]) -> dict[str, Any]:
    shown = dict(settings)
    hosts = shown.get("hosts")
    if isinstance(hosts, list):
        shown["hosts"] = [
            {**one, "fingerprint": fingerprints[key]} if (key := one.get("host_key")) in fingerprints else one
            for one in hosts
        ]
    return shown
