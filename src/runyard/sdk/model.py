"""Registered models: numbered versions of trained files. MLflow's registry has the same records."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from runyard.errors import AlreadyExists
from runyard.sdk import model_files
from runyard.sdk.dataset_base import DatasetBase
from runyard.sdk.exceptions import (
    AzureMLException,
    ModelNotFoundException,
    UserErrorException,
    WebserviceException,
)
from runyard.sdk.model_cache import CACHE, in_cache
from runyard.sdk.model_datasets import UsedDatasets, used_datasets
from runyard.sdk.model_facts import ModelFacts
from runyard.sdk.model_handle import VERSIONS
from runyard.sdk.model_record import FRAMEWORK, TagsWanted, all_tags, checked_name, tag_list
from runyard.sdk.model_search import absent, dataset_ids, fits, records, split_id
from runyard.sdk.workspace_record import WorkspaceRecord, workspace_of

MODELS = "/api/2.0/mlflow/registered-models"


class Model(ModelFacts):
    """A version of a registered model: found, registered, brought here, deleted.

    The parts: model_handle (which one it is), model_facts (what is known about it), model_tags.
    """

    class Framework:
        """Names of frameworks, for scripts that give them."""

        CUSTOM = "Custom"
        MULTI = "Multi"
        ONNX = "Onnx"
        SCIKITLEARN = "ScikitLearn"
        TENSORFLOW = "TensorFlow"

    def __init__(
        self,
        workspace: WorkspaceRecord | str,
        name: str | None = None,
        id: str | None = None,
        tags: TagsWanted = None,
        properties: TagsWanted = None,
        version: int | None = None,
        run_id: str | None = None,
        model_framework: str | None = None,
    ) -> None:
        """The latest version of those that fit what is given.

        Args:
            id: `name:version`.
        Raises: WebserviceException when there is none.
        """
        self.workspace = workspace_of(workspace)
        if id is not None:
            name, version = split_id(id)
        if name is None and run_id is None and not tags and not properties:
            raise UserErrorException("Name the model: Model(ws, name) or Model(ws, id='name:version').")
        for record in records(self.workspace.link, name, run_id):
            if (
                (version is None or int(record["version"]) == int(version))
                and fits(record, tags, properties)
                and (model_framework is None or all_tags(record).get(FRAMEWORK) == model_framework)
            ):
                self._record = dict(record)
                return
        raise absent(name, id, version, tags, properties, run_id)

    @classmethod
    def register(
        cls,
        workspace: WorkspaceRecord | str,
        model_path: str | Path,
        model_name: str,
        tags: Mapping[str, object] | None = None,
        properties: Mapping[str, object] | None = None,
        description: str | None = None,
        datasets: UsedDatasets = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        child_paths: Sequence[str] | None = None,
        sample_input_dataset: DatasetBase | None = None,
        sample_output_dataset: DatasetBase | None = None,
        resource_configuration: object = None,
    ) -> Self:
        """Upload a file or folder and register it as the next version of a name.

        Args:
            datasets: (scenario, dataset) pairs: what it was trained with.
            child_paths: of a folder, only these files and folders.
            resource_configuration: kept for scripts that give it.
        Raises: UserErrorException for a bad name, WebserviceException for a path that is not there.
        """
        home, name = workspace_of(workspace), checked_name(model_name)
        print(f"Registering model {name}")
        source = model_files.upload(home.link, name, Path(model_path).expanduser(), child_paths)
        used = used_datasets(datasets, sample_input_dataset, sample_output_dataset)
        every = tag_list(tags, properties, model_framework, model_framework_version, used)
        return cls.register_source(home, name, source, every, description)

    @classmethod
    def register_source(
        cls,
        workspace: WorkspaceRecord,
        name: str,
        source: str,
        tags: Sequence[Mapping[str, str]],
        description: str | None = None,
        run_id: str | None = None,
    ) -> Self:
        """Register what lies in the workspace already: the files of a run, or an upload."""
        link = workspace.link
        try:
            link.post(f"{MODELS}/create", {"name": name})
        except AzureMLException as exc:
            if not isinstance(exc.inner_exception, AlreadyExists):
                raise
        fields: dict[str, Any] = {"name": name, "source": source, "tags": list(tags)}
        fields |= {"description": description} if description else {}
        fields |= {"run_id": run_id} if run_id else {}
        return cls._of(workspace, link.post(f"{VERSIONS}/create", fields)["model_version"])

    @classmethod
    def list(
        cls,
        workspace: WorkspaceRecord | str,
        name: str | None = None,
        tags: TagsWanted = None,
        properties: TagsWanted = None,
        run_id: str | None = None,
        latest: bool = False,
        dataset_id: str | None = None,
        expand: bool = True,
        page_count: int = 255,
        model_framework: str | None = None,
    ) -> builtins.list[Self]:
        """Versions that fit what is given, the latest first.

        Args:
            tags, properties: keys, (key, value) pairs, or a dict.
            latest: only the highest version of each name that fits.
            expand, page_count: kept for scripts that give them.
        """
        home, found = workspace_of(workspace), builtins.list[Self]()
        seen: set[str] = set()
        for record in records(home.link, name, run_id):
            if not fits(record, tags, properties) or (latest and record["name"] in seen):
                continue
            if model_framework is not None and all_tags(record).get(FRAMEWORK) != model_framework:
                continue
            if dataset_id is not None and dataset_id not in dataset_ids(record):
                continue
            seen.add(record["name"])
            found.append(cls._of(home, record))
        return found

    @staticmethod
    def get_model_path(
        model_name: str, version: int | None = None, _workspace: WorkspaceRecord | None = None
    ) -> str:
        """Where a model's file or folder is on this machine: `azureml-models/<name>/<version>/<file>`.

        Args:
            version: by default the highest that is there.
            _workspace: where to download it from when it is not there yet.
        Raises: ModelNotFoundException.
        """
        if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
            raise UserErrorException(f"version should be an int, not {type(version).__name__}.")
        here = in_cache(model_name, version)
        if here is not None:
            return str(here)
        if _workspace is None:
            raise ModelNotFoundException(
                f"Model {model_name} not found in cache at {CACHE} or in current working directory {Path.cwd()}. "
                "Download it first: Model(ws, name).download()."
            )
        try:
            model = Model(_workspace, model_name, version=version)
        except WebserviceException as exc:
            raise ModelNotFoundException(exc.message, exc) from exc
        return model.download(Path(CACHE) / model_name / str(model.version), exist_ok=True)

    def download(
        self, target_dir: str | Path = ".", exist_ok: bool = False, exists_ok: bool | None = None
    ) -> str:
        """Download its file or folder; returns where it is.

        Args:
            exist_ok: replace files that are there; exists_ok is its older name.
        Raises: WebserviceException when a file is there and exist_ok is not set.
        """
        overwrite = exist_ok if exists_ok is None else exists_ok
        found = model_files.download(
            self.workspace.link, self.url, Path(target_dir).expanduser(), overwrite=overwrite
        )
        return str(found)

    def delete(self) -> None:
        """Delete this version, with the files that were uploaded for it."""
        self.workspace.link.delete(f"{VERSIONS}/delete", self._key())
        model_files.remove(self.workspace.link, self.url)

    def __repr__(self) -> str:
        return (
            f"Model(workspace={self.workspace!r}, name={self.name}, id={self.id}, version={self.version}, "
            f"tags={self.tags}, properties={self.properties})"
        )
