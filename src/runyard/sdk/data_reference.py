"""A place in a datastore, to be named in jobs and datasets."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from runyard.sdk.datastore import Datastore

Mode = Literal["mount", "download", "upload"]


class DataReference:
    """A path of a datastore, and how a job gets at it.

    Attributes:
        datastore, path_on_datastore: where.
        mode: mount, download or upload; where the engine cannot mount, mount means download.
        path_on_compute: where the job finds it, None for a place of the engine's choice.
        overwrite: whether files that are there are replaced.
    """

    def __init__(
        self,
        datastore: Datastore,
        data_reference_name: str | None = None,
        path_on_datastore: str | None = None,
        mode: Mode = "mount",
        path_on_compute: str | None = None,
        overwrite: bool = False,
    ) -> None:
        self.datastore = datastore
        self.data_reference_name = data_reference_name or datastore.name
        self.path_on_datastore = path_on_datastore or ""
        self.mode: Mode = mode
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite

    def path(self, path: str | None = None, data_reference_name: str | None = None) -> DataReference:
        """A place below this one."""
        joined = "/".join(part for part in (self.path_on_datastore.rstrip("/"), path) if part)
        return DataReference(self.datastore, data_reference_name, joined, self.mode)

    def as_mount(self) -> DataReference:
        """The same place, mounted."""
        return self._as("mount", None, False)

    def as_download(self, path_on_compute: str | None = None, overwrite: bool = False) -> DataReference:
        """The same place, downloaded before the job starts."""
        return self._as("download", path_on_compute, overwrite)

    def as_upload(self, path_on_compute: str | None = None, overwrite: bool = False) -> DataReference:
        """The same place, filled from the job when it has ended."""
        return self._as("upload", path_on_compute, overwrite)

    def _as(self, mode: Mode, path_on_compute: str | None, overwrite: bool) -> DataReference:
        made = copy.copy(self)
        made.mode, made.path_on_compute, made.overwrite = mode, path_on_compute, overwrite
        return made

    def __str__(self) -> str:
        return f"$AZUREML_DATAREFERENCE_{self.data_reference_name}"

    def __repr__(self) -> str:
        return f"DataReference({self.datastore.name!r}, {self.path_on_datastore!r}, mode={self.mode!r})"
