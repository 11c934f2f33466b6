"""What all calls share: the journal, what is known of its runs, and the way to the server."""

from __future__ import annotations

import logging
import time

from runyard.client.journal import local_reads
from runyard.client.journal.calls.reach import Reach
from runyard.client.journal.calls.way import Away, Way
from runyard.client.journal.folder import JournalFolder, journal_home
from runyard.client.journal.logbook import Logbook
from runyard.client.journal.model_state import ModelState
from runyard.client.journal.offline_names import OfflineExperiments
from runyard.client.journal.recorder import Recorder
from runyard.client.journal.run_state import RunState
from runyard.client.journal.state import RUNS, LocalState
from runyard.entities.log_rules import run_absent
from runyard.errors import NotFound

log = logging.getLogger("runyard.journal")

GET_RUN = f"{RUNS}/get"
READ_DRAIN_S = 10.0  # that a read waits for what was logged before it
STUCK_S = 30.0  # that it does not, once it was in vain, until something moves
DEFAULT_EXPERIMENT = "0"


class Desk:
    """Any number of threads. The clients of this package say what is theirs by overriding the last four methods.

    Attributes:
        home: the folder of all journals of this machine.
    """

    def __init__(self, recorder: Recorder, way: Way, reach: Reach) -> None:
        self.recorder = recorder
        self.way = way
        self.reach = reach
        self.home = journal_home()
        self.state = LocalState()
        self.experiments = OfflineExperiments(self.home)
        self.logbook = Logbook(recorder, self.state, self.find)
        self._stuck_at, self._stuck_until = -1, 0.0
        self._told_search = False

    def settle(self, timeout_s: float = READ_DRAIN_S) -> bool:
        """Have what was logged on the server before something is read; whether it is there.

        Does not wait in trouble, nor where waiting was in vain a moment ago.
        """
        recorder = self.recorder
        self.tell_news()
        if recorder.sent >= recorder.seq:
            return True
        stuck = recorder.sent == self._stuck_at and time.monotonic() < self._stuck_until
        if self.reach.offline or recorder.trouble is not None or stuck or not self.reach.there():
            return False
        if recorder.flush(timeout_s, patient=False).sent:
            return True
        self._stuck_at, self._stuck_until = recorder.sent, time.monotonic() + STUCK_S
        return False

    def journals_of(self, one: str) -> list[JournalFolder]:
        """The journals of this machine that speak of a run or model."""
        return local_reads.journals_of(self.home, one)

    def local_run(self, run_id: str) -> RunState | None:
        """A run as this process, or another journal of this machine, knows it."""
        return self.state.runs.get(run_id) or self._in_journals(run_id)

    def local_model(self, model_id: str) -> ModelState | None:
        """A logged model as this process, or another journal of this machine, knows it."""
        found = self.state.models.get(model_id)
        if found is None and (folders := self.journals_of(model_id)):
            found = local_reads.replayed_model(folders, model_id)
            if found is not None:
                self.state.models[model_id] = found
        return found

    def find(self, run_id: str) -> RunState:
        """A run that this process does not know: the server's, or that of another journal of this machine.

        Where neither can be asked it is taken for granted; what is logged is sent later, and refused then if there is
        no such run.

        Raises: RunyardError, as the server answers.
        """
        if self.reach.there():
            self.settle()  # another client in this process may have logged to it
            try:
                return RunState.told(self.way.ask("GET", GET_RUN, {"run_id": run_id})["run"])
            except Away:
                pass
            except NotFound:
                found = self._in_journals(run_id)
                if found is None:
                    raise
                return found
        return self._in_journals(run_id) or self.granted(run_id)

    def granted(self, run_id: str) -> RunState:
        """A run that nobody here knows, as if it were there."""
        log.warning(
            "No server is in reach to ask for run %s. What is logged to it is kept, and sent once there is one.",
            run_id,
        )
        return RunState(run_id, self.chosen_experiment(), f"runyard://experiments/-/runs/{run_id}/artifacts")

    def require_run(self, run_id: str) -> RunState:
        """As `local_run`.

        Raises: NotFound.
        """
        found = self.local_run(run_id)
        if found is None:
            raise run_absent(run_id)
        return found

    def search_here(self) -> None:
        """A search is answered from what is here; where the server may know more, that is said once."""
        if not (self._told_search or self.reach.offline):
            self._told_search = True
            log.warning("No server is in reach: searches find what this machine knows, until it answers.")

    def _in_journals(self, run_id: str) -> RunState | None:
        folders = self.journals_of(run_id)
        return local_reads.replayed(folders, run_id) if folders else None

    def tell_news(self) -> None:
        """What was refused, and the like: told once."""
        for text in self.recorder.take_news():
            log.warning("%s", text)

    def chosen_experiment(self) -> str:
        """The experiment that a run is in of which only the id is known."""
        return DEFAULT_EXPERIMENT

    def run_begun_here(self) -> None:
        """A run was begun in the journal, since no server answered."""

    @property
    def grants(self) -> bool:
        """Whether who asks for a run that nobody knows is told that it is there, so that it can be gone on with."""
        return False
