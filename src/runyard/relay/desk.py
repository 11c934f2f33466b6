"""What all answers of a relay share: the journal, what is known of its runs, and the server behind."""

from __future__ import annotations

import logging

from runyard.client.journal import local_reads
from runyard.client.journal.folder import JournalFolder, journal_home
from runyard.client.journal.logbook import Logbook
from runyard.client.journal.offline_names import OfflineExperiments
from runyard.client.journal.recorder import Recorder
from runyard.client.journal.run_state import RunState
from runyard.client.journal.state import LocalState
from runyard.entities.log_rules import run_absent
from runyard.errors import NotFound, StorageUnavailable
from runyard.relay.server import Away, Server

log = logging.getLogger("runyard.relay")

GET_RUN = "/api/2.0/mlflow/runs/get"
READ_DRAIN_S = 10.0  # that a read waits for what was logged before it


class Desk:
    """Any number of threads."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.server = Server(recorder.target)
        self.home = journal_home()
        self.state = LocalState()
        self.experiments = OfflineExperiments(self.home)
        self.logbook = Logbook(recorder, self.state, self._looked_up)

    def settle(self, timeout_s: float = READ_DRAIN_S) -> bool:
        """Have what was logged on the server before something is read; whether it is. Does not wait in trouble."""
        recorder = self.recorder
        if recorder.sent >= recorder.seq:
            return True
        if self.server.offline or recorder.trouble is not None or not self.server.there():
            return False
        return recorder.flush(timeout_s, patient=False).sent

    def journals_of(self, run_id: str) -> list[JournalFolder]:
        """The journals of this machine that speak of a run or model."""
        return local_reads.journals_of(self.home, run_id)

    def local_run(self, run_id: str) -> RunState:
        """A run as it is known on this machine.

        Raises: NotFound.
        """
        found = self.state.runs.get(run_id) or self._in_journals(run_id)
        if found is None:
            raise run_absent(run_id)
        return found

    def _in_journals(self, run_id: str) -> RunState | None:
        folders = self.journals_of(run_id)
        return local_reads.replayed(folders, run_id) if folders else None

    def _looked_up(self, run_id: str) -> RunState:
        """A run that this relay does not know. Nobody to ask: it is taken for granted, and refused later if it is not there."""
        if self.server.there():
            try:
                return RunState.told(self.server.ask("GET", GET_RUN, run_id=run_id)["run"])
            except Away:
                pass
            except NotFound:
                found = self._in_journals(run_id)
                if found is None:
                    raise
                return found
        found = self._in_journals(run_id)
        if found is None:
            log.warning(
                "No server is in reach to ask for run %s. What is logged to it is kept, and sent once there is one.",
                run_id,
            )
            found = RunState(run_id, "0", f"runyard://experiments/-/runs/{run_id}/artifacts")
        return found

    def tell_news(self) -> None:
        """What was refused, and the like, goes to the log."""
        for text in self.recorder.take_news():
            log.warning("%s", text)


def away(what: str) -> StorageUnavailable:
    """Nobody can answer just now.

    Args:
        what: a sentence on what is missing.
    """
    error = StorageUnavailable(f"{what} What was logged is kept, and will be sent.")
    error.retry_after_s = 5
    return error
