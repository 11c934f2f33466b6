"""What is known about a version: where it came from, what it is made of."""

from __future__ import annotations

from typing import Any, cast

from runyard.sdk import model_files
from runyard.sdk.model_record import FRAMEWORK, FRAMEWORK_VERSION, all_tags, datasets
from runyard.sdk.model_tags import ModelTags
from runyard.sdk.workspace_record import iso_time


class ModelFacts(ModelTags):
    """Read from the record; only `run` and `experiment_name` ask the server."""

    @property
    def description(self) -> str | None:
        """What it is."""
        return self._record.get("description") or None

    @property
    def url(self) -> str:
        """Where its files are."""
        return str(self._record["source"])

    @property
    def created_time(self) -> str:
        """When it was registered, ISO 8601."""
        return iso_time(int(self._record["creation_timestamp"]))

    @property
    def created_by(self) -> str | None:
        """Who registered it, where that is known."""
        return self._record.get("user_id") or None

    @property
    def run_id(self) -> str | None:
        """The run that it came from."""
        return self._record.get("run_id") or None

    @property
    def run(self) -> Any:
        """The run that it came from, as a Run."""
        return None if self.run_id is None else cast(Any, self.workspace).get_run(self.run_id)

    @property
    def experiment_name(self) -> str | None:
        """The experiment of the run that it came from."""
        return None if self.run_id is None else str(self.run.experiment.name)

    @property
    def datasets(self) -> dict[str, list[dict[str, Any]]]:
        """What data it was made with: scenario → [{name, id}]."""
        return datasets(self._record)

    @property
    def model_framework(self) -> str | None:
        """The framework that it was said to be made with."""
        return all_tags(self._record).get(FRAMEWORK)

    @property
    def model_framework_version(self) -> str | None:
        """That framework's version."""
        return all_tags(self._record).get(FRAMEWORK_VERSION)

    @property
    def unpack(self) -> bool:
        """Whether it is a folder rather than a file."""
        return not model_files.is_upload_of_file(self.url.removeprefix(model_files.SCHEME).strip("/"))

    @property
    def mime_type(self) -> str:
        """The type of its files, as far as it is known."""
        return "application/octet-stream"

    @property
    def resource_configuration(self) -> None:
        """Nothing: what a deployment needs is said when it is deployed."""
        return None

    def serialize(self) -> dict[str, Any]:
        """The record as plain data, by the names that Azure ML has."""
        return {
            "createdTime": self.created_time,
            "createdBy": self.created_by,
            "description": self.description,
            "id": self.id,
            "mimeType": self.mime_type,
            "name": self.name,
            "framework": self.model_framework,
            "frameworkVersion": self.model_framework_version,
            "kvTags": self.tags,
            "properties": self.properties,
            "unpack": self.unpack,
            "url": self.url,
            "version": self.version,
            "experimentName": self.experiment_name,
            "runId": self.run_id,
            "datasets": self.datasets,
        }
