"""Files of a source, wherever its records say they are; what leads elsewhere is refused."""

from __future__ import annotations

import contextlib
import importlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast
from urllib.parse import quote, unquote, urlsplit

import requests

from runyard.transfer.listed import Pieces, safe_name
from runyard.transfer.source import SourceFault, SourceFile

PROXIED = "mlflow-artifacts"
CLOUD = ("s3", "s3a", "gs", "gcs", "az", "azure", "abfs", "abfss", "wasb", "wasbs", "adl")
LISTING = "/api/2.0/mlflow-artifacts/artifacts"
TIMEOUT_S = 60


class Places:
    """Opens artifact locations.

    Args:
        roots: local files must lie below one of these directories.
        proxied: what mlflow-artifacts: stands for: a directory, a URL of a store, or the http(s) URL of the server.
        base: relative local paths begin here.
        session: sends requests to servers, with their credentials.
    """

    def __init__(
        self,
        roots: Sequence[Path] = (),
        proxied: str | None = None,
        base: Path | None = None,
        session: requests.Session | None = None,
    ) -> None:
        self._roots = [root.resolve() for root in roots]
        self._proxied = proxied
        self._base = base or Path.cwd()
        self._session = session or requests.Session()
        self._cloud: Any = None  # of the class CloudFiles, once something lies there
        if proxied and "://" not in proxied:
            self._roots.append(Path(proxied).resolve())

    def files(self, place: str) -> Iterator[SourceFile]:
        """All files below a location; none when there is nothing.

        Raises: SourceFault, when it must not or cannot be read; for a link among the files after all others.
        """
        scheme = urlsplit(place).scheme.lower() if "://" in place or ":/" in place else ""
        if scheme == PROXIED:
            yield from self._behind_server(urlsplit(place).path.strip("/"))
        elif scheme in ("", "file"):
            yield from local_files(self._local(place, scheme))
        elif scheme in CLOUD:
            yield from self._in_cloud(place)
        else:
            raise SourceFault(
                f"Files at {place[:200]!r} are not read: {scheme or 'this'} is no known kind of place."
            )

    def _local(self, place: str, scheme: str) -> Path:
        given = Path(unquote(urlsplit(place).path) if scheme else place)
        path = (given if given.is_absolute() else self._base / given).resolve()
        if not any(path.is_relative_to(root) for root in self._roots):
            relative = "" if given.is_absolute() else f" ({given} there, so call this where MLflow ran)"
            raise SourceFault(
                f"The files at {path}{relative} lie outside what may be read. If they belong to the source, give the "
                "directory that holds them with --artifact-dir."
            )
        return path

    def _in_cloud(self, place: str) -> Iterator[SourceFile]:
        """All objects below a URL of an object store."""
        if self._cloud is None:
            try:
                self._cloud = importlib.import_module("runyard.transfer.cloud_files").CloudFiles()
            except ModuleNotFoundError as exc:
                if exc.name is None or not exc.name.startswith("obstore"):
                    raise
                raise SourceFault(
                    f"Reading files at {place[:200]} needs obstore: pip install 'runyard[cloud]'."
                ) from None
        yield from self._cloud.files(place)

    def _behind_server(self, path: str) -> Iterator[SourceFile]:
        if self._proxied is None:
            raise SourceFault(
                f"The files at {PROXIED}:/{path[:150]} are behind an MLflow server. Say with --mlflow-artifacts where "
                "its --artifacts-destination is: a directory, s3://…, or the http URL of the server itself."
            )
        if any(part in ("", ".", "..") for part in path.split("/")):
            raise SourceFault(f"The location {PROXIED}:/{path[:150]} leads elsewhere.")
        scheme = urlsplit(self._proxied).scheme.lower() if "://" in self._proxied else ""
        if scheme in ("http", "https"):
            yield from served_files(self._session, self._proxied.rstrip("/"), path)
        elif scheme in CLOUD:
            yield from self._in_cloud(f"{self._proxied.rstrip('/')}/{path}")
        else:
            yield from local_files(self._local(str(Path(unquote(urlsplit(self._proxied).path)) / path), ""))


def local_files(root: Path) -> Iterator[SourceFile]:
    """All regular files below a directory, in the order of their names."""
    if not root.is_dir():
        return
    refused: list[str] = []
    for path in _walk(root, refused):
        size = path.lstat().st_size
        yield SourceFile(path.relative_to(root).as_posix(), size, lambda path=path: open_plain(path))  # type: ignore[misc]
    if refused:
        raise SourceFault(
            f"{len(refused)} entries of {root} are links or no files, and were left: {', '.join(refused[:3])}. "
            "Put the files themselves there."
        )


def _walk(directory: Path, refused: list[str]) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError as exc:
        raise SourceFault(f"{directory} cannot be read: {exc.strerror}.") from None
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), refused)
        elif entry.is_file(follow_symlinks=False):
            yield Path(entry.path)
        else:
            refused.append(entry.name)


@contextlib.contextmanager
def open_plain(path: Path) -> Iterator[BinaryIO]:
    """A regular file; never what a link points at.

    Raises: SourceFault.
    """
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as exc:
        raise SourceFault(f"{path} cannot be read: {exc.strerror}.") from None
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise SourceFault(f"{path} is no file.")
        yield file


def served_files(session: requests.Session, server: str, path: str) -> Iterator[SourceFile]:
    """All files below a path of a server's artifact proxy."""
    waiting = [""]
    while waiting:
        directory = waiting.pop()
        below = f"{path}/{directory}" if directory else path
        for entry in sorted(_listed(session, server, below), key=lambda entry: str(entry.get("path"))):
            name = PurePosixPath(safe_name(str(entry.get("path", "")), server)).name
            inner = f"{directory}/{name}" if directory else name
            if entry.get("is_dir"):
                waiting.append(inner)
            else:
                url = f"{server}{LISTING}/{quote(f'{path}/{inner}')}"
                size = int(entry.get("file_size") or 0)
                yield SourceFile(inner, size, lambda url=url: open_url(session, url))  # type: ignore[misc]


def _listed(session: requests.Session, server: str, path: str) -> list[dict[str, Any]]:
    try:
        answer = session.get(f"{server}{LISTING}", params={"path": path}, timeout=TIMEOUT_S)
        if answer.status_code == 404:
            return []
        answer.raise_for_status()
        found = answer.json().get("files") or []
    except (requests.RequestException, ValueError, AttributeError) as exc:
        raise SourceFault(
            f"The files below {path[:150]} of {server} cannot be listed: {str(exc)[:300]}"
        ) from None
    return [entry for entry in found if isinstance(entry, dict)]


@contextlib.contextmanager
def open_url(session: requests.Session, url: str) -> Iterator[BinaryIO]:
    """What a URL answers, piece by piece."""
    try:
        with session.get(
            url, stream=True, timeout=TIMEOUT_S, headers={"Accept-Encoding": "identity"}
        ) as answer:
            answer.raise_for_status()
            yield cast(BinaryIO, Pieces(answer.iter_content(256 * 1024)))
    except requests.RequestException as exc:
        raise SourceFault(f"{url[:300]} cannot be read: {str(exc)[:300]}") from None
