"""What tabular and file datasets share: where they are registered, under which name and version."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any, ClassVar, Self
from urllib.parse import quote

import msgspec

from runyard.entities.dataset import DatasetDefinition
from runyard.sdk.data_sources import Source, sources_of
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.workspace_record import WorkspaceRecord, workspace_of

DATASETS = "/api/v1/datasets"


class DatasetBase:
    """A definition of data; nothing is read before it is asked for. Datasets never change: each method makes a new one.

    Attributes:
        workspace: of its datastores, or where it is registered; None for data that have neither.
    """

    kind: ClassVar[str]

    def __init__(
        self,
        definition: DatasetDefinition,
        workspace: WorkspaceRecord | None,
        record: Mapping[str, Any] | None = None,
    ) -> None:
        self._definition = definition
        self.workspace = workspace
        self._record = record

    @classmethod
    def _of(cls, workspace: WorkspaceRecord, record: Mapping[str, Any]) -> Self:
        return cls(msgspec.convert(record["definition"], DatasetDefinition), workspace, record)

    @property
    def id(self) -> str | None:
        """The id of the version, None until it is registered."""
        found: str | None = self._field("id")
        return found

    @property
    def name(self) -> str | None:
        """The name, None until it is registered."""
        found: str | None = self._field("name")
        return found

    @property
    def version(self) -> int | None:
        """The version, None until it is registered."""
        found: int | None = self._field("version")
        return found

    @property
    def description(self) -> str | None:
        """The description, None until it is registered."""
        found: str | None = self._field("description")
        return found

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the version."""
        return dict(self._field("tags") or {})

    @property
    def is_archived(self) -> bool:
        """Whether it was hidden from lists when it was read."""
        return bool(self._field("archived"))

    def register(
        self,
        workspace: WorkspaceRecord | str,
        name: str,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        create_new_version: bool = False,
    ) -> Self:
        """Register the definition under a name.

        Args:
            create_new_version: for a name that is known already, unless it means just the same.
        Returns: the registered dataset.
        Raises: UserErrorException for a name that is taken, and for files that lie on this machine only.
        """
        home = workspace_of(workspace)
        local = [one.path for one in self._definition.paths if not one.datastore and "://" not in one.path]
        if local:
            raise UserErrorException(
                f"{local[0]!r} lies on this machine, where nobody else could read it. Upload it first: "
                "Datastore.get_default(ws).upload_files([…], target_path='data'), and make the dataset of "
                "(datastore, 'data/…')."
            )
        if self.workspace is not None and self.workspace != home and self._uses_datastores():
            raise UserErrorException(
                f"The data lie in datastores of workspace {self.workspace.name!r}; register the dataset there."
            )
        fields = {
            "name": name,
            "kind": self.kind,
            "definition": msgspec.to_builtins(self._definition),
            "description": description or "",
            "tags": dict(tags or {}),
            "create_new_version": create_new_version,
        }
        return self._of(home, home.link.post(DATASETS, fields))

    def unregister_all_versions(self) -> None:
        """Forget all versions; the data stay."""
        self._home().link.delete(self._address())
        self._record = None

    def archive(self) -> None:
        """Hide it from lists; what uses it still works."""
        self._home().link.post(f"{self._address()}/archive", {}, retry=True)

    def reactivate(self) -> None:
        """Show it in lists again."""
        self._home().link.post(f"{self._address()}/reactivate", {}, retry=True)

    def as_named_input(self, name: str) -> NamedInput:
        """The dataset as an input of a job, under a name that the job's code looks it up by."""
        return NamedInput(name, self)

    def _sources(self) -> builtins.list[Source]:
        return sources_of(self._definition.paths, self.workspace)

    def _uses_datastores(self) -> bool:
        return any(one.datastore for one in self._definition.paths)

    def _changed(self, **changes: Any) -> Self:
        """A new dataset of a changed definition; it is not registered."""
        return type(self)(msgspec.structs.replace(self._definition, **changes), self.workspace)

    def _field(self, name: str) -> Any:
        return None if self._record is None else self._record[name]

    def _home(self) -> WorkspaceRecord:
        if self._record is None or self.workspace is None:
            raise UserErrorException("The dataset is not registered; call register(ws, name) first.")
        return self.workspace

    def _address(self) -> str:
        return f"{DATASETS}/{quote(str(self.name), safe='')}"

    def __repr__(self) -> str:
        paths = ", ".join(
            f"{one.datastore}/{one.path}" if one.datastore else one.path for one in self._definition.paths[:3]
        )
        more = ", …" if len(self._definition.paths) > 3 else ""
        known = f"name={self.name!r}, version={self.version}, " if self._record is not None else ""
        return f"{type(self).__name__}({known}source=[{paths}{more}])"


class NamedInput:
    """A dataset as a job sees it.

    Attributes:
        name, dataset, mode: direct (the job reads the definition), mount or download.
        path_on_compute: where files are put; None for a place of the engine's choice.
    """

    def __init__(
        self, name: str, dataset: DatasetBase, mode: str = "direct", path_on_compute: str | None = None
    ) -> None:
        if not name.isidentifier():
            raise UserErrorException(
                f"Invalid name {name!r} of an input: letters, digits and '_', the first no digit."
            )
        self.name = name
        self.dataset = dataset
        self.mode = mode
        self.path_on_compute = path_on_compute

    def as_mount(self, path_on_compute: str | None = None) -> NamedInput:
        """Files are mounted where the job runs; where the engine cannot, they are downloaded."""
        return NamedInput(self.name, self.dataset, "mount", path_on_compute)

    def as_download(self, path_on_compute: str | None = None) -> NamedInput:
        """Files are downloaded before the job starts."""
        return NamedInput(self.name, self.dataset, "download", path_on_compute)

    def __repr__(self) -> str:
        return f"NamedInput({self.name!r}, {self.dataset!r}, mode={self.mode!r})"
