"""What a command works with: where the server and the workspace are, and how results are written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from runyard.cli.framework.columns import Column, Record, Value
from runyard.cli.framework.defaults import FolderConfig, folder_config, read, settings_file
from runyard.cli.framework.exits import USAGE, Failed
from runyard.cli.framework.output import FORMATS, Output
from runyard.client.addresses import parse_server
from runyard.client.credentials import find_server
from runyard.client.errors import ServerUnreachable
from runyard.client.transport import Connection
from runyard.errors import NotFound

DEFAULT = "default"  # the server's own subscription and resource group


@dataclass(frozen=True)
class Given:
    """The common options of one call."""

    server: str = ""
    workspace: str = ""
    resource_group: str = ""
    subscription: str = ""
    config_folder: str = ""
    output: str = ""
    query: str = ""
    debug: bool = False


class Session:
    """One call of a command.

    Args:
        given: the common options.
        program: `runyard`, or `azml`, whose default output is JSON as Azure's is.
    """

    def __init__(self, given: Given, program: str) -> None:
        self.given = given
        self.program = program

    @cached_property
    def defaults(self) -> dict[str, str]:
        """The user's defaults."""
        return read()

    @cached_property
    def folder(self) -> FolderConfig:
        """What the folder says that the command is called in; its parents count."""
        return folder_config(self.given.config_folder or ".")

    @cached_property
    def out(self) -> Output:
        """Where results go."""
        standard = "json" if self.program == "azml" else "table"
        chosen = (
            self.given.output or os.environ.get("RUNYARD_OUTPUT") or self.defaults.get("output") or standard
        )
        if chosen not in FORMATS:
            raise Failed(f"Output {chosen!r} is not one of {', '.join(FORMATS)}.", USAGE)
        return Output(chosen, self.given.query)

    @cached_property
    def server(self) -> str:
        """The server's address."""
        if self.given.server:
            return parse_server(self.given.server)
        return find_server(self.folder.server or self.defaults.get("server"))

    @cached_property
    def workspace(self) -> str | None:
        """The workspace's name; None is the server's default one."""
        return (
            self.given.workspace
            or os.environ.get("RUNYARD_WORKSPACE")
            or self.folder.workspace
            or self.defaults.get("workspace")
            or None
        )

    def origin(self, error: Exception) -> str:
        """Where the name or address comes from that an error is about, unless the command itself says it."""
        if isinstance(error, NotFound) and error.message.startswith(f"Workspace '{self.workspace}' "):
            given = (self.given.workspace, os.environ.get("RUNYARD_WORKSPACE") or "")
            source = _origin(given, "RUNYARD_WORKSPACE", self.folder.workspace, self.folder)
            return f"The workspace's name comes from {source}." if source else ""
        if isinstance(error, ServerUnreachable):
            given = (self.given.server, os.environ.get("RUNYARD_SERVER") or "")
            source = _origin(given, "RUNYARD_SERVER", self.folder.server, self.folder)
            named = bool(self.folder.server or self.defaults.get("server") or any(given))
            return f"The address comes from {source}." if source and named else ""
        return ""

    @cached_property
    def api(self) -> Connection:
        """The server, outside any workspace."""
        return Connection(self.server)

    @cached_property
    def here(self) -> Connection:
        """The workspace; in the group that was given, if one was."""
        return self.api.at(self.place)

    @property
    def place(self) -> str | None:
        """The workspace as a connection takes it."""
        group, subscription = self.given.resource_group, self.given.subscription
        if not self.workspace or not (group or subscription):
            return self.workspace
        return f"{subscription or DEFAULT}/{group or DEFAULT}/{self.workspace}"

    def pages(
        self, path: str, /, field: str = "items", *, limit: int = 0, at_once: int = 1000, **query: Any
    ) -> list[Record]:
        """All records of a list in the workspace, page after page; at most limit of them unless it is 0."""
        return pages(self.here, path, field, limit=limit, at_once=at_once, **query)

    def pages_of_server(
        self, path: str, /, field: str = "items", *, limit: int = 0, at_once: int = 1000, **query: Any
    ) -> list[Record]:
        """All records of a list of the server."""
        return pages(self.api, path, field, limit=limit, at_once=at_once, **query)

    def choose(self, workspace: str | None) -> None:
        """Work in a workspace that the command names itself. Raises: Failed when -w names another one."""
        if workspace is None:
            return
        if self.given.workspace not in ("", workspace):
            raise Failed(
                f"Two workspaces are named: {workspace!r} and, by -w, {self.given.workspace!r}.", USAGE
            )
        self.workspace = workspace

    def rows(
        self, records: Sequence[Record], columns: Sequence[Column], *, none: str = "Nothing found."
    ) -> None:
        """Write a list of records."""
        self.out.rows(records, columns, none=none)

    def record(self, record: Record, columns: Sequence[Column]) -> None:
        """Write one record."""
        self.out.record(record, columns)


def pages(
    api: Connection, path: str, /, field: str = "items", *, limit: int = 0, at_once: int = 1000, **query: Any
) -> list[Record]:
    """All records of a list."""
    found: list[Record] = []
    token: Value = None
    while True:
        wanted = min(at_once, limit - len(found)) if limit else at_once
        answer = api.get(path, max_results=wanted, page_token=token, **query)
        found += answer.get(field) or []
        token = answer.get("next_page_token")
        if not token or (limit and len(found) >= limit):
            return found[:limit] if limit else found


def _origin(given: tuple[str, str], variable: str, in_folder: str, folder: FolderConfig) -> str:
    """What a value was taken from, when it was given by option and environment as told; empty for an option."""
    by_option, by_environment = given
    if by_option:
        return ""
    if by_environment:
        return variable
    if in_folder and folder.path is not None:
        near = os.path.relpath(folder.path)
        return str(folder.path) if near.startswith(os.pardir) else near
    return str(settings_file())
