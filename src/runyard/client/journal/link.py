"""The trainer's side of the sender: starts it, starts it again when it ends early, and hears what became of the records.

Lines of JSON in both directions. To the sender: `Order`, the first of which says where to send; from it: `Report`.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from runyard.client.journal.folder import JournalFolder
from runyard.client.journal.orders import Order, Report, decode_report, encode_line
from runyard.client.journal.settings import CA_FILES, CLIENT_CERTIFICATE, JournalSettings
from runyard.client.journal.target import Target
from runyard.errors import RunyardError

log = logging.getLogger("runyard.journal")

RESTART_S = (0.2, 1.0, 5.0, 30.0)  # pauses before the sender is started again
HEALTHY_S = 60.0  # a sender that ran so long failed for the first time
TRIES = 2  # of a process that never gets ready; then a thread of this one sends
PATHS = ("RUNYARD_HOME", "RUNYARD_JOURNAL", *CA_FILES, CLIENT_CERTIFICATE)
READ_BYTES = 64 * 1024
BOOT = """import os, sys
os.fork() and os._exit(0)
sys.path[:0] = sys.argv.pop(1).split(os.pathsep)
from runyard.client.journal.sender.main import main
main()"""


class Link:
    """A sender process for one journal. Its thread starts it and listens; callers only read what it heard.

    Where no process can be started, the thread sends itself.

    Args:
        tell: what a person should know: refusals and the like.
    """

    def __init__(self, folder: JournalFolder, target: Target, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._target = target
        self._tell = tell
        self._changed = threading.Condition()
        self._pipes = threading.Lock()
        self._inlet = -1
        self._outlet = -1
        self._inlet_is: tuple[int, int] | None = None
        self._inner: Any = None  # orders to a sender in this process
        self._leaving = False
        self._ready = False
        self._wanted = 0
        self._tried = 0
        self.sent = 0
        self.trouble: str | None = None
        self._thread = threading.Thread(target=self._keep, name="runyard-journal-link", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def wait_sent(self, seq: int, timeout_s: float, *, patient: bool = True) -> bool:
        """Wait until the server has all records up to a seq and their files.

        Args:
            patient: go on waiting while the server cannot be reached; else one more try has to do.
        """
        until = time.monotonic() + timeout_s
        with self._changed:
            self._wanted = max(self._wanted, seq)
            self._tried = 0
        self._order(Order(flush=seq))
        with self._changed:
            while self.sent < seq:
                left = until - time.monotonic()
                if left <= 0 or (not patient and self._tried >= seq):
                    return False
                self._changed.wait(min(left, 1.0))
        return True

    def leave(self, seq: int) -> None:
        """No record will follow: the sender goes on alone, and ends when it is done."""
        self._leaving = True
        self._order(Order(end=seq))

    def abandon(self) -> None:
        """After a fork, in the child: the sender stays the parent's."""
        self._leaving, self._inner = True, None
        inlet, self._inlet = self._inlet, -1
        outlet, self._outlet = self._outlet, -1
        for fd in (inlet, outlet):
            if fd >= 0:
                with contextlib.suppress(OSError):
                    os.close(fd)

    def _keep(self) -> None:
        """The thread: a sender, and the next one when it ends before it was told to."""
        failed = 0
        while not self._leaving:
            if (failed >= TRIES and not self._ready) or not can_start():
                self._send_here()
                return
            started = time.monotonic()
            try:
                self._spawn()
                self._listen()
            except (OSError, RuntimeError) as exc:
                log.debug("The sender of %s could not be started: %s", self._folder.path, exc)
            if self._leaving:
                return
            failed = 0 if time.monotonic() - started > HEALTHY_S else failed + 1
            self._heard(Report(trouble="The process that sends the journal ended; it is started again."))
            time.sleep(RESTART_S[min(failed, len(RESTART_S)) - 1])

    def _send_here(self) -> None:
        log.debug("No process can be started from here: a thread sends %s.", self._folder.path)
        module = importlib.import_module("runyard.client.journal.sender.loop")
        self._inner = module.Orders()
        self._order(self._first_order())
        module.Loop(self._folder, self._inner, self._heard, JournalSettings.of_environment()).run()

    def _spawn(self) -> None:
        with subprocess.Popen(
            command_line(self._folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=os.sep,
            env=_environment(),
            start_new_session=True,
        ) as process:
            # The sender forks and its first process ends at once: nothing of ours is a child of the trainer's, which
            # may wait for any child that it has.
            assert process.stdin is not None
            assert process.stdout is not None
            self._inlet, self._outlet = os.dup(process.stdin.fileno()), os.dup(process.stdout.fileno())
        os.set_blocking(self._inlet, False)
        self._inlet_is = _identity(self._inlet)
        self._order(self._first_order())

    def _first_order(self) -> Order:
        return Order(
            server=self._target.server,
            workspace=self._target.workspace,
            token=self._token(),
            certificates=_certificates(),
            flush=self._wanted or None,
        )

    def _listen(self) -> None:
        try:
            for line in _lines(self._outlet):
                report = decode_report(line)
                if report is not None:
                    self._heard(report)
        finally:
            self._hang_up()

    def _hang_up(self) -> None:
        with self._pipes, contextlib.suppress(OSError):
            inlet, outlet, self._inlet, self._outlet = self._inlet, self._outlet, -1, -1
            if _identity(inlet) == self._inlet_is:
                os.close(inlet)
                os.close(outlet)

    def _heard(self, report: Report) -> None:
        if report.ready is not None:
            self._ready = True
            self._heard(Report(trouble=None))
        if report.ask == "token":
            self._order(Order(token=self._token()))
        if report.news is not None:
            self._tell(report.news)
        with self._changed:
            if report.sent is not None:
                self.sent = max(self.sent, report.sent)
            if report.tried is not None:
                self._tried = max(self._tried, report.tried)
            if report.trouble is not msgspec.UNSET:
                self.trouble = report.trouble
            self._changed.notify_all()

    def _order(self, order: Order) -> None:
        """Best effort: a sender that does not read follows the folder all the same."""
        with self._pipes, contextlib.suppress(OSError):
            if self._inner is not None:
                self._inner.put(order)
            elif self._inlet >= 0 and _identity(self._inlet) == self._inlet_is:
                os.write(self._inlet, encode_line(order))

    def _token(self) -> str | None:
        try:
            return self._target.token() if self._target.token is not None else None
        except RunyardError as exc:
            self._heard(Report(trouble=exc.message))
            return None


def can_start() -> bool:
    """Whether this process can start another Python: one that is part of a bundle, or has no fork, cannot."""
    return hasattr(os, "fork") and not hasattr(sys, "frozen") and os.access(sys.executable or "", os.X_OK)


def command_line(folder: JournalFolder) -> list[str]:
    """How the sender of a folder is started: by itself, without what this process's environment adds to Python."""
    places = os.pathsep.join(dict.fromkeys(_place_of(name) for name in ("runyard", "msgspec")))
    return [sys.executable, "-I", "-S", "-c", BOOT, places, str(folder.path.absolute())]


def _identity(fd: int) -> tuple[int, int]:
    """What a file descriptor is open for: a program that makes itself a daemon closes those that it does not know."""
    found = os.fstat(fd)
    return found.st_dev, found.st_ino


def _environment() -> dict[str, str]:
    """That of this process; the sender works in another directory."""
    found = dict(os.environ)
    for name in PATHS:
        if found.get(name):
            found[name] = os.path.abspath(found[name])
    return found


def _place_of(package: str) -> str:
    """The folder that a package is in."""
    return str(Path(str(sys.modules[package].__file__)).absolute().parents[1])


def _certificates() -> str | None:
    """The authorities that requests trusts, found without loading it."""
    with contextlib.suppress(ImportError, ValueError):
        found = importlib.util.find_spec("certifi")
        if found is not None and found.origin:
            return os.path.join(os.path.dirname(found.origin), "cacert.pem")
    return None


def _lines(fd: int) -> Iterator[bytes]:
    """Lines until the other end is closed."""
    rest = b""
    while piece := os.read(fd, READ_BYTES):
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
