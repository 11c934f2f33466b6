"""Tags of a version, which may be overwritten, and its properties, which may not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runyard.sdk.dataset_base import DatasetBase
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.model_handle import VERSIONS, ModelHandle
from runyard.sdk.model_record import PROPERTY, properties, text_of, visible


class ModelTags(ModelHandle):
    """Text that belongs to a version."""

    @property
    def tags(self) -> dict[str, str]:
        """Text that may be overwritten."""
        return visible(self._record)

    @property
    def properties(self) -> dict[str, str]:
        """Text that is set once."""
        return properties(self._record)

    def update(
        self,
        tags: Mapping[str, object] | None = None,
        description: str | None = None,
        sample_input_dataset: DatasetBase | None = None,
        sample_output_dataset: DatasetBase | None = None,
        resource_configuration: object = None,
    ) -> None:
        """Replace all tags, the description, or both.

        Args:
            sample_input_dataset, sample_output_dataset, resource_configuration: kept for scripts that give them.
        """
        if description is not None:
            self.workspace.link.patch(f"{VERSIONS}/update", {**self._key(), "description": description})
        if tags is not None:
            self.remove_tags([key for key in self.tags if key not in tags])
            self.add_tags(tags)
        self._refresh()

    def add_tags(self, tags: Mapping[str, object]) -> None:
        """Set or overwrite tags."""
        for key, value in tags.items():
            self._set(key, text_of(value))
        self._refresh()

    def remove_tags(self, tags: Sequence[str]) -> None:
        """Remove tags; what is not there is fine."""
        for key in [tags] if isinstance(tags, str) else tags:
            self.workspace.link.delete(f"{VERSIONS}/delete-tag", {**self._key(), "key": key})
        self._refresh()

    def add_properties(self, properties: Mapping[str, object]) -> None:
        """Set properties; each is set once and never changed. Raises: UserErrorException for one that is there."""
        self._refresh()
        for key, value in properties.items():
            if self.properties.get(key, text_of(value)) != text_of(value):
                raise UserErrorException(
                    f"Model {self.id} has the property {key!r} already; properties are never changed."
                )
        for key, value in properties.items():
            self._set(PROPERTY + key, text_of(value))
        self._refresh()
