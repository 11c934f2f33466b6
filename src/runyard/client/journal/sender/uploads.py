"""Artifacts on their way to the server: a few at a time, each tried again until it is there or will never be."""

from __future__ import annotations

import os
import queue
import re
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from runyard.client.errors import ServerUnreachable, error_from
from runyard.client.journal.folder import STALE_S, JournalFolder
from runyard.client.journal.sender.access import Access
from runyard.client.journal.sender.backoff import Backoff
from runyard.entities.journal import FileRecord
from runyard.errors import RunyardError

AT_ONCE = 4
PIECE_BYTES = 256 * 1024
FILES = "/api/2.0/mlflow-artifacts/artifacts"
SCHEME = "mlflow-artifacts:/"
RUN = "/api/2.0/mlflow/runs/get?run_id="
MODEL = "/api/2.0/mlflow/logged-models/"
TRACE = "/api/3.0/mlflow/traces/"
ARTIFACT_LOCATION = "mlflow.artifactLocation"
# So that an older version never replaces a newer one.
JOURNAL, RECORD = "X-Runyard-Journal", "X-Runyard-Record"
UPLOAD_S = 300.0  # longest silence: a datastore may take its time over the last byte
PLACES = {"runs": RUN, "models": MODEL, "traces": TRACE}
_COPY = re.compile(r"files/[0-9]+")
LASTING = (400, 403, 404, 405, 409, 410, 411, 413, 414, 415, 416, 422, 501)
ROOTS_KEPT = 1_000


class Ended(NamedTuple):
    """What became of a file; code and message say why it was refused, if it was."""

    seq: int
    code: str = ""
    message: str = ""


