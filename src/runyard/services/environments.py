"""Rules for environments: names, versions, what a definition may hold, and locks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from runyard.entities.common import Page
from runyard.entities.environment import (
    Environment,
    EnvironmentLock,
    canonical,
    environment_hash,
    is_built,
)
from runyard.errors import InvalidInput, NotFound, shown
from runyard.services.checks import check_max_results, check_text
from runyard.services.context import Context
from runyard.services.jobs_access import refuse_job
from runyard.store.environment_contracts import EnvironmentStore

PAGE_DEFAULT = 100
PAGE_LIMIT = 1_000
DEFINITION_BYTES = 256 * 1024
LOCK_BYTES = 1024 * 1024
SECTIONS = ("python", "docker", "spark", "environmentVariables")
NAMED = ("name", "version")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")
_HASH = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[A-Za-z0-9_.+-]{1,100}")
_VERSION = re.compile(r"[0-9]{1,9}")


class EnvironmentService:
    """Environments belong to a workspace. They are never changed; a change is a new version."""

    def __init__(self, store: EnvironmentStore) -> None:
        self._store = store

    async def register(self, ctx: Context, name: str, definition: Mapping[str, Any]) -> Environment:
        """A new version; the last one, where that is the same. Raises: InvalidInput."""
        refuse_job(ctx)
        _check_name(name)
        text, hash = checked_definition(definition)
        return await self._store.register(ctx.workspace_id, name, text, hash, ctx.principal.name)

    async def get(self, ctx: Context, name: str, version: str | None) -> Environment:
        """One version; the last for None or 'latest'. Raises: NotFound, InvalidInput."""
        return await self.of_workspace(ctx.workspace_id, name, version)

    async def of_workspace(self, workspace_id: int, name: str, version: str | None) -> Environment:
        """As `get`."""
        number = None
        if version not in (None, "", "latest"):
            if not version or not _VERSION.fullmatch(version):
                raise InvalidInput(
                    f"Invalid environment version {shown(version, 40)}: a number, or 'latest'."
                )
            number = int(version)
        known = _NAME.fullmatch(name) is not None
        found = await self._store.find(workspace_id, name, number) if known else None
        if found is None:
            which = "" if number is None else f" of version {number}"
            raise NotFound(f"There is no environment {shown(name, 100)}{which} here. Register it first.")
        return found

    async def resolve(self, ctx: Context, definition: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
        """The whole definition of one that may be named only, and the hash of what is to be built; empty: nothing is.

        Raises: NotFound, InvalidInput.
        """
        if definition and not definition.keys() - set(NAMED):
            name, version = (definition.get(key, "") for key in NAMED)
            if not isinstance(name, str) or not isinstance(version, str | int):
                raise InvalidInput("The name and version of an environment must be texts.")
            definition = (await self.get(ctx, name, str(version))).definition
        _, hash = checked_definition(definition)
        return definition, hash if is_built(definition) else ""

    async def list(
        self, ctx: Context, *, max_results: int | None, page_token: str | None
    ) -> Page[Environment]:
        """The last version of each, by name."""
        limit = check_max_results(PAGE_DEFAULT if max_results is None else max_results, PAGE_LIMIT)
        return await self._store.list(ctx.workspace_id, max_results=limit, page_token=page_token or None)

    async def versions(
        self, ctx: Context, name: str, *, max_results: int | None, page_token: str | None
    ) -> Page[Environment]:
        """The last first. Raises: NotFound."""
        limit = check_max_results(PAGE_DEFAULT if max_results is None else max_results, PAGE_LIMIT)
        await self.get(ctx, name, None)
        return await self._store.versions(
            ctx.workspace_id, name, max_results=limit, page_token=page_token or None
        )

    async def keep_lock(
        self, ctx: Context, hash: str, platform: str, python: str, text: str
    ) -> EnvironmentLock:
        """Keep exact versions, unless some are kept already; those that are kept."""
        _check_lock(hash, platform, python)
        check_text("text", text)
        if not text.strip() or len(text.encode()) > LOCK_BYTES:
            raise InvalidInput(
                f"The parameter 'text' has {len(text)} characters; 1 to {LOCK_BYTES} bytes of requirements."
            )
        lock = EnvironmentLock(hash, platform, python, text, 0, ctx.principal.name)
        return await self._store.keep_lock(ctx.workspace_id, lock)

    async def get_lock(self, ctx: Context, hash: str, platform: str, python: str) -> EnvironmentLock:
        """Raises: NotFound, when nobody has kept one."""
        _check_lock(hash, platform, python)
        found = await self._store.find_lock(ctx.workspace_id, hash, platform, python)
        if found is None:
            raise NotFound(f"There is no lock of environment {hash[:16]} for {platform} and Python {python}.")
        return found


def checked_definition(definition: Mapping[str, Any]) -> tuple[str, str]:
    """A definition as it is kept, without name and version, and its hash.

    Raises: InvalidInput for sections that are none, and for too much.
    """
    rest = {key: value for key, value in definition.items() if key not in NAMED}
    for section in SECTIONS:
        if not isinstance(rest.get(section), Mapping | None):
            raise InvalidInput(f"The section {section!r} of an environment must be an object.")
    variables = rest.get("environmentVariables") or {}
    if not all(isinstance(value, str) for value in variables.values()):
        raise InvalidInput("The environmentVariables of an environment must be texts.")
    try:
        size = len(msgspec.json.encode(rest))  # before what takes a hundred times as long
        if size > DEFINITION_BYTES:
            raise InvalidInput(
                f"The parameter 'definition' has {size} bytes as JSON; {DEFINITION_BYTES} is the most."
            )
        text = canonical(rest)
        digest = environment_hash(rest)
    except (ValueError, RecursionError, OverflowError, TypeError):
        raise InvalidInput("The parameter 'definition' holds what cannot be kept as JSON.") from None
    if "\\u0000" in text:
        raise InvalidInput("The parameter 'definition' holds a NUL character.")
    return text, digest


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"Invalid environment name {shown(name, 100)}: 1 to 255 letters, digits, '_', '-' and '.', the first no '-' "
            "and no '.'."
        )


def _check_lock(hash: str, platform: str, python: str) -> None:
    if not _HASH.fullmatch(hash):
        raise InvalidInput(f"Invalid environment hash {shown(hash, 100)}: 64 digits in lower-case hex.")
    for name, value in (("platform", platform), ("python", python)):
        if not _WORD.fullmatch(value):
            raise InvalidInput(
                f"Invalid value {shown(value, 100)} for parameter '{name}' supplied: 1 to 100 letters, digits, '_', '-', "
                "'+' and '.'."
            )
