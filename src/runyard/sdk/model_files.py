"""The files of models: up to the workspace, and down again."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from runyard.client.files import Progress
from runyard.sdk.datastore import inside
from runyard.sdk.exceptions import UserErrorException, WebserviceException
from runyard.sdk.link import Link
from runyard.sdk.model_record import FOLDER
from runyard.sdk.transfers import Job, run_all

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
SCHEME = "mlflow-artifacts:/"


def upload(link: Link, name: str, path: Path, child_paths: Sequence[str] | None) -> str:
    """Upload a file or folder for a registered model; returns the source of its version.

    A folder's source is the folder itself, so that MLflow finds an MLmodel file in it; a file's is the folder around.
    """
    if not path.exists():
        raise WebserviceException(
            f"Error, provided model path {str(path)!r} cannot be found locally. Give a file or folder."
        )
    base = f"{FOLDER}/{name}/{uuid.uuid4().hex}"
    jobs = [
        Job(file.stat().st_size, _sending(link, f"{base}/{relative}", file))
        for file, relative in _chosen(path, child_paths)
    ]
    run_all(f"Uploading {len(jobs)} files", jobs, show_progress=True)
    return f"{SCHEME}{base}/{path.resolve().name}" if path.is_dir() else f"{SCHEME}{base}"


def files_of(link: Link, source: str) -> list[tuple[str, str]]:
    """(path below the folder that people get, path in the workspace) of each file of a source.

    Raises: WebserviceException for models whose files lie outside of the workspace.
    """
    folder = folder_of(source)
    skip = len(folder) + 1 if is_upload_of_file(folder) else len(folder.rpartition("/")[0]) + 1
    found = sorted(_walk(link, folder)) or [folder]  # what lists nothing is a file itself
    return [(path[skip:].lstrip("/"), path) for path in found]


def download(link: Link, source: str, target: Path, *, overwrite: bool) -> Path:
    """Download a source below a folder; returns the file or folder that it is there."""
    found = files_of(link, source)
    places = [(inside(target, name), path) for name, path in found]
    taken = [place for place, _ in places if place.exists()]
    if taken and not overwrite:
        raise WebserviceException(
            f"File already exists in path {taken[0]}. To overwrite it, pass exist_ok=True."
        )
    jobs = [Job(None, _fetching(link, path, place)) for place, path in places]
    run_all(f"Downloading {len(jobs)} files", jobs, show_progress=True)
    tops = {name.partition("/")[0] for name, _ in found}
    return target / tops.pop() if len(tops) == 1 else target


def remove(link: Link, source: str) -> None:
    """Delete the files that were uploaded for a version; those of runs stay with their runs."""
    if not source.startswith(SCHEME):
        return
    parts = folder_of(source).split("/")
    if parts[0] == FOLDER and len(parts) >= 3:
        link.delete(f"{PROXY}/{quote('/'.join(parts[:3]))}")


def folder_of(source: str) -> str:
    """Where a source is among the workspace's files. Raises: WebserviceException when it is elsewhere."""
    if not source.startswith(SCHEME):
        raise WebserviceException(
            f"The model's files lie at {source}, outside of the workspace. Read them there."
        )
    return source.removeprefix(SCHEME).strip("/")


def is_upload_of_file(folder: str) -> bool:
    """Whether it is the folder around an uploaded file."""
    parts = folder.split("/")
    return parts[0] == FOLDER and len(parts) == 3


def _chosen(path: Path, child_paths: Sequence[str] | None) -> Iterator[tuple[Path, str]]:
    if path.is_file():
        yield path, path.name
        return
    root, top = path.resolve(), path.resolve().name
    roots = [root / child for child in child_paths] if child_paths else [root]
    for one in roots:
        if not one.resolve().is_relative_to(root) or not one.exists():
            raise UserErrorException(f"{one} is not below {path}.")
        for file in sorted(one.rglob("*")) if one.is_dir() else [one]:
            if file.is_file():
                yield file, f"{top}/{file.relative_to(root).as_posix()}"


def _walk(link: Link, folder: str) -> Iterator[str]:
    listing: Any = link.get(PROXY, path=folder)
    for entry in listing.get("files", []):
        path = f"{folder}/{entry['path'].rpartition('/')[2]}"
        if entry.get("is_dir"):
            yield from _walk(link, path)
        else:
            yield path


def _sending(link: Link, path: str, file: Path) -> Callable[[Progress], object]:
    return lambda told: link.upload(f"{PROXY}/{quote(path)}", file, None, told)


def _fetching(link: Link, path: str, target: Path) -> Callable[[Progress], object]:
    return lambda told: link.download(f"{PROXY}/{quote(path)}", target, told)
