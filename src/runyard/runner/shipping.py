"""Logs on their way to the server while they are written.

What writes them writes into files of this machine and never waits for the network. A thread looks at the files a few
times a second and sends what is new; what the server has is known by its own count, so that nothing is lost or told
twice when an answer goes missing or the server is started anew.
"""

from __future__ import annotations

import os
import re
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from .exchange import Away, Exchange, Refused, Stopped
from .job_file import say

PIECE_BYTES = 1 << 20
BEHIND_BYTES = 48 << 20  # so much waiting is more than the server keeps of a log's end
KEPT_BYTES = 32 << 20
LOOK_S = 0.2
LONGEST_LOOK_S = 0.8
FOLDERS_S = 0.8
LONGEST_PAUSE_S = 30.0
MOST_FILES = 150  # of a run, of which the server takes 200 as logs; what is more is uploaded at the end
AGAIN = b"\n[The job was begun again on this machine. What follows is the new attempt's.]\n"
_NO_TEXT = re.compile("[\udc80-\udcff]")  # how a file name has bytes that are no UTF-8
ANEW = b"\n[The file was begun anew.]\n"


@dataclass
class _Tail:
    """A file and how much of it the server has.

    Attributes:
        sent: bytes of the file. remote: bytes of the server's log, in which other attempts may come before.
    """

    path: str
    name: str
    sent: int = 0
    remote: int = -1
    gone: bool = False


class Shipper:
    """Sends logs.

    Args:
        exchange: the thread makes its own connection of it.
        interval_s: between two beats; the busier the server, the rarer the looks, up to a second.
    """

    def __init__(self, exchange: Exchange, run_id: str, interval_s: float) -> None:
        self._exchange = exchange.another()
        self._path = f"/runs/{run_id}"
        self._look_s = min(LONGEST_LOOK_S, max(LOOK_S, interval_s / 10))
        self._tails: dict[str, _Tail] = {}
        self._folders: list[tuple[str, str]] = []
        self._looked = 0.0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._until = float("inf")
        self._thread = threading.Thread(target=self._ship_on, name="logs", daemon=True)

    def start(self) -> None:
        """From now on logs are sent."""
        self._thread.start()

    def add(self, path: str, name: str) -> None:
        """Send a file, which may not be there yet."""
        with self._lock:
            self._tails.setdefault(path, _Tail(path, name))

    def watch(self, folder: str, name: str) -> None:
        """Send all files below a folder, as they come."""
        with self._lock:
            self._folders.append((folder, name))

    def finish(self, patience_s: float) -> bool:
        """Send what is left. Whether the server has all of it."""
        self._until = time.monotonic() + patience_s
        self._closing.set()
        self._thread.join()
        self._exchange.close()
        return not any(self._new(tail) for tail in self._tails.values() if not tail.gone)

    def left_out(self) -> Iterator[tuple[str, str]]:
        """Files of watched folders that were not sent as logs, with their names; asked after `finish`."""
        for folder, name in self._folders:
            for path, below in files_below(folder):
                tail = self._tails.get(path)
                if tail is None or tail.gone:
                    yield path, f"{name}/{below}"

    def give_up(self) -> None:
        """`finish` waits no longer for a server that is away."""
        self._until = 0.0
        self._closing.set()

    def _ship_on(self) -> None:
        pause = 0.0
        while True:
            last = self._closing.is_set()
            try:
                self._ship_all(last)
                if last:
                    return
                pause = 0.0
            except (Away, Stopped) as exc:
                pause = min(max(pause * 2, 0.5), LONGEST_PAUSE_S)
                if last and time.monotonic() + pause > self._until:
                    say(f"Logs are left unsent: {exc}")
                    return
            if last:
                time.sleep(min(pause, max(0.0, self._until - time.monotonic())))
            else:
                self._closing.wait(max(pause, self._look_s))

    def _ship_all(self, last: bool) -> None:
        now = time.monotonic()
        if last or now - self._looked > FOLDERS_S:
            self._looked = now
            self._find_files()
        with self._lock:
            tails = [tail for tail in self._tails.values() if not tail.gone]
        for tail in tails:
            while self._new(tail) and self._send(tail):
                continue

    def _find_files(self) -> None:
        for folder, name in list(self._folders):
            for path, below in files_below(folder):
                if len(self._tails) < MOST_FILES:
                    self.add(path, f"{name}/{below}")

    def _new(self, tail: _Tail) -> int:
        """How many bytes of it the server does not have."""
        try:
            size = os.stat(tail.path).st_size
        except OSError:
            return 0
        if size < tail.sent:
            return size + len(ANEW)
        return size - tail.sent

    def _send(self, tail: _Tail) -> bool:
        """A piece of it; whether to go on."""
        if tail.remote < 0:
            tail.remote = 0
            if not self._append(tail, b""):  # which only tells what other attempts have left there
                return False
            if tail.remote and not self._append(tail, AGAIN):
                return False
        size = os.stat(tail.path).st_size
        if size < tail.sent:
            tail.sent = 0
            return self._append(tail, ANEW)
        if size - tail.sent > BEHIND_BYTES:
            left_out = size - tail.sent - KEPT_BYTES
            tail.sent += left_out
            return self._append(tail, b"\n[%d bytes are left out here.]\n" % left_out)
        with open(tail.path, "rb") as file:
            file.seek(tail.sent)
            piece = file.read(PIECE_BYTES)
        before = tail.remote
        if not piece or not self._append(tail, piece):
            return False
        tail.sent = max(0, tail.sent + tail.remote - before)
        return True

    def _append(self, tail: _Tail, piece: bytes) -> bool:
        """Give the server bytes for the end of its log, and learn where that is."""
        query = {"name": tail.name, "offset": tail.remote}
        try:
            answer = self._exchange.call(
                "POST", f"{self._path}/log-appends", piece, timeout_s=30.0, query=query
            )
        except Refused as exc:
            return self._refused(tail, exc)
        tail.remote = int(answer["size"])
        return True

    def _refused(self, tail: _Tail, exc: Refused) -> bool:
        if exc.status in (401, 403):
            raise Away(str(exc))  # the beats find out whether it stays so
        size = exc.told.get("size")
        if isinstance(size, int) and size != tail.remote:  # it has lost some, or has more than was heard of
            tail.remote = size
            return True
        say(f"The log {tail.name} is not sent any further: {exc}")
        tail.gone = True
        return False


def files_below(folder: str) -> Iterator[tuple[str, str]]:
    """Regular files below a folder with their paths within it, where bytes that are no text are like %FF; links are not followed."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(parent, name)
            try:
                if not stat.S_ISREG(os.lstat(path).st_mode):
                    continue
            except OSError:
                continue
            yield path, _NO_TEXT.sub(_shown, os.path.relpath(path, folder).replace(os.sep, "/"))


def _shown(byte: re.Match[str]) -> str:
    return f"%{ord(byte.group()) - 0xDC00:02X}"