class Refused(Exception):
    """The file will never be there."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Missing(Refused):
    """A copy is not there: another sender has removed it once it was sent, or it is lost."""


class Uploads:
    """Uploads files of one journal.

    Args:
        wake: set when one has ended.
        was_sent: whether another sender has sent the file of a record. Called by other threads.
    """

    def __init__(
        self,
        folder: JournalFolder,
        access: Access,
        wake: threading.Event,
        was_sent: Callable[[int], bool],
    ) -> None:
        self._folder = folder
        self._access = access
        self._wake = wake
        self._was_sent = was_sent
        self._waiting: queue.SimpleQueue[tuple[int, FileRecord] | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._places: dict[int, tuple[str, str]] = {}  # owner and path, by seq
        self._lines: dict[
            tuple[str, str], list[tuple[int, FileRecord]]
        ] = {}  # files of one place, the first under way
        self._roots: dict[str, str] = {}
        self._stopped = threading.Event()
        self._open = 0
        self.trouble: str | None = None
        self.moved_bytes = 0
        """Of all tries, those that failed included: whether there is any life in them."""

    def add(self, seq: int, record: FileRecord) -> None:
        """Upload a file, when it is its turn. One that replaces another goes after it."""
        self._open += 1
        self._places[seq] = place = (record.owner, record.path)
        line = self._lines.setdefault(place, [])
        line.append((seq, record))
        if len(line) > 1:
            return
        self._waiting.put((seq, record))
        if len(self._threads) < min(AT_ONCE, self._open):
            thread = threading.Thread(target=self._work, name="runyard-upload", daemon=True)
            self._threads.append(thread)
            thread.start()

    def ended(self) -> Iterator[Ended]:
        """Those that have ended since the last call."""
        while not self._ended.empty():
            self._open -= 1
            ended = self._ended.get()
            place = self._places.pop(ended.seq)
            line = self._lines[place]
            line.pop(0)
            if line:
                self._waiting.put(line[0])
            else:
                del self._lines[place]
            yield ended

    def stop(self) -> None:
        """Begin no more; what is under way is left to itself."""
        self._stopped.set()
        for _ in self._threads:
            self._waiting.put(None)

    def _work(self) -> None:
        while (task := self._waiting.get()) is not None and not self._stopped.is_set():
            ended = self._tried(*task)
            if ended is not None:
                self._ended.put(ended)
                self._wake.set()
        self._access.close()

    def _tried(self, seq: int, record: FileRecord) -> Ended | None:
        """Until it has ended; None when there is no more time for it."""
        backoff = Backoff()
        missed_s: float | None = None
        while not self._stopped.wait(backoff.left_s):
            try:
                self._upload(seq, record)
            except Missing as exc:
                if self._was_sent(seq):
                    return Ended(seq)
                now = time.monotonic()
                missed_s = now if missed_s is None else missed_s
                if now - missed_s >= STALE_S:
                    return Ended(seq, exc.code, exc.message)
                backoff.failed()
            except Refused as exc:
                return Ended(seq, exc.code, exc.message)
            except ServerUnreachable as exc:
                self.trouble = exc.message
                backoff.failed()
            except RunyardError as exc:
                self.trouble = exc.message
                backoff.failed(exc.retry_after_s)
            else:
                self.trouble = None
                return Ended(seq)
        return None

    def _upload(self, seq: int, record: FileRecord) -> None:
        """Raises: Refused; RunyardError, when another try may help."""
        target = f"{FILES}/{quote(f'{self._root(record.owner)}/{record.path}'.lstrip('/'))}"
        source = _source(self._folder, record)
        try:
            with open(source, "rb", opener=_no_link if record.mtime_ns is None else None) as file:
                _check(record, os.fstat(file.fileno()))
                answer = self._access.ask(
                    "PUT",
                    target,
                    self._pieces(file.fileno(), record.size),
                    size=record.size,
                    kind="application/octet-stream",
                    headers={JOURNAL: self._folder.id, RECORD: str(seq)},
                    timeout_s=UPLOAD_S,
                )
                _check(record, os.fstat(file.fileno()))
        except OSError as exc:
            missing = isinstance(exc, FileNotFoundError) and record.mtime_ns is None
            raise (Missing if missing else Refused)(
                "FILE_UNREADABLE", f"{source} cannot be read ({exc.strerror or exc}); it was not uploaded."
            ) from exc
        self._judge(answer.status, answer.body, answer.retry_after_s, record)

    def _pieces(self, fd: int, size: int) -> Iterator[bytes]:
        left = size
        while left:
            piece = os.read(fd, min(PIECE_BYTES, left))
            if not piece:
                raise OSError(0, "it became shorter while it was read")
            left -= len(piece)
            yield piece
            self.moved_bytes += len(piece)

    def _root(self, owner: str) -> str:
        """Where an owner's artifacts are among the workspace's files."""
        found = self._roots.get(owner)
        if found is not None:
            return found
        kind, _, name = owner.partition("/")
        place = PLACES.get(kind)
        uri = owner if place is None else self._asked(place + quote(name, safe=""), owner)
        found = _below_files(uri)
        if found is None:
            raise Refused(
                "ELSEWHERE",
                f"The artifacts of {owner} are at {uri.partition('?')[0]}, outside of the workspace: the sender has no way there. "
                "Upload them there yourself.",
            )
        if len(self._roots) >= ROOTS_KEPT:
            self._roots.clear()
        self._roots[owner] = found
        return found

    def _asked(self, path: str, owner: str) -> str:
        answer = self._access.get(path)
        self._judge(answer.status, answer.body, answer.retry_after_s, None, owner)
        try:
            found = msgspec.json.decode(answer.body, type=_Owner)
        except msgspec.MsgspecError:
            raise error_from(502, answer.body, url=self._access.server) from None
        if not found.place:
            raise Refused("NO_PLACE", f"The server does not say where the artifacts of {owner} belong.")
        return found.place

    def _judge(
        self,
        status: int,
        body: bytes,
        retry_after_s: float | None,
        record: FileRecord | None,
        owner: str = "",
    ) -> None:
        if 200 <= status < 300:
            return
        error = error_from(status, body, url=self._access.server)
        error.retry_after_s = None if retry_after_s is None else int(retry_after_s)
        if status in LASTING:
            what = f"{record.path} of {record.owner}" if record is not None else f"The artifacts of {owner}"
            raise Refused(error.code, f"{what}: {error.message}")
        raise error


class _Info(msgspec.Struct):
    artifact_uri: str = ""


class _Run(msgspec.Struct):
    info: _Info


class _TraceInfo(msgspec.Struct):
    tags: dict[str, str] = {}


class _Trace(msgspec.Struct):
    trace_info: _TraceInfo


class _Owner(msgspec.Struct):
    run: _Run | None = None
    model: _Run | None = None
    trace: _Trace | None = None

    @property
    def place(self) -> str:
        """Where the artifacts belong; empty where it does not say."""
        if self.trace is not None:
            return self.trace.trace_info.tags.get(ARTIFACT_LOCATION, "")
        one = self.run or self.model
        return one.info.artifact_uri if one is not None else ""


def _source(folder: JournalFolder, record: FileRecord) -> Path:
    """A journal may be somebody else's: a copy lies among its copies, and what it refers to must be as it says.

    Raises: Refused.
    """
    if record.mtime_ns is None and not _COPY.fullmatch(record.source):
        raise Refused("INVALID", f"{record.source!r} is no copy of an artifact in the journal.")
    return folder.path / record.source  # an absolute one stays as it is


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))


def _below_files(uri: str) -> str | None:
    """The path of an artifact URI among a workspace's files."""
    if uri.startswith(SCHEME):
        rest = uri.removeprefix(SCHEME)
        return None if rest.startswith("/") and not rest.startswith("//") else rest.strip("/")
    _, found, path = uri.partition("?")[0].partition(f"{FILES}/")
    return path.strip("/") if found else None


def _check(record: FileRecord, state: os.stat_result) -> None:
    """Raises: Refused, if a file is not what it was when it was logged."""
    if not stat.S_ISREG(state.st_mode):
        raise Refused("FILE_CHANGED", f"{record.source} is no file any more; it was not uploaded.")
    if state.st_size != record.size or record.mtime_ns not in (None, state.st_mtime_ns):
        raise Refused(
            "FILE_CHANGED",
            f"{record.source} has changed since it was logged ({record.size} bytes then, {state.st_size} now); "
            "what is on the server is not what was logged. RUNYARD_FILES=copy keeps a copy.",
        )
