"""The journal of a tracking URI: what its store and its artifact repositories share in a process."""

from __future__ import annotations

import contextlib
import functools
import logging
import time
import warnings
from pathlib import Path
from typing import Any

from runyard.client.addresses import Address
from runyard.client.journal import local_reads
from runyard.client.journal.folder import JournalFolder, home_trouble, journal_home
from runyard.client.journal.logbook import Logbook
from runyard.client.journal.offline_names import OfflineExperiments
from runyard.client.journal.recorder import FlushState, Recorder, recorder_for
from runyard.client.journal.run_state import RunState
from runyard.client.journal.settings import DIRECT, OFFLINE, JournalSettings
from runyard.client.journal.state import LocalState
from runyard.client.journal.target import Target
from runyard.client.renewal import principal_of, source_of
from runyard.errors import InvalidInput
from runyard.mlflow_plugin.errors import as_mlflow
from runyard.mlflow_plugin.fluent_api import end_runs_first
from runyard.mlflow_plugin.host_credentials import HostCredentials, address_of
from runyard.mlflow_plugin.reach import Reach

log = logging.getLogger("runyard.mlflow")
READ_DRAIN_S = 10.0  # that a read waits for what was logged before it
STUCK_S = 30.0  # that it does not, once it was in vain, until something moves


class RunyardWarning(UserWarning):
    """What was logged earlier is not, or cannot be, on the server."""


class OpenJournal:
    """A recorder, what is known of its runs, and the way to the server.

    Attributes:
        home: the folder of all journals of this machine.
    """

    def __init__(self, credentials: HostCredentials, recorder: Recorder) -> None:
        self.credentials = credentials
        self.recorder = recorder
        self.settings = recorder.settings
        self.home = journal_home()
        self.state = LocalState()
        self.experiments = OfflineExperiments(self.home)
        self.reach = Reach(credentials, offline=recorder.target.offline)
        self.logbook = Logbook(recorder, self.state, self._look_up)
        self._finders: list[Any] = []
        self._stuck_at, self._stuck_until = -1, 0.0

    def _look_up(self, run_id: str) -> RunState:
        for find in self._finders:
            found: RunState = find(run_id)
            return found
        raise LookupError("no store finds runs yet")

    def find_runs_by(self, find: Any) -> None:
        """How a run is found that is not known here."""
        self._finders = [find]

    def settle(self, timeout_s: float = READ_DRAIN_S) -> bool:
        """Have what was logged on the server before something is read; whether it is there.

        Does not wait in trouble, nor where waiting was in vain a moment ago.
        """
        recorder = self.recorder
        self.tell_news()
        if recorder.sent >= recorder.seq:
            return True
        stuck = recorder.sent == self._stuck_at and time.monotonic() < self._stuck_until
        if self.reach.offline or recorder.trouble is not None or stuck:
            return False
        if recorder.flush(timeout_s, patient=False).sent:
            return True
        self._stuck_at, self._stuck_until = recorder.sent, time.monotonic() + STUCK_S
        return False

    def drain(self) -> FlushState:
        """Have what was logged on the server at the end of a run, in sight of the user."""
        state = self.recorder.flush(progress=not self.reach.offline, patient=False)
        self.tell_news()
        return state

    def tell_news(self) -> None:
        """What was refused, and the like: told once, as a warning and in the log."""
        for text in self.recorder.take_news():
            log.warning("%s", text)
            with contextlib.suppress(
                RunyardWarning
            ):  # where warnings are errors: no training fails over this
                warnings.warn(text, RunyardWarning, stacklevel=4)

    def journals_of(self, run_id: str) -> list[JournalFolder]:
        """The journals of this machine that speak of a run or model."""
        return local_reads.journals_of(self.home, run_id)

    @property
    def place(self) -> Path:
        """Where the user finds the journal."""
        return self.recorder.begin()


def journal_of(uri: str) -> OpenJournal | None:
    """The journal of a tracking URI; None where RUNYARD_MODE=direct wants none.

    Raises: MlflowException.
    """
    return _opened(address_of(uri))


@functools.cache
def _opened(address: Address) -> OpenJournal | None:
    try:
        settings = JournalSettings.of_environment()
    except InvalidInput as exc:
        raise as_mlflow(exc) from exc
    if settings.mode == DIRECT or (settings.mode != OFFLINE and _refused()):
        return None
    credentials = HostCredentials(address, source_of(address))
    offline = settings.mode == OFFLINE
    place, whose = address.place or "", principal_of(address.token)
    key = (address.server, place, whose)
    _newest[key] = credentials
    target = Target(address.server, place, lambda: _newest[key].for_sender(), offline, whose)
    end_runs_first()
    return OpenJournal(credentials, recorder_for(target))


_newest: dict[tuple[str, str, str], HostCredentials] = {}
"""By server, workspace and principal: those of the tracking URI that was last opened, with the freshest token."""


def _refused() -> bool:
    """Whether there is no place for a journal; said once."""
    trouble = home_trouble()
    if trouble is not None:
        log.warning(
            "There is no place for a journal: %s. Each call that logs waits for the server. Set RUNYARD_JOURNAL to a folder "
            "that can be written to, or RUNYARD_MODE=direct.",
            trouble,
        )
    return trouble is not None
