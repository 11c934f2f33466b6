"""The sender as a process: `python -m runyard.client.journal.sender FOLDER`, orders on stdin, reports on stdout."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import traceback
from pathlib import Path

from runyard.client.journal.folder import JournalFolder
from runyard.client.journal.orders import Report, decode_order, encode_line
from runyard.client.journal.sender.loop import Loop, Orders
from runyard.client.journal.settings import JournalSettings

READ_BYTES = 64 * 1024
LOG = "sender.log"


class Outlet:
    """Reports on a file descriptor. A process that does not read them, or is gone, holds nothing up."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._kept: list[bytes] = []
        self._lock = threading.Lock()
        with contextlib.suppress(OSError):
            os.set_blocking(fd, False)

    def report(self, report: Report) -> None:
        """Write a line, or keep it for later; of how far it is only the latest line counts."""
        with self._lock:
            if report.sent is None or not self._kept:
                self._kept.append(encode_line(report))
            while self._kept:
                try:
                    os.write(self._fd, self._kept[0])
                except BlockingIOError:
                    return
                except OSError:
                    self._kept.clear()
                    return
                del self._kept[0]


def read_orders(fd: int, orders: Orders) -> None:
    """Orders of a file descriptor, until its other end is closed."""
    rest = b""
    with contextlib.suppress(OSError):
        while piece := os.read(fd, READ_BYTES):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                order = decode_order(line)
                if order is not None:
                    orders.put(order)
    orders.end()


def main() -> None:
    """Send the journal that the first argument names. Ends by itself."""
    folder = JournalFolder(Path(sys.argv[1]))
    os.umask(0o077)
    for number in (signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)):
        signal.signal(number, signal.SIG_IGN)
    orders = Orders()
    threading.Thread(target=read_orders, args=(0, orders), name="orders", daemon=True).start()
    try:
        Loop(folder, orders, Outlet(1).report, JournalSettings.of_environment()).run()
    except Exception:
        with contextlib.suppress(OSError), open(folder.path / LOG, "a", encoding="utf-8") as log:
            traceback.print_exc(file=log)
        os._exit(1)
    os._exit(0)  # uploads that were given up may still hang in a request
