"""Snapshots: the source of a run, copied at submission, identified by the hashes of its files."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runyard.client import ignoring
from runyard.client.credentials import home
from runyard.client.transport import Connection
from runyard.errors import InvalidInput, TooLarge

PATH = "/api/v1/snapshots"
BLOBS = "/api/v1/snapshot-blobs"
MOST_FILES = 100_000  # beyond any server's limit; these keep a mistaken folder from being read for minutes
MOST_BYTES = 20 * 1024**3
AT_ONCE = 4
OF_SERVERS = ("runyard.lock", "secret.key")
WAY_OUT = (
    "Leave out with .amlignore (or .gitignore) what the run does not need, choose a smaller source folder, and put data "
    "into a datastore."
)
Moved = Callable[[int], None]
"""Called with the bytes that came further."""


@dataclass(frozen=True)
class SnapshotFile:
    """One file.

    Args:
        path: relative to the root, with slashes.
        source: where it is read from.
    """

    path: str
    source: Path
    size: int
    executable: bool
    sha256: str = ""

    def entry(self) -> dict[str, Any]:
        """As the manifest has it."""
        return {"path": self.path, "sha256": self.sha256, "size": self.size, "executable": self.executable}


@dataclass(frozen=True)
class Snapshot:
    """The files of a folder, by path."""

    root: Path
    files: Sequence[SnapshotFile]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(file.size for file in self.files)

    def largest(self) -> str:
        """What has the greatest share of the space or of the files, for people."""
        sizes: Counter[str] = Counter()
        counts: Counter[str] = Counter()
        for file in self.files:
            top, mark, _ = file.path.partition("/")
            sizes[top + mark] += file.size
            counts[top + mark] += 1
        space = self.size or 1
        shares = {name: max(size / space, counts[name] / len(self.files)) for name, size in sizes.items()}
        return ", ".join(
            f"{name} ({counts[name]:,} file{'' if counts[name] == 1 else 's'}, {sizes[name] / 2**20:,.1f} MB)"
            for name in sorted(shares, key=lambda one: -shares[one])[:4]
        )


def found_in(folder: Path) -> Snapshot:
    """The files that a snapshot of a folder takes; they are not read.

    Raises: InvalidInput, where the folder is none, or has far too much in it.
    """
    if not folder.is_dir():
        raise InvalidInput(f"The source folder {folder} is not there, or is no folder.")
    root = folder.resolve()
    if _holds_secrets(root):
        raise InvalidInput(
            f"{folder} holds the data of a server or stored logins, which are no sources. Choose another source folder."
        )
    files: list[SnapshotFile] = []
    size = 0
    for file in _walk(root, "", [], (root,)):
        files.append(file)
        size += file.size
        if len(files) > MOST_FILES or size > MOST_BYTES:
            seen = Snapshot(root, files)
            raise InvalidInput(
                f"{folder} is no folder of sources: more than {len(files) - 1:,} files or {size / 2**30:,.1f} GB were "
                f"found, most of it in {seen.largest()}. {WAY_OUT}"
            )
    return Snapshot(root, sorted(files, key=lambda one: one.path))


def hashed(snapshot: Snapshot) -> Snapshot:
    """The same with the hashes of its files. Raises: InvalidInput for one that cannot be read."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Snapshot(snapshot.root, list(pool.map(_hashed, snapshot.files)))


def keep(connection: Connection, folder: Path, moved: Moved = lambda _: None) -> str:
    """Take a snapshot of a folder and send what the server does not have; returns its id.

    Raises: InvalidInput; NotAllowed and others as the server raised them.
    """
    snapshot = hashed(found_in(folder))
    body = {"files": [file.entry() for file in snapshot.files]}
    try:
        answer = connection.post(PATH, body, retry=True)
    except (InvalidInput, TooLarge) as exc:
        raise InvalidInput(f"{exc.message} Most is in {snapshot.largest()}.") from exc
    missing = set(answer["missing"])
    if missing:
        wanted = {file.sha256: file for file in snapshot.files if file.sha256 in missing}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda file: _send(connection, file, moved), wanted.values()))
        answer = connection.post(PATH, body, retry=True)
        if answer["missing"]:
            raise InvalidInput(f"Files of {folder} changed while they were copied; submit again.")
    return str(answer["snapshot_id"])


def _send(connection: Connection, file: SnapshotFile, moved: Moved) -> None:
    with file.source.open("rb") as source:
        if os.fstat(source.fileno()).st_size != file.size:
            raise InvalidInput(f"{file.source} changed while it was copied; submit again.")
        connection.upload(f"{BLOBS}/{file.sha256}", source, file.size)
    moved(file.size)


def _hashed(file: SnapshotFile) -> SnapshotFile:
    digest = hashlib.sha256()
    size = 0
    try:
        with file.source.open("rb") as source:
            while piece := source.read(1 << 20):
                digest.update(piece)
                size += len(piece)
    except OSError as exc:
        raise InvalidInput(
            f"{file.source} cannot be read: {exc.strerror}. Leave it out with .amlignore, or make it readable."
        ) from exc
    return SnapshotFile(file.path, file.source, size, file.executable, digest.hexdigest())


def _walk(
    folder: Path, base: str, above: list[ignoring.Rule], trail: tuple[Path, ...]
) -> Iterator[SnapshotFile]:
    rules = [*above, *ignoring.rules_of(folder, base)]
    try:
        entries = sorted(os.scandir(folder), key=lambda one: one.name)
    except OSError as exc:
        raise InvalidInput(
            f"{folder} cannot be read: {exc.strerror}. Leave it out with .amlignore, or make it readable."
        ) from exc
    for entry in entries:
        path = f"{base}/{entry.name}" if base else entry.name
        is_folder = entry.is_dir()
        if ignoring.left_out(path, is_folder, rules):
            continue
        if is_folder:
            yield from _below(Path(entry.path), path, rules, trail)
            continue
        try:
            found = entry.stat()
        except OSError:
            continue  # a link that leads nowhere
        if stat.S_ISREG(found.st_mode):
            _require_text(path)
            yield SnapshotFile(path, Path(entry.path), found.st_size, bool(found.st_mode & stat.S_IXUSR))


def _require_text(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError as exc:
        raise InvalidInput(
            f"The name of {path!r} is no UTF-8. Rename it, or leave it out with a pattern in .amlignore."
        ) from exc


def _below(
    folder: Path, path: str, rules: list[ignoring.Rule], trail: tuple[Path, ...]
) -> Iterator[SnapshotFile]:
    """A folder's files, unless it is a virtual environment, holds secrets of ours, or is a link to one that it lies in."""
    real = folder.resolve()
    if real in trail or (folder / ignoring.VENV).is_file() or _holds_secrets(real):
        return
    yield from _walk(folder, path, rules, (*trail, real))


def _holds_secrets(folder: Path) -> bool:
    """A server's data, with its database and keys, or where logins are kept: whatever the ignore files say."""
    return any((folder / name).is_file() for name in OF_SERVERS) or folder == home().resolve()
