"""What a run logs, written down first: it survives the server's and the program's end, and is sent in the background."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from runyard.client.errors import ServerUnreachable
from runyard.client.journal.folder import home_trouble
from runyard.client.journal.logbook import Logbook
from runyard.client.journal.recorder import Recorder, recorder_for
from runyard.client.journal.run_state import RunState
from runyard.client.journal.settings import DIRECT, OFFLINE, REFERENCE, JournalSettings
from runyard.client.journal.state import LocalState
from runyard.client.journal.target import Target
from runyard.client.renewal import principal_of
from runyard.client.transport import Connection
from runyard.entities.common import Tag
from runyard.errors import RunyardError
from runyard.sdk.exceptions import AzureMLException, UserErrorException, documented
from runyard.sdk.link import Link, translated
from runyard.sdk.run_sink import BatchingSink, RunSink, SentPoint

log = logging.getLogger("runyard.sdk")
READ_DRAIN_S = 10.0
LEAST, MOST = -(2**63), 2**63 - 1


class Flow:
    """The journal of a workspace in this process, on somebody's behalf."""

    def __init__(self, link: Link, recorder: Recorder) -> None:
        self._link = link
        self.recorder = recorder
        self.logbook = Logbook(recorder, LocalState(), self._find)

    @property
    def settled(self) -> bool:
        """Whether the server has all that was logged."""
        return self.recorder.sent >= self.recorder.seq

    def settle(self) -> None:
        """Have it sent, within some seconds; not while that is not possible."""
        if not self.settled and self.recorder.trouble is None:
            self.recorder.flush(READ_DRAIN_S, patient=False)

    def _find(self, run_id: str) -> RunState:
        try:
            answer = self._link.connection.get("/api/2.0/mlflow/runs/get", run_id=run_id)
        except RunyardError as exc:
            raise documented(exc) from exc
        return RunState.told(answer["run"])


class JournalSink:
    """A RunSink on the journal of this process. Tags and the status go to the server at once, where there is one.

    Args:
        document: the run as the server told it last.
    """

    def __init__(self, link: Link, flow: Flow, run_id: str, document: Mapping[str, Any]) -> None:
        self._direct = BatchingSink(link.impatient(), run_id)
        self._flow = flow
        self._logbook = flow.logbook
        self._recorder = flow.recorder
        self.run_id = run_id
        flow.logbook.know(RunState.told(dict(document)))

    def point(self, point: SentPoint) -> None:
        """Take a point. 10 µs."""
        name, value, step, ms = point
        if not LEAST <= step <= MOST:
            raise UserErrorException(f"Metric {name!r}: the step {step} is no 64-bit integer.")
        self._write(lambda: self._logbook.log_metric(self.run_id, name, value, ms, step))

    def record(self, name: str, kind: str, body: Mapping[str, Any], ms: int) -> None:
        """Take a record."""
        record = {"uuid": uuid.uuid4().hex, "name": name, "kind": kind, "logged_ms": ms, "body": dict(body)}
        path = f"/api/v1/runs/{self.run_id}/records"
        self._write(lambda: self._logbook.call(self.run_id, path, {"records": [record]}))

    def tags(self, tags: Mapping[str, str]) -> None:
        """Set tags."""
        found = [Tag(key, value) for key, value in tags.items()]
        if not self._told(lambda: self._direct.tags(tags)):
            self._write(lambda: self._logbook.log_batch(self.run_id, [], [], found))

    def change(self, status: str, end_ms: int | None) -> bool:
        """Set the status. The end of a run waits until all is sent, for RUNYARD_DRAIN_S at most."""
        if end_ms is not None:
            self._recorder.flush(progress=True, patient=False)
        if self._flow.settled and self._told(lambda: self._direct.change(status, end_ms)):
            self._write(lambda: self._logbook.update(self.run_id, status, end_ms, None))
            return True
        self._write(lambda: self._logbook.update(self.run_id, status, end_ms, None))
        return False

    def file(self, name: str, source: Path) -> bool:
        """Take a file."""
        copy = self._recorder.settings.files != REFERENCE
        owner = f"runs/{self.run_id}"
        self._write(lambda: self._logbook.add_file(owner, name, source, copy=copy, run_id=self.run_id))
        return True

    def began(self) -> None:
        """The journal says so: its sender tells the server that the run is alive."""
        self._write(lambda: self._logbook.hold(self.run_id))

    def flush(self, timeout_s: float | None = None, *, must_send: bool = True) -> None:
        """Have all of it sent.

        Raises: AzureMLException, when it is not, or when the server refused some of it; all else is kept.
        """
        state = self._recorder.flush(timeout_s, progress=True, patient=False)
        refused = self._recorder.take_news()
        if refused:
            raise AzureMLException("; ".join(refused))
        if must_send and not state.sent:
            raise AzureMLException(
                f"{state.waiting} records are not sent yet ({state.trouble or 'there was not enough time'}). "
                f"{self._recorder.folder} keeps them; they are sent in the background, or by `runyard sync`."
            )

    def _told(self, work: Callable[[], object]) -> bool:
        """Whether the server has it; False when nobody answers."""
        if self._recorder.target.offline:
            return False
        try:
            work()
        except AzureMLException as exc:
            if isinstance(exc.inner_exception, ServerUnreachable):
                return False
            raise
        return True

    def _write(self, work: Callable[[], object]) -> None:
        try:
            translated(work)
        except (UnicodeError, OverflowError) as exc:
            raise UserErrorException(f"This cannot be logged: {exc}.", exc) from exc


_flows: dict[Target, Flow] = {}


def sink_of(link: Link, run_id: str, document: Mapping[str, Any]) -> RunSink:
    """Where a run's values go: into the journal, unless RUNYARD_MODE=direct wants none or there is no place for one.

    Raises: AzureMLException, if a setting cannot be read.
    """
    settings = translated(JournalSettings.of_environment)
    if settings.mode == DIRECT or (settings.mode != OFFLINE and home_trouble() is not None):
        return BatchingSink(link, run_id)
    connection = link.connection
    target = Target(
        connection.server,
        connection.workspace or "",
        connection.token,
        settings.mode == OFFLINE,
        principal_of(connection.token()),
    )
    flow = _flows.get(target)
    if flow is None:
        flow = _flows[target] = Flow(link, recorder_for(target))
    return JournalSink(link, flow, run_id, document)


def _settle(connection: Connection) -> None:
    """Before a request: what was logged to the same workspace is sent first."""
    for target, flow in list(_flows.items()):
        if (target.server, target.workspace) == (connection.server, connection.workspace or ""):
            flow.settle()


Link.before.append(_settle)
