"""What a search is given and gives, whatever the noun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from runyard.entities.common import ViewType
from runyard.entities.search.tree import Filter, Order
from runyard.store.sql.search.cursor import Position

Id = TypeVar("Id")


@dataclass(frozen=True, slots=True)
class Found(Generic[Id]):
    """Ids of one page, in order. `after` is where the next page starts, None when this is the last."""

    ids: list[Id]
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class RunSearch:
    """Runs of these experiments (unknown ids are ignored). `limit` is rows per page, >= 1."""

    experiment_ids: Sequence[int]
    limit: int
    filter: Filter = ()
    order: Order = ()
    view: ViewType = ViewType.ACTIVE_ONLY
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class ExperimentSearch:
    """Experiments of one workspace, of those `only` these where given, and never those of `without`."""

    workspace_id: int
    limit: int
    filter: Filter = ()
    order: Order = ()
    view: ViewType = ViewType.ACTIVE_ONLY
    after: Position | None = None
    only: frozenset[int] | None = None
    without: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class RegistrySearch:
    """Registered models or model versions of one workspace.

    Prompts are left out unless the filter compares the tag mlflow.prompt.is_prompt; as in MLflow a record
    without that tag counts as one whose value is 'false'.
    """

    workspace_id: int
    limit: int
    filter: Filter = ()
    order: Order = ()
    after: Position | None = None


Dataset = tuple[str, str | None]
"""Name and digest; a digest of None stands for any."""


@dataclass(frozen=True, slots=True)
class LoggedModelSearch:
    """Logged models of these experiments; deleted ones are never found.

    `datasets` restricts metric clauses of the filter to metrics logged for one of them; `order_datasets[i]`
    does the same for the sort key `order[i]`.
    """

    experiment_ids: Sequence[int]
    limit: int
    filter: Filter = ()
    order: Order = ()
    after: Position | None = None
    datasets: Sequence[Dataset] = ()
    order_datasets: Sequence[Dataset | None] = ()


@dataclass(frozen=True, slots=True)
class TraceSearch:
    """Traces of these experiments."""

    experiment_ids: Sequence[int]
    limit: int
    filter: Filter = ()
    order: Order = ()
    after: Position | None = None
