"""What the services ask of a store about the names in runs. The rules of store/contracts.py hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from runyard.store.contracts import Seen

KeyKind = Literal["metric", "param", "tag"]


class KeyName(NamedTuple):
    """A name, and what it names."""

    key: str
    kind: KeyKind


class Names(NamedTuple):
    """A page of names. `whole` is False where more experiments or names were there than are looked through."""

    items: list[KeyName]
    next_page_token: str | None
    whole: bool


class Values(NamedTuple):
    """Texts in order; `more`: there may be others. `whole` as in Names."""

    items: list[str]
    more: bool
    whole: bool


class RunKeyStore(Protocol):
    """Keys of metrics, params and tags, and their values."""

    async def keys(
        self,
        workspace_id: int,
        experiment_ids: Sequence[int],
        seen: Seen | None,
        *,
        kinds: Sequence[KeyKind],
        prefix: str,
        max_results: int,
        page_token: str | None,
    ) -> Names:
        """Keys that runs of these experiments have (without ids: of the workspace), by name.

        Cost: one look into an index for each key of an experiment, however many runs have it.
        """
        ...

    async def values(
        self,
        workspace_id: int,
        experiment_ids: Sequence[int],
        seen: Seen | None,
        *,
        kind: KeyKind,
        key: str,
        prefix: str,
        max_results: int,
    ) -> Values:
        """Different values of a param or tag. Of those that are equal in their first 64 characters one is given.

        Cost: one look into an index for each value and experiment, however many runs have it.
        """
        ...
