"""Where journals are: one folder per process, written by nobody else.

    HOME/                       $RUNYARD_JOURNAL, or ~/.runyard/journal; mode 0700
      <journal id>/
        head.json               whose it is and where it goes; no credentials
        000001.rj …             segments of frames (runyard.wire.journal)
        files/                  copies of artifacts
        sent.json               how far it was sent; may be lost: the server knows too
        uploaded.log            seqs of files that were sent and lie behind that
        alive.json              runs that are under way
        sender.json             the process that sends it
        closed.json             the process has ended in order; the seq of its last record
      refused-<id>.jsonl        what the server will never take; stays when the journal is gone
      refused-<id>.files/       copies of artifacts among it

Nothing here needs locks, mmap or renames over open files, so a network file system will do.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from runyard.client.journal.processes import ProcessMark, is_dead, this_process
from runyard.errors import StorageUnavailable

VERSION = 1
HOME_VARIABLE = "RUNYARD_JOURNAL"
HEAD = "head.json"
SENT = "sent.json"
CLOSED = "closed.json"
FILES = "files"
SUFFIX = ".rj"
GONE = ".gone-"
QUIET_S = 600.0
STALE_S = 30.0  # a network file system may show for so long what it saw before
PARENTS = 3  # ~, .runyard and journal, as they are made by default
_NAME = re.compile(r"[0-9a-f]{32}")
T = TypeVar("T")


class Head(msgspec.Struct):
    """Whose journal it is and where it goes.

    Attributes:
        server: base URL without credentials; empty where none was known (offline).
        workspace: NAME or SUBSCRIPTION/GROUP/NAME; empty: the server's default.
        offline: whether the process was told not to look for a server.
    """

    journal: str
    server: str
    workspace: str
    host: str
    process: ProcessMark
    started_ms: int
    offline: bool = False
    version: int = VERSION


class Position(msgspec.Struct, frozen=True):
    """A place between two records: bytes of a segment that are behind it, and the seq of the last of them."""

    segment: int = 1
    offset: int = 0
    seq: int = 0


class Closed(msgspec.Struct):
    """The last record of a process that has ended in order."""

    seq: int


def journal_home() -> Path:
    """The folder of all journals of this user; absolute, since a process may go elsewhere.

    Raises: StorageUnavailable, where the user has no home.
    """
    named = os.environ.get(HOME_VARIABLE)
    try:
        return Path(named or Path.home() / ".runyard" / "journal").absolute()
    except RuntimeError as exc:
        raise StorageUnavailable(f"There is no place for the journal: {exc} Set {HOME_VARIABLE}.") from exc


def home_trouble() -> str | None:
    """Why no journal can be kept on this machine; None where one can."""
    home = journal_home()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        return f"{home} cannot be made ({exc.strerror})"
    return None if os.access(home, os.W_OK | os.X_OK) else f"{home} cannot be written to"


class JournalFolder:
    """One journal on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        if not _NAME.fullmatch(path.name) and (head := self.head) is not None:
            self.id = head.journal  # a copy under another name is the same journal still

    def __repr__(self) -> str:
        return f"JournalFolder({str(self.path)!r})"

    @classmethod
    def create(
        cls, home: Path, server: str, workspace: str, started_ms: int, *, offline: bool
    ) -> JournalFolder:
        """A new journal of this process.

        Raises: StorageUnavailable, when the folder cannot be made.
        """
        name = uuid.uuid4().hex
        folder = cls(home / name)
        head = Head(name, server, workspace, socket.gethostname(), this_process(), started_ms, offline)
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.path.mkdir(mode=0o700)
            folder.write(HEAD, head)
        except OSError as exc:
            raise StorageUnavailable(
                f"The journal {folder.path} cannot be made ({exc.strerror}). Set {HOME_VARIABLE} to a folder that can "
                "be written to."
            ) from exc
        return folder

    def sync(self) -> None:
        """Return when the folder would survive a power loss: whose it is, and that it is there. Its parents may be new, too."""
        with contextlib.suppress(OSError):
            sync_file(self.path / HEAD)
        for folder in (self.path, *self.path.parents[:PARENTS]):
            sync_directory(folder)

    @property
    def head(self) -> Head | None:
        """None for what is no journal, or was cut off before it became one."""
        return self.read(HEAD, Head)

    @property
    def sent(self) -> Position:
        """How far it was sent, as far as known here."""
        return self.read(SENT, Position) or Position()

    @sent.setter
    def sent(self, position: Position) -> None:
        self.write(SENT, position, safe=True)

    @property
    def closed(self) -> Closed | None:
        """Set once the process has ended in order."""
        return self.read(CLOSED, Closed)

    def close(self, seq: int) -> None:
        """No record will follow."""
        self.write(CLOSED, Closed(seq))

    @property
    def ended(self) -> bool:
        """Whether no record will follow: the process closed it, or is known to be dead.

        Where nobody can tell (`is_dead`), it counts as dead once it has shown no life for ten minutes by the clock of the
        file system.
        """
        if self.closed is not None:
            return True
        head = self.head
        if head is None or head.host != socket.gethostname():
            return False
        dead = is_dead(head.process)
        return self._quiet_s() > QUIET_S if dead is None else dead

    def show_life(self) -> None:
        """The process still has it; now and then.

        Raises: FileNotFoundError, when somebody has removed it.
        """
        os.utime(self.path / HEAD)

    def _quiet_s(self) -> float:
        """For how long there was no sign of life."""
        try:
            return _now_at(self.path) - (self.path / HEAD).stat().st_mtime
        except OSError:
            return 0.0

    def segment(self, number: int) -> Path:
        """The file of a segment."""
        return self.path / f"{number:06d}{SUFFIX}"

    def segments(self) -> list[int]:
        """The numbers of the segments that are still there."""
        with contextlib.suppress(OSError):
            return sorted(
                int(name[: -len(SUFFIX)]) for name in os.listdir(self.path) if name.endswith(SUFFIX)
            )
        return []

    @property
    def files(self) -> Path:
        """Where copies of artifacts are."""
        return self.path / FILES

    def size_bytes(self) -> int:
        """Bytes that it takes on disk, copies of artifacts included."""
        total = 0
        for folder, _, names in os.walk(self.path):
            for name in names:
                with contextlib.suppress(OSError):
                    total += os.lstat(os.path.join(folder, name)).st_size
        return total

    def drop_segments_before(self, number: int) -> None:
        """Segments that were sent as a whole are not needed any more; what `sent` says is safe before they go.

        Else one that a power loss brings back might be taken for one that is to be sent, and is damaged.
        """
        sync_directory(self.path)
        for one in self.segments():
            if one < number:
                self.segment(one).unlink(missing_ok=True)

    @property
    def refused_file(self) -> Path:
        """What the server will never take, beside the journal: it stays when the journal is gone."""
        return self.path.parent / f"refused-{self.id}.jsonl"

    def refuse(self, lines: list[bytes]) -> None:
        """Keep what the server refused, one JSON object per line; it would survive a power loss."""
        with open(self.refused_file, "ab") as file:
            file.write(b"".join(line + b"\n" for line in lines))
            file.flush()
            with contextlib.suppress(OSError):
                os.fdatasync(file.fileno())
        sync_directory(self.refused_file.parent)

    def refused(self) -> list[bytes]:
        """What the server refused."""
        with contextlib.suppress(OSError):
            return self.refused_file.read_bytes().splitlines()
        return []

    def keep_file(self, source: str) -> None:
        """Keep the copy of an artifact that was refused, beside the journal too."""
        kept = self.path.parent / f"refused-{self.id}.files"
        with contextlib.suppress(OSError):
            kept.mkdir(mode=0o700, exist_ok=True)
            os.replace(self.path / source, kept / os.path.basename(source))

    def remove(self) -> None:
        """Delete the journal; what was refused stays. What another sender of it writes meanwhile brings nothing back."""
        gone = self.path.parent / f"{GONE}{self.path.name}"
        with contextlib.suppress(OSError):
            os.rename(self.path, gone)
        shutil.rmtree(gone, ignore_errors=True)

    def read(self, name: str, kind: type[T]) -> T | None:
        """A small file as what it holds; None when it is not there or not whole."""
        try:
            return msgspec.json.decode((self.path / name).read_bytes(), type=kind)
        except (OSError, msgspec.MsgspecError):
            return None

    def write(self, name: str, value: object, *, safe: bool = False) -> None:
        """Replace a small file as a whole.

        Args:
            safe: a power loss leaves the old content or the new one, never none.
        """
        temporary = self.path / f".{name}.{os.getpid()}"
        temporary.write_bytes(msgspec.json.encode(value))
        if safe:
            sync_file(temporary)
        os.replace(temporary, self.path / name)


