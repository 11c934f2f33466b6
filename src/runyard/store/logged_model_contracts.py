"""What the service of logged models asks of a store; the rules of store.contracts hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runyard.entities.common import Page, Param, Tag
from runyard.entities.logged_model import LoggedModel, LoggedModelQuery, ModelStatus, NewLoggedModel


class LoggedModelStore(Protocol):
    """Logged models with their params, tags and latest metrics.

    Every method that names a model raises NotFound when there is none, or when it is deleted unless it says otherwise.
    """

    async def create(self, workspace_id: int, model: NewLoggedModel) -> LoggedModel:
        """Make a model in status PENDING; its artifacts go below the experiment's location. Or the one of that id.

        Raises: NotFound for the experiment, InvalidInput when that is deleted, AlreadyExists when the id is taken by a
            model of another experiment or by a deleted one.
        """
        ...

    async def get(self, workspace_id: int, model_id: str, *, allow_deleted: bool = False) -> LoggedModel:
        """One model. Cost: its row, params, tags and metrics."""
        ...

    async def artifact_uri(self, workspace_id: int, model_id: str) -> str:
        """Where the model keeps its artifacts. Cost: one row."""
        ...

    async def finalize(self, workspace_id: int, model_id: str, status: ModelStatus) -> LoggedModel:
        """Set the status; the model as it is then."""
        ...

    async def delete(self, workspace_id: int, model_id: str) -> None:
        """Soft; a deleted model may be deleted again."""
        ...

    async def set_tags(self, workspace_id: int, model_id: str, tags: Sequence[Tag]) -> None:
        """Set or overwrite tags, all or none."""
        ...

    async def delete_tag(self, workspace_id: int, model_id: str, key: str) -> None:
        """Raises: NotFound when there is no such tag."""
        ...

    async def add_params(self, workspace_id: int, model_id: str, params: Sequence[Param]) -> None:
        """Add params, all or none.

        Raises: BadRequest when one of the keys is set already, whatever its value.
        """
        ...

    async def search(self, workspace_id: int, query: LoggedModelQuery) -> Page[LoggedModel]:
        """A page of models that are not deleted. Cost: the search, then four statements for the whole page.

        Raises: InvalidInput for the filter, the order or the token.
        """
        ...
