"""Where the files of a dataset are, and how they get to this machine."""

from __future__ import annotations

import glob
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from runyard.client.files import Progress, write_whole
from runyard.entities.dataset import DataPath
from runyard.sdk import globbing
from runyard.sdk.data_reference import DataReference
from runyard.sdk.datastore import Datastore
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.libraries import library
from runyard.sdk.workspace_record import WorkspaceRecord

PathLike = str | Path | DataReference | tuple[Datastore, str]
_PIECE = 1024 * 1024
_URL_SCHEMES = ("http://", "https://")
_TIMEOUT_S = 60


class Source(NamedTuple):
    """One file: its path as people see it, relative to what all matches have in common, and how it is fetched."""

    name: str
    shown: str
    size: int | None
    fetch: Callable[[Path, Progress], object]


def parse_paths(path: PathLike | Sequence[PathLike]) -> tuple[list[DataPath], WorkspaceRecord | None]:
    """What `path` of a factory names, and the workspace of the datastores in it.

    Raises: UserErrorException for anything but paths, URLs, (datastore, path) and references, and for datastores of
        several workspaces.
    """
    given = list(path) if isinstance(path, Sequence) and not isinstance(path, str | tuple) else [path]
    found, workspaces = list[DataPath](), list[WorkspaceRecord]()
    for one in given:
        if isinstance(one, DataReference):
            one = (one.datastore, one.path_on_datastore)
        if isinstance(one, tuple):
            if len(one) != 2 or not isinstance(one[0], Datastore) or not isinstance(one[1], str):
                raise UserErrorException(f"{one!r} is no (datastore, 'path') pair.")
            inner = one[1].replace("\\", "/").removeprefix("./").strip("/")
            found.append(DataPath(inner or "**", one[0].name))
            workspaces.append(one[0].workspace)
        elif isinstance(one, str | Path):
            found.append(DataPath(str(one)))
        else:
            raise UserErrorException(
                f"A path is a file, a URL, (datastore, 'path') or datastore.path('…'), not {type(one).__name__}."
            )
    if not found:
        raise UserErrorException("A dataset needs at least one path.")
    if any(one != workspaces[0] for one in workspaces[1:]):
        raise UserErrorException("The datastores of a dataset must be of one workspace.")
    return found, workspaces[0] if workspaces else None


def sources_of(paths: Sequence[DataPath], workspace: WorkspaceRecord | None) -> list[Source]:
    """Every file, in the order of the paths and then by name. Cost: one list per path, no download.

    Raises: UserErrorException for a path without any file.
    """
    if not paths:
        raise UserErrorException(
            "The dataset's definition cannot be read: it has no paths. Register it again."
        )
    found: list[Source] = []
    for path in paths:
        if path.datastore:
            matches = _in_datastore(path, workspace)
        elif path.path.startswith(_URL_SCHEMES):
            matches = [_at_url(path.path)]
        else:
            matches = list(_on_disk(path.path))
        if not matches:
            place = f"datastore {path.datastore!r}" if path.datastore else "this machine"
            raise UserErrorException(
                f"Cannot load any data from the specified path: {path.path!r} on {place}."
            )
        found += matches
    return found


def _in_datastore(path: DataPath, workspace: WorkspaceRecord | None) -> list[Source]:
    if workspace is None:
        raise UserErrorException(f"The workspace of datastore {path.datastore!r} is not known.")
    store = Datastore(workspace, path.datastore)
    if globbing.is_pattern(path.path):
        base, wanted = globbing.fixed_part(path.path), globbing.pattern(path.path)
        files = [
            (one, size) for one, size in store.files(f"{base}/" if base else "") if wanted.fullmatch(one)
        ]
    else:
        files = [
            (one, size)
            for one, size in store.files(path.path)
            if one == path.path or one.startswith(f"{path.path}/")
        ]
        whole = len(files) == 1 and files[0][0] == path.path
        base = path.path.rpartition("/")[0] if whole else path.path
    return [_stored(store, one, size, base) for one, size in files]


def _stored(store: Datastore, path: str, size: int | None, base: str) -> Source:
    name = path[len(base) + 1 :] if base else path
    return Source(name, f"{store.name}/{path}", size, lambda target, told: store.fetch(path, target, told))


def _on_disk(text: str) -> Iterator[Source]:
    clean = Path(text).expanduser()
    if clean.is_dir():
        root, files = clean, sorted(file for file in clean.rglob("*") if file.is_file())
    elif clean.is_file() or not globbing.is_pattern(clean.as_posix()):
        root, files = clean.parent, [clean] if clean.is_file() else []
    else:
        root = Path(globbing.fixed_part(clean.as_posix()) or (clean.anchor or "."))
        files = [Path(one) for one in sorted(glob.glob(str(clean), recursive=True))]
    for file in files:
        if file.is_file():
            yield Source(file.relative_to(root).as_posix(), str(file), file.stat().st_size, _copier(file))


def _copier(file: Path) -> Callable[[Path, Progress], object]:
    def copy(target: Path, told: Progress) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        told(file.stat().st_size, None)

    return copy


def _at_url(url: str) -> Source:
    name = urlsplit(url).path.rpartition("/")[2] or "index"
    return Source(name, url, None, lambda target, told: _download(url, target, told))


def _download(url: str, target: Path, told: Progress) -> None:
    """From this machine, without any credential of the server."""
    requests: Any = library("requests", "Reading a URL")
    try:
        with requests.get(url, stream=True, timeout=_TIMEOUT_S) as answer:
            answer.raise_for_status()
            length = answer.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else None
            write_whole(target, answer.iter_content(_PIECE), total, told)
    except requests.RequestException as exc:
        raise UserErrorException(f"{url} cannot be read: {exc}", exc) from exc
