"""Rules for experiments."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.artifacts.uris import check_location
from runyard.entities.common import Page, Stage, Tag
from runyard.entities.experiment import Experiment
from runyard.errors import AlreadyExists, InvalidInput, NotFound, shown
from runyard.services.checks import (
    EXPERIMENT_TAG_VALUE_LIMIT,
    NAME_LIMIT,
    SEARCH_LIMIT,
    check_key,
    check_length,
    check_max_results,
    check_text,
    experiment_of,
    parse_view_type,
)
from runyard.services.context import Context
from runyard.services.places import ExperimentPlaces
from runyard.store.contracts import ExperimentStore, Seen

CUSTOM_VIEWS_LIMIT = 50
CUSTOM_VIEW = "mlflow.customView.view"


class ExperimentService:
    """Checks, then asks the store.

    Args:
        artifact_root: URI below which an experiment's artifacts go by default, `mlflow-artifacts:`.
        places: where else they may go.
    """

    def __init__(self, store: ExperimentStore, artifact_root: str, places: ExperimentPlaces) -> None:
        self._store = store
        self._places = places
        self._artifact_root = artifact_root

    async def create(self, ctx: Context, name: str, location: str | None, tags: Sequence[Tag]) -> int:
        """The id of a new experiment."""
        check_name(name)
        own_path = None
        if location:
            check_location(location)
            own_path = await self._places.own_path(ctx, location)
        for tag in tags:
            _check_tag(tag)
        if sum(tag.key.startswith(CUSTOM_VIEW) for tag in tags) > CUSTOM_VIEWS_LIMIT:
            raise InvalidInput(f"An experiment can hold at most {CUSTOM_VIEWS_LIMIT} custom views.")
        unique = list({tag.key: tag for tag in tags}.values())
        return await self._store.create(
            ctx.workspace_id, name, self._artifact_root, location or None, unique, own_path=own_path
        )

    async def create_if_absent(self, ctx: Context, name: str) -> None:
        """Make one, unless somebody else has just done so. Raises: InvalidInput for the name; AlreadyExists, deleted."""
        try:
            await self.create(ctx, name, None, [])
        except AlreadyExists:
            found = await self._store.get_by_name(ctx.workspace_id, name)
            if found.stage is not Stage.ACTIVE:
                raise

    async def get(self, ctx: Context, experiment_id: str | int) -> Experiment:
        """By id, deleted ones included."""
        return await self._store.get(ctx.workspace_id, experiment_of(ctx, experiment_id))

    async def get_by_name(self, ctx: Context, name: str) -> Experiment:
        """By name, deleted ones included."""
        found = await self._store.get_by_name(ctx.workspace_id, name)
        if not ctx.grants.permits("experiments/read", found.id):
            raise NotFound(f"Could not find experiment with name '{name}'")
        return found

    async def search(
        self,
        ctx: Context,
        *,
        view_type: str | int | None,
        filter_string: str | None,
        order_by: Sequence[str],
        max_results: int | None,
        page_token: str | None,
    ) -> Page[Experiment]:
        """A page; max_results is required, as MLflow has it."""
        if max_results is None:
            raise InvalidInput(
                "Invalid value None for parameter 'max_results' supplied. It must be a positive integer"
            )
        return await self._store.search(
            ctx.workspace_id,
            view=parse_view_type(view_type),
            filter_string=filter_string or "",
            order_by=order_by,
            max_results=check_max_results(max_results, SEARCH_LIMIT),
            page_token=page_token or None,
            seen=seen_experiments(ctx),
        )

    async def rename(self, ctx: Context, experiment_id: str | int, name: str | None) -> None:
        """Raises: InvalidInput without a name, InvalidState when deleted."""
        if name is None:
            raise InvalidInput.missing("new_name")
        check_name(name)
        await self._store.rename(ctx.workspace_id, experiment_of(ctx, experiment_id), name)

    async def delete(self, ctx: Context, experiment_id: str | int) -> None:
        """Soft delete, with its runs."""
        await self._store.delete(ctx.workspace_id, experiment_of(ctx, experiment_id))

    async def restore(self, ctx: Context, experiment_id: str | int) -> None:
        """Undo `delete`."""
        await self._store.restore(ctx.workspace_id, experiment_of(ctx, experiment_id))

    async def set_tag(self, ctx: Context, experiment_id: str | int, tag: Tag) -> None:
        """Set or overwrite one tag."""
        _check_tag(tag)
        await self._store.set_tag(ctx.workspace_id, experiment_of(ctx, experiment_id), tag)

    async def delete_tag(self, ctx: Context, experiment_id: str | int, key: str) -> None:
        """Raises: NotFound when there is none."""
        await self._store.delete_tag(ctx.workspace_id, experiment_of(ctx, experiment_id), key)


def seen_experiments(ctx: Context, action: str = "experiments/read") -> Seen | None:
    """Where a principal with roles in some experiments may do what only reads; None: in all of the workspace."""
    grants = ctx.grants
    if not grants.experiments:
        return None
    if grants.permits(action):
        return Seen(frozenset(one for one in grants.experiments if not grants.permits(action, one)), True)
    return Seen(frozenset(one for one in grants.experiments if grants.permits(action, one)), False)


def check_name(name: str) -> None:
    """Raises: InvalidInput for a blank or over-long name."""
    if not name.strip():
        raise InvalidInput(f"Invalid experiment name: {shown(name)}. It must not be empty or blank.")
    check_length("name", name, NAME_LIMIT)
    check_text("name", name)


def _check_tag(tag: Tag) -> None:
    check_key(tag.key, "Tag")
    check_text("tag value", tag.value)
    check_length("tag value", tag.value, EXPERIMENT_TAG_VALUE_LIMIT)
