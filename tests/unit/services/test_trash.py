"""What is kept does not hide what is behind it, and which files are a record's own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from runyard.entities.common import Page
from runyard.entities.trash import TrashedItem, TrashKind
from runyard.services.artifacts import ArtifactService
from runyard.services.context import Context
from runyard.services.trash import AT_ONCE, TrashService
from runyard.store.trash_contracts import TrashStore


class Heap:
    """A TrashStore of many runs, the first of which were made into models."""

    def __init__(self, items: Sequence[TrashedItem], needed: int = 0, *, shared: bool = False) -> None:
        self.items = list(items)
        self.needed = needed
        self.shared = shared
        self.purged: list[tuple[str, str]] = []

    async def list(
        self, workspace_id: int, kinds: Any, *, before_ms: Any, max_results: int, page_token: str | None
    ) -> Page[TrashedItem]:
        start = int(page_token or 0)
        end = start + max_results
        return Page(self.items[start:end], str(end) if end < len(self.items) else None)

    async def find(self, workspace_id: int, kind: TrashKind, id: str) -> TrashedItem | None:
        return next((item for item in self.items if (item.kind, item.id) == (kind, id)), None)

    async def versions_from(self, workspace_id: int, item: TrashedItem) -> Sequence[tuple[str, int]]:
        return [("model", 1)] if item.record_id < self.needed else []

    async def is_shared_place(self, workspace_id: int, experiment_id: int) -> bool:
        return self.shared

    async def purge(self, workspace_id: int, item: TrashedItem, files: str) -> bool:
        self.purged.append((item.id, files))
        return True


def item(number: int, location: str = "", kind: TrashKind = TrashKind.RUN, id: str = "") -> TrashedItem:
    id = id or f"{number:032x}"
    return TrashedItem(kind, number, id, "n", 7, "e", 1, location or f"mlflow-artifacts:/7/{id}/artifacts")


def service(heap: Heap) -> TrashService:
    nothing = cast(Any, None)
    return TrashService(cast(TrashStore, heap), nothing, nothing, cast(ArtifactService, nothing))


def test_what_is_kept_hides_nothing_that_is_behind_it() -> None:
    heap = Heap([item(number) for number in range(2 * AT_ONCE + 100)], needed=AT_ONCE + 50)
    outcome = asyncio.run(service(heap).purge_older(Context(), 0))
    assert len(outcome.done) == AT_ONCE + 50
    assert (len(outcome.kept), outcome.more) == (AT_ONCE, False)


def test_a_call_that_purged_enough_says_that_there_is_more() -> None:
    heap = Heap([item(number) for number in range(3 * AT_ONCE)])
    context = Context()
    outcome = asyncio.run(service(heap).purge_older(context, 0))
    assert (len(outcome.done), outcome.more) == (AT_ONCE, True)
    assert context.also["runs"].startswith(f"{AT_ONCE}: {0:032x}")


def test_where_all_is_kept_no_other_call_is_asked_for() -> None:
    heap = Heap([item(number) for number in range(11 * AT_ONCE)], needed=20 * AT_ONCE)
    assert not asyncio.run(service(heap).purge_older(Context(), 0)).more


@pytest.mark.parametrize(
    ("kind", "id", "location", "files"),
    [
        (TrashKind.RUN, "ab", "mlflow-artifacts:/7/ab/artifacts", "7/ab"),
        (TrashKind.RUN, "ab", "mlflow-artifacts:/own/place/ab/artifacts", "own/place/ab"),
        (TrashKind.RUN, "ab", "mlflow-artifacts:/7/cd/artifacts", ""),
        (TrashKind.RUN, "ab", "mlflow-artifacts:/ab/artifacts", ""),
        (TrashKind.RUN, "ab", "mlflow-artifacts:/artifacts", ""),
        (TrashKind.RUN, "ab", "mlflow-artifacts:/7/ab/artifacts/deeper", ""),
        (TrashKind.RUN, "ab", "s3://bucket/7/ab/artifacts", ""),
        (TrashKind.RUN, "ab", "file:///7/ab/artifacts", ""),
        (TrashKind.RUN, "ab", "mlflow-artifacts:/7/../ab/artifacts", ""),
        (TrashKind.RUN, "ab", "no address", ""),
        (TrashKind.MODEL, "m-1", "mlflow-artifacts:/7/models/m-1/artifacts", "7/models/m-1"),
        (TrashKind.MODEL, "m-1", "mlflow-artifacts:/7/models/m-2/artifacts", ""),
        (TrashKind.EXPERIMENT, "7", "mlflow-artifacts:/7", "7"),
        (TrashKind.EXPERIMENT, "7", "mlflow-artifacts:/own/place", "own/place"),
        (TrashKind.EXPERIMENT, "7", "mlflow-artifacts:/12", ""),
        (TrashKind.EXPERIMENT, "7", "mlflow-artifacts:/12/inner", ""),
        (TrashKind.EXPERIMENT, "7", "gs://bucket/7", ""),
    ],
)
def test_only_a_directory_of_its_own_goes_along(kind: TrashKind, id: str, location: str, files: str) -> None:
    heap = Heap([item(7, location, kind, id)])
    outcome = asyncio.run(service(heap).purge_older(Context(), 0))
    assert (len(outcome.done), heap.purged) == (1, [(id, files)])


def test_a_place_that_others_share_stays() -> None:
    heap = Heap([item(7, "mlflow-artifacts:/own", TrashKind.EXPERIMENT, "7")], shared=True)
    asyncio.run(service(heap).purge_older(Context(), 0))
    assert heap.purged == [("7", "")]


@pytest.mark.parametrize("root", ["mlflow-artifacts:/", "mlflow-artifacts:"])
def test_the_root_of_all_files_is_nobodys(root: str) -> None:
    heap = Heap([item(7, root, TrashKind.EXPERIMENT, "7")])
    asyncio.run(service(heap).purge_older(Context(), 0))
    assert heap.purged == [("7", "")]
