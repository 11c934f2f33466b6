"""Named storage locations of a workspace, and their files."""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from runyard.client.files import Progress, place_inside
from runyard.errors import InvalidInput
from runyard.sdk.data_reference import DataReference
from runyard.sdk.datastore_refusals import DatastoreRefusals
from runyard.sdk.datastore_registration import STORES, DatastoreRegistration
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.link import PAGE
from runyard.sdk.transfers import Job, run_all
from runyard.sdk.workspace_record import WorkspaceRecord, workspace_of


class Datastore(DatastoreRegistration, DatastoreRefusals):
    """A datastore. Files go through the server, which alone knows the credentials.

    Attributes:
        workspace: where it is registered.
    """

    def __init__(self, workspace: WorkspaceRecord | str, name: str | None = None) -> None:
        """The datastore of a name, by default the workspace's default.

        Raises: UserErrorException when there is none.
        """
        self.workspace = workspace_of(workspace)
        if name is None:
            name = _default_name(self.workspace)
        self._record: dict[str, Any] = dict(self.workspace.link.get(_address(name)))

    @classmethod
    def _of(cls, workspace: WorkspaceRecord, record: Mapping[str, Any]) -> Self:
        made = cls.__new__(cls)
        made.workspace, made._record = workspace, dict(record)
        return made

    @classmethod
    def get(cls, workspace: WorkspaceRecord | str, datastore_name: str) -> Self:
        """The datastore of a name. Raises: UserErrorException when there is none."""
        return cls(workspace, datastore_name)

    @classmethod
    def get_default(cls, workspace: WorkspaceRecord | str) -> Self:
        """The workspace's default."""
        return cls(workspace)

    @classmethod
    def list(cls, workspace: WorkspaceRecord | str) -> dict[str, Self]:
        """All datastores of a workspace by name."""
        home = workspace_of(workspace)
        found = home.link.pages(STORES, max_results=PAGE)
        return {str(record["name"]): cls._of(home, record) for record in found}

    @property
    def name(self) -> str:
        """The name, unique in its workspace."""
        return str(self._record["name"])

    @property
    def datastore_type(self) -> str:
        """workspace, local, s3, azure, gcs or sftp."""
        return str(self._record["kind"])

    @property
    def is_default(self) -> bool:
        """Whether it was the workspace's default when it was read."""
        return bool(self._record["is_default"])

    @property
    def config(self) -> dict[str, Any]:
        """What describes the storage: bucket, account, host, path; never a secret."""
        return dict(self._record["config"])

    @property
    def container_name(self) -> str | None:
        """The container or bucket, None where the kind has none."""
        return self.config.get("container") or self.config.get("bucket")

    @property
    def account_name(self) -> str | None:
        """The storage account of Azure Blob Storage."""
        return self.config.get("account")

    @property
    def endpoint(self) -> str | None:
        """The address of the storage where it is not the kind's usual one."""
        return self.config.get("endpoint")

    def set_as_default(self) -> None:
        """Make it the workspace's default."""
        self._record = dict(self.workspace.link.post(f"{_address(self.name)}/default", {}, retry=True))

    def unregister(self) -> None:
        """Forget it and its credentials; the files stay where they are."""
        self.workspace.link.delete(_address(self.name))

    def path(self, path: str | None = None, data_reference_name: str | None = None) -> DataReference:
        """A place in the datastore."""
        return DataReference(self, data_reference_name, path)

    def as_mount(self) -> DataReference:
        """The whole datastore, mounted in a job."""
        return self.path().as_mount()

    def as_download(self, path_on_compute: str | None = None, overwrite: bool = False) -> DataReference:
        """The whole datastore, downloaded before a job."""
        return self.path().as_download(path_on_compute, overwrite)

    def as_upload(self, path_on_compute: str | None = None, overwrite: bool = False) -> DataReference:
        """The whole datastore, filled after a job."""
        return self.path().as_upload(path_on_compute, overwrite)

    def upload(
        self,
        src_dir: str | Path,
        target_path: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> DataReference:
        """Upload all files below a folder.

        Args:
            target_path: folder of the datastore; its root by default.
            overwrite: replace files that are there; else they are left as they are.
            show_progress: print what is done, with a bar on a terminal.
        """
        root = Path(src_dir).expanduser()
        if not root.is_dir():
            raise UserErrorException(f"src_dir must be a folder; {src_dir} is none.")
        files = sorted(file for file in root.rglob("*") if file.is_file())
        return self._upload(files, root, target_path, overwrite, show_progress)

    def upload_files(
        self,
        files: Sequence[str | Path],
        relative_root: str | Path | None = None,
        target_path: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> DataReference:
        """Upload files.

        Args:
            relative_root: the path of each file below this is kept; by default all files lie side by side.
        """
        paths = [Path(file).expanduser() for file in files]
        missing = [str(path) for path in paths if not path.is_file()]
        if missing:
            raise UserErrorException(f"These are no files: {', '.join(missing[:10])}.")
        root = None if relative_root is None else Path(relative_root).expanduser()
        return self._upload(paths, root, target_path, overwrite, show_progress)

    def download(
        self,
        target_path: str | Path,
        prefix: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> int:
        """Download all files whose path begins with a prefix, keeping their paths below target_path.

        Args:
            overwrite: replace files that are there; else they are left as they are.
        Returns: how many files were downloaded.
        """
        root = Path(target_path).expanduser()
        jobs = []
        for path, size in self.files(prefix or ""):
            target = inside(root, path)
            if target.exists() and not overwrite:
                _say(show_progress, f"{target} exists already; skipped. Pass overwrite=True to replace it.")
                continue
            jobs.append(Job(size, self._fetch(path, target)))
        run_all(f"Downloading {len(jobs)} files", jobs, show_progress=show_progress)
        _say(show_progress, f"Downloaded {len(jobs)} files")
        return len(jobs)

    def files(self, prefix: str = "") -> Iterator[tuple[str, int | None]]:
        """Path and size of each file whose path begins with a prefix, in order.

        The prefix may be a folder, a file, or end within a name.
        """
        clean = prefix.removeprefix("./").lstrip("/")
        folder = clean.rpartition("/")[0]
        query = {"path": folder, "recursive": True, "max_results": PAGE}
        for entry in self.workspace.link.pages(f"{_address(self.name)}/files", **query):
            if str(entry["path"]).startswith(clean):
                yield str(entry["path"]), entry["size"]

    def entries(self, folder: str = "") -> Iterator[Mapping[str, Any]]:
        """What lies directly in a folder: path, is_dir and size of each."""
        yield from self.workspace.link.pages(
            f"{_address(self.name)}/files", path=folder.strip("/"), max_results=PAGE
        )

    def fetch(self, path: str, target: str | Path, progress: Progress | None = None) -> None:
        """Download one file to a file."""
        self.workspace.link.download(self._file(path), Path(target), progress)

    def delete_files(self, path: str) -> None:
        """Delete a file, or a folder with all below it."""
        if not path.strip("/"):
            raise UserErrorException("Name a file or folder; the whole datastore is not deleted.")
        self.workspace.link.delete(self._file(path.strip("/")))

    def _upload(
        self,
        files: Sequence[Path],
        root: Path | None,
        target_path: str | None,
        overwrite: bool,
        show_progress: bool,
    ) -> DataReference:
        target = (target_path or "").replace("\\", "/").strip("/")
        named = [(file, _joined(target, _relative(file, root))) for file in files]
        kept = set() if overwrite or not named else {path for path, _ in self.files(target)}
        jobs: builtins.list[Job] = []
        for file, path in named:
            if path in kept:
                _say(show_progress, f"Target already exists. Skipping upload for {path}")
            else:
                jobs.append(Job(file.stat().st_size, self._send(file, path)))
        _say(show_progress, f"Uploading an estimated of {len(jobs)} files")
        run_all(f"Uploading {len(jobs)} files", jobs, show_progress=show_progress)
        _say(show_progress, f"Uploaded {len(jobs)} files")
        return self.path(target or None)

    def _send(self, file: Path, path: str) -> Any:
        return lambda told: self.workspace.link.upload(self._file(path), file, None, told)

    def _fetch(self, path: str, target: Path) -> Any:
        return lambda told: self.workspace.link.download(self._file(path), target, told)

    def _file(self, path: str) -> str:
        return f"{_address(self.name)}/file/{quote(path)}"

    def __repr__(self) -> str:
        return (
            f"Datastore(name={self.name!r}, type={self.datastore_type!r}, workspace={self.workspace.name!r})"
        )


def inside(root: Path, path: str) -> Path:
    """Where a file that a server names is saved. Raises: UserErrorException rather than leave the folder."""
    try:
        return place_inside(root, path)
    except InvalidInput as exc:
        raise UserErrorException(exc.message, exc) from exc


def _address(name: str) -> str:
    return f"{STORES}/{quote(name, safe='')}"


def _default_name(workspace: WorkspaceRecord) -> str:
    for record in workspace.link.pages(STORES, max_results=PAGE):
        if record["is_default"]:
            return str(record["name"])
    raise UserErrorException(
        f"The default datastore of workspace {workspace.name!r} is not there any more. Set another one: "
        "Datastore.get(ws, name).set_as_default()."
    )


def _relative(file: Path, root: Path | None) -> str:
    if root is None:
        return file.name
    try:
        return Path(os.path.abspath(file)).relative_to(os.path.abspath(root)).as_posix()
    except ValueError as exc:
        raise UserErrorException(f"{file} does not lie below relative_root {root}.", exc) from exc


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _say(show_progress: bool, text: str) -> None:
    if show_progress:
        print(text)
