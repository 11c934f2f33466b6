"""The journal of a tracking URI: what its store and its artifact repositories share in a process."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import warnings
from pathlib import Path

from runyard.client.addresses import Address
from runyard.client.journal.calls.desk import DEFAULT_EXPERIMENT, Desk
from runyard.client.journal.folder import home_trouble
from runyard.client.journal.recorder import FlushState, Recorder, recorder_for
from runyard.client.journal.settings import DIRECT, OFFLINE, JournalSettings
from runyard.client.journal.target import Target
from runyard.client.renewal import principal_of, source_of
from runyard.errors import InvalidInput
from runyard.mlflow_plugin.errors import as_mlflow
from runyard.mlflow_plugin.fluent_api import active_experiment_id, chosen_workspace, end_runs_first
from runyard.mlflow_plugin.host_credentials import HostCredentials, address_of
from runyard.mlflow_plugin.way import MlflowWay

log = logging.getLogger("runyard.mlflow")


class RunyardWarning(UserWarning):
    """What was logged earlier is not, or cannot be, on the server."""


class OpenJournal(Desk):
    """A recorder, what is known of its runs, and the way to the server."""

    def __init__(self, credentials: HostCredentials, recorder: Recorder) -> None:
        way = MlflowWay(credentials, offline=recorder.target.offline)
        super().__init__(recorder, way, way.reach)
        self.credentials = credentials
        self.settings = recorder.settings
        self._told_where = False

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

    def chosen_experiment(self) -> str:
        """The experiment that MLflow's fluent API is in."""
        return active_experiment_id() or DEFAULT_EXPERIMENT

    @property
    def grants(self) -> bool:
        """A training that goes on with its run is not held up."""
        return True

    def run_begun_here(self) -> None:
        """Say where runs are, once in a process."""
        if self._told_where:
            return
        self._told_where = True
        if self.reach.offline:
            log.warning("Runyard is offline: runs are written to %s. `runyard sync` sends them.", self.place)
        else:
            log.warning(
                "%s is not in reach: runs are written to %s, and sent in the background once it answers, or by "
                "`runyard sync`.",
                self.credentials.host,
                self.place,
            )

    @property
    def place(self) -> Path:
        """Where the user finds the journal."""
        return self.recorder.begin()


def journal_of(uri: str) -> OpenJournal | None:
    """The journal of a tracking URI; None where RUNYARD_MODE=direct wants none.

    Raises: MlflowException.
    """
    return _opened(address_of(uri))


def journal_at(uri: str) -> OpenJournal | None:
    """As `journal_of`, of the workspace that `mlflow.set_workspace` chose where the URI names none."""
    address = address_of(uri)
    return elsewhere(address) or _opened(address)


def elsewhere(address: Address) -> OpenJournal | None:
    """The journal of the workspace that `mlflow.set_workspace` chose; None where the address decides.

    Raises: MlflowException.
    """
    if address.workspace is not None:
        return None
    name = chosen_workspace()
    return None if name is None else _opened(dataclasses.replace(address, workspace=name))


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
