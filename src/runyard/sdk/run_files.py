"""The artifacts of a run: files up and down."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, NamedTuple
from urllib.parse import quote

from runyard.client.errors import ServerUnreachable
from runyard.client.files import place_inside
from runyard.errors import InvalidInput
from runyard.sdk.exceptions import AzureMLException, UserErrorException
from runyard.sdk.link import Link
from runyard.sdk.progress import transfer
from runyard.sdk.run_handle import RunHandle

LIST = "/api/2.0/mlflow/artifacts/list"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
OWN_SCHEME = "mlflow-artifacts:/"
_LARGEST_IN_MEMORY = 16 * 1024 * 1024


class RunArtifact(NamedTuple):
    """A file of a run.

    Attributes:
        name: its path within the run.
        address: as metrics refer to it.
    """

    run_id: str
    name: str
    address: str


class RunFiles(RunHandle):
    """Files up and down."""

    def upload_file(
        self, name: str, path_or_stream: str | Path | IO[bytes] | IO[str], datastore_name: str | None = None
    ) -> RunArtifact:
        """Upload a file as an artifact.

        Args:
            name: its path within the run, `outputs/model.pkl`.
            path_or_stream: a file's path, or what can be read from.
            datastore_name: kept for scripts that give it; artifacts lie where the run keeps them.
        Raises: UserErrorException when the name is taken or the file is not there. While nobody answers at the server's
            address, a file with a path goes into the journal, and is uploaded later.
        """
        target = _checked_path(name)
        try:
            self._upload_new(target, path_or_stream)
        except AzureMLException as exc:
            if not isinstance(exc.inner_exception, ServerUnreachable) or not self._keep(
                target, path_or_stream
            ):
                raise
        return self._artifact(target)

    def _upload_new(self, target: str, path_or_stream: str | Path | IO[bytes] | IO[str]) -> None:
        if target in self._listing(str(PurePosixPath(target).parent), self._link.impatient()):
            raise UserErrorException(
                f"Resource Conflict: ArtifactId {self._artifact_id(target)} already exists. Choose another name; "
                "artifacts are not overwritten."
            )
        self._put(target, path_or_stream)

    def _keep(self, name: str, source: str | Path | IO[bytes] | IO[str]) -> bool:
        """Whether a file was put into the journal."""
        return isinstance(source, str | Path) and self._channel.sink.file(name, Path(source))

    def upload_files(
        self,
        names: Sequence[str],
        paths: Sequence[str | Path],
        return_artifacts: bool = False,
        timeout_seconds: int | None = None,
        datastore_name: str | None = None,
    ) -> dict[str, RunArtifact] | None:
        """Upload several files, one name for each path."""
        if len(names) != len(paths):
            raise UserErrorException(
                f"upload_files needs one name for each path: there are {len(names)} and {len(paths)}."
            )
        made = {name: self.upload_file(name, path) for name, path in zip(names, paths, strict=True)}
        return made if return_artifacts else None

    def upload_folder(
        self, name: str, path: str | Path, datastore_name: str | None = None
    ) -> dict[str, RunArtifact]:
        """Upload all files below a folder, below a name."""
        root = Path(path)
        if not root.is_dir():
            raise UserErrorException(f"upload_folder needs a folder; {path} is none.")
        files = sorted(file for file in root.rglob("*") if file.is_file())
        names = [f"{name}/{file.relative_to(root).as_posix()}" for file in files]
        return self.upload_files(names, files, return_artifacts=True) or {}

    def get_file_names(self) -> list[str]:
        """The paths of all artifacts."""
        return sorted(self._walk(""))

    def download_file(self, name: str, output_file_path: str | Path | None = None) -> None:
        """Download an artifact.

        Args:
            output_file_path: the file to write, or a folder to write it into; by default the file's own name in the
                current directory.
        Raises: UserErrorException when there is no such artifact.
        """
        source = _checked_path(name)
        own = PurePosixPath(source).name
        target = Path(own) if output_file_path is None else Path(output_file_path)
        if output_file_path is not None and (
            target.is_dir() or str(output_file_path).endswith(("/", os.sep))
        ):
            target = target / own
        self._fetch(source, target)

    def download_files(
        self,
        prefix: str | None = None,
        output_directory: str | Path | None = None,
        output_paths: Sequence[str | Path] | None = None,
        batch_size: int = 100,
        append_prefix: bool = True,
    ) -> None:
        """Download all artifacts whose path begins with a prefix.

        Args:
            output_directory: by default the current one.
            output_paths: one file for each artifact, in the order of their names.
            batch_size: kept for scripts that give it.
            append_prefix: keep the prefix as folders below output_directory.
        """
        if batch_size < 1:
            raise UserErrorException(f"batch_size must be positive, not {batch_size}.")
        names = [name for name in self.get_file_names() if name.startswith(prefix or "")]
        root = Path(output_directory) if output_directory is not None else Path.cwd()
        if output_paths is None:
            cut = 0 if append_prefix or not prefix else len(prefix.rstrip("/")) + 1
            targets = [_inside(root, name[cut:] or PurePosixPath(name).name) for name in names]
        elif len(output_paths) == len(names):
            targets = [root / path for path in output_paths]
        else:
            raise UserErrorException(
                f"output_paths must name a file for each artifact: {len(names)} begin with {prefix!r}, "
                f"{len(output_paths)} paths are given."
            )
        for name, target in zip(names, targets, strict=True):
            self._fetch(name, target)

    def _walk(self, folder: str) -> Iterator[str]:
        for path, is_dir in self._listing(folder).items():
            if is_dir:
                yield from self._walk(path)
            else:
                yield path

    def _listing(self, folder: str, link: Link | None = None) -> Mapping[str, bool]:
        """Paths in a folder of the run, and whether each is one itself."""
        path = {} if folder in ("", ".") else {"path": folder}
        files = (link or self._link).pages(LIST, "files", run_id=self.id, **path)
        return {str(file["path"]): bool(file.get("is_dir")) for file in files}

    def _put(self, name: str, source: str | Path | IO[bytes] | IO[str]) -> None:
        if isinstance(source, str | Path):
            try:
                with open(source, "rb") as file:
                    self._send(name, file, os.fstat(file.fileno()).st_size)
            except OSError as exc:
                raise UserErrorException(f"{source} cannot be read: {exc}", exc) from exc
            return
        with tempfile.SpooledTemporaryFile(max_size=_LARGEST_IN_MEMORY) as kept:
            while piece := source.read(1024 * 1024):
                kept.write(piece.encode() if isinstance(piece, str) else piece)
            size = kept.tell()
            kept.seek(0)
            self._send(name, kept, size)

    def _send(self, name: str, file: BinaryIO | tempfile.SpooledTemporaryFile[bytes], size: int) -> None:
        with transfer(f"Uploading {name}", size) as report:
            self._link.upload(self._proxy_path(name), file, size, report)  # type: ignore[arg-type]

    def _upload_beside(self, name: str, file: Path) -> str:
        """Upload under a name, or one like it that is free; returns that."""
        path = PurePosixPath(name)
        taken = self._listing(str(path.parent))
        number = 1
        while name in taken:
            name = str(path.with_name(f"{path.stem}_{number}{path.suffix}"))
            number += 1
        self._put(name, file)
        return name

    def _fetch(self, name: str, target: Path) -> None:
        try:
            with transfer(f"Downloading {name}", None) as report:
                self._link.download(self._proxy_path(name), target, report)
        except AzureMLException as exc:
            if exc.inner_exception is not None and getattr(exc.inner_exception, "status", 0) == 404:
                raise UserErrorException(
                    f"File with path {name} was not found in run {self.id}. Available files: "
                    f"{', '.join(self.get_file_names()[:20]) or 'none'}.",
                    exc.inner_exception,
                ) from exc
            raise

    def _read(self, name: str) -> str:
        """A small text artifact."""
        return self._link.read(self._proxy_path(name)).decode(errors="replace")

    def _proxy_path(self, name: str) -> str:
        root = str(self._info["artifact_uri"])
        if not root.startswith(OWN_SCHEME):
            raise UserErrorException(
                f"Run {self.id} keeps its artifacts at {root}, outside of the workspace. Read them there."
            )
        folder = root.removeprefix(OWN_SCHEME).lstrip("/")
        return f"{PROXY}/{quote(f'{folder}/{name}')}"

    def _artifact(self, name: str) -> RunArtifact:
        return RunArtifact(self.id, name, self._artifact_address(name))

    def _artifact_id(self, name: str) -> str:
        return f"ExperimentRun/dcid.{self.id}/{name}"

    def _artifact_address(self, name: str) -> str:
        return f"aml://artifactId/{self._artifact_id(name)}"


def _checked_path(name: str) -> str:
    """An artifact's path, relative and without detours."""
    path = PurePosixPath(name.replace("\\", "/"))
    if not name or path.is_absolute() or ".." in path.parts or "\0" in name or str(path) == ".":
        raise UserErrorException(
            f"{name!r} is no path within a run: it is relative and has no '..', such as outputs/model.pkl."
        )
    return str(path)


def _inside(root: Path, name: str) -> Path:
    try:
        return place_inside(root, name)
    except InvalidInput as exc:
        raise UserErrorException(exc.message, exc) from exc
