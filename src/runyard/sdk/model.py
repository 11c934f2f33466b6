"""Registered models: numbered versions of trained files. MLflow's registry has the same records."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, cast

from runyard.errors import AlreadyExists, NotFound
from runyard.sdk import model_files
from runyard.sdk.dataset_base import DatasetBase
from runyard.sdk.exceptions import (
    AzureMLException,
    ModelNotFoundException,
    UserErrorException,
    WebserviceException,
)
from runyard.sdk.link import Link
from runyard.sdk.model_record import (
    FRAMEWORK,
    FRAMEWORK_VERSION,
    PROPERTY,
    TagsWanted,
    all_tags,
    checked_name,
    datasets,
    has,
    properties,
    tag_list,
    text_of,
    visible,
)
from runyard.sdk.workspace_record import WorkspaceRecord, iso_time, workspace_of

VERSIONS = "/api/2.0/mlflow/model-versions"
MODELS = "/api/2.0/mlflow/registered-models"
CACHE = "azureml-models"
_PAGE = 1_000

UsedDatasets = Sequence[tuple[str, DatasetBase]] | None


class Model:
    """A version of a registered model.

    Attributes:
        workspace: where it is registered.
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
            name, version = _split_id(id)
        if name is None and run_id is None and not tags and not properties:
            raise UserErrorException("Name the model: Model(ws, name) or Model(ws, id='name:version').")
        for record in _records(self.workspace.link, name, run_id):
            if (
                (version is None or int(record["version"]) == int(version))
                and _fits(record, tags, properties)
                and (model_framework is None or all_tags(record).get(FRAMEWORK) == model_framework)
            ):
                self._record = dict(record)
                return
        raise _absent(name, id, version, tags, properties, run_id)

    @classmethod
    def _of(cls, workspace: WorkspaceRecord, record: Mapping[str, Any]) -> Self:
        made = cls.__new__(cls)
        made.workspace, made._record = workspace, dict(record)
        return made

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
        for record in _records(home.link, name, run_id):
            if not _fits(record, tags, properties) or (latest and record["name"] in seen):
                continue
            if model_framework is not None and all_tags(record).get(FRAMEWORK) != model_framework:
                continue
            if dataset_id is not None and dataset_id not in _dataset_ids(record):
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
        here = _in_cache(model_name, version)
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

    @property
    def name(self) -> str:
        """The name that its versions share."""
        return str(self._record["name"])

    @property
    def version(self) -> int:
        """The number of the version."""
        return int(self._record["version"])

    @property
    def id(self) -> str:
        """`name:version`."""
        return f"{self.name}:{self.version}"

    @property
    def tags(self) -> dict[str, str]:
        """Text that may be overwritten."""
        return visible(self._record)

    @property
    def properties(self) -> dict[str, str]:
        """Text that is set once."""
        return properties(self._record)

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
    def datasets(self) -> dict[str, builtins.list[dict[str, Any]]]:
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

    def _set(self, key: str, value: str) -> None:
        self.workspace.link.post(
            f"{VERSIONS}/set-tag", {**self._key(), "key": key, "value": value}, retry=True
        )

    def _key(self) -> dict[str, str]:
        return {"name": self.name, "version": str(self.version)}

    def _refresh(self) -> None:
        self._record = dict(self.workspace.link.get(f"{VERSIONS}/get", **self._key())["model_version"])

    def __repr__(self) -> str:
        return (
            f"Model(workspace={self.workspace!r}, name={self.name}, id={self.id}, version={self.version}, "
            f"tags={self.tags}, properties={self.properties})"
        )


def _records(link: Link, name: str | None, run_id: str | None) -> Iterator[Mapping[str, Any]]:
    """Versions of a name or a run, or all; the latest first."""
    clauses = [f"name = '{_quoted(name)}'"] if name is not None else []
    clauses += [f"run_id = '{_quoted(run_id)}'"] if run_id is not None else []
    order = "version_number DESC" if name is not None else "creation_timestamp DESC"
    query = {"filter": " AND ".join(clauses) or None, "order_by": order, "max_results": _PAGE}
    yield from link.pages(f"{VERSIONS}/search", "model_versions", **query)


def _quoted(text: str) -> str:
    if "'" in text or "\\" in text:
        raise UserErrorException(f"{text!r} holds a quote or backslash, which no name of a model has.")
    return text


def _split_id(model_id: str) -> tuple[str, int]:
    name, _, version = model_id.rpartition(":")
    if not name or not version.isdecimal():
        raise UserErrorException(f"Invalid model id {model_id!r}: it is name:version.")
    return name, int(version)


def _fits(record: Mapping[str, Any], tags: TagsWanted, wanted_properties: TagsWanted) -> bool:
    return has(visible(record), tags) and has(properties(record), wanted_properties)


def _absent(
    name: str | None,
    model_id: str | None,
    version: int | None,
    tags: TagsWanted,
    wanted_properties: TagsWanted,
    run_id: str | None,
) -> WebserviceException:
    given = {
        "name": name if model_id is None else None,
        "id": model_id,
        "version": version if model_id is None else None,
        "tags": tags,
        "properties": wanted_properties,
        "run_id": run_id,
    }
    shown = ", ".join(f"{key} {value}" for key, value in given.items() if value)
    return WebserviceException(
        f"ModelNotFound: Model with {shown} not found in provided workspace", NotFound("no such model"), 404
    )


def used_datasets(
    pairs: UsedDatasets, sample_input: DatasetBase | None, sample_output: DatasetBase | None
) -> dict[str, list[dict[str, Any]]]:
    """What data a model was made with, as its record has it. Raises: UserErrorException for unregistered ones."""
    every = [*(pairs or []), *_samples(sample_input, sample_output)]
    found: dict[str, list[dict[str, Any]]] = {}
    for scenario, dataset in every:
        if dataset.id is None:
            raise UserErrorException(
                "A dataset of a model must be registered: dataset = dataset.register(ws, name)."
            )
        found.setdefault(str(scenario), []).append({"name": dataset.name, "id": dataset.id})
    return found


def _samples(
    sample_input: DatasetBase | None, sample_output: DatasetBase | None
) -> list[tuple[str, DatasetBase]]:
    given = (("sample_input", sample_input), ("sample_output", sample_output))
    return [(scenario, dataset) for scenario, dataset in given if dataset is not None]


def _dataset_ids(record: Mapping[str, Any]) -> set[str]:
    return {one["id"] for group in datasets(record).values() for one in group}


def _in_cache(name: str, version: int | None) -> Path | None:
    """A version's file or folder below the cache, or what has the model's name in the current directory."""
    home = Path(CACHE) / name
    numbers = [int(one.name) for one in home.glob("*") if one.name.isdecimal()] if home.is_dir() else []
    wanted = version if version is not None else max(numbers, default=None)
    if wanted is not None and (home / str(wanted)).is_dir():
        entries = [one for one in (home / str(wanted)).iterdir() if not one.name.startswith(".")]
        if len(entries) != 1:
            raise UserErrorException(
                f"{home / str(wanted)} holds {len(entries)} entries; a model is one file or folder. Remove it."
            )
        return entries[0]
    local = Path(name)
    return local if version is None and local.exists() else None
