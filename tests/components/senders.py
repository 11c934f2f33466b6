"""Processes that send journals. They outlive the programs that started them, so tests end those of their own folders."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from runyard.client.journal.folder import JournalFolder, journals
from runyard.client.journal.sender.others import CLAIM, Claim


def end_senders(home: Path) -> None:
    """kill -9 whatever sends a journal of a folder."""
    for folder in journals(home):
        end_sender(folder)


def end_sender(folder: JournalFolder) -> None:
    """kill -9 the process that sends a journal, if it is one of its own."""
    found = folder.read(CLAIM, Claim)
    if found is not None and found.process.pid != os.getpid():
        with contextlib.suppress(ProcessLookupError):
            os.kill(found.process.pid, signal.SIGKILL)