def journals(home: Path) -> Iterator[JournalFolder]:
    """The journals in a folder of journals; the folder itself, if it is one."""
    if (home / HEAD).exists():
        yield JournalFolder(home)
        return
    with contextlib.suppress(OSError):
        for entry in sorted(os.scandir(home), key=lambda one: one.name):
            if entry.name.startswith(GONE):
                continue  # it was sent; whoever removes it has not come to its end
            if entry.is_dir(follow_symlinks=False) and os.path.exists(os.path.join(entry.path, HEAD)):
                yield JournalFolder(Path(entry.path))


def remove_unborn(home: Path) -> None:
    """Remove folders whose processes died before they were journals, or over removing them: they hold nothing."""
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(home)):
            if entry.name.startswith(GONE):
                shutil.rmtree(entry.path, ignore_errors=True)
            unborn = _NAME.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
            if unborn and not os.path.exists(os.path.join(entry.path, HEAD)):
                if _now_at(home) - entry.stat().st_mtime > QUIET_S:
                    shutil.rmtree(entry.path, ignore_errors=True)


def sync_file(path: Path) -> None:
    """Return when a file's content would survive a power loss. Raises: OSError."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_directory(path: Path) -> None:
    """Return when the entries of a folder would survive a power loss, where its file system can be told so."""
    with contextlib.suppress(OSError):
        sync_file(path)


def _now_at(place: Path) -> float:
    """The time by the clock of a file system: those of the machines that share it may differ."""
    probe = place / f".now.{os.getpid()}"
    probe.write_bytes(b"")
    now = probe.stat().st_mtime
    probe.unlink()
    return now
