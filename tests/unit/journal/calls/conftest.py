"""Calls over a journal in a folder, with a server that a test plays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from runyard.client.errors import ServerUnreachable
from runyard.client.journal.calls.desk import Desk
from runyard.client.journal.calls.experiments import Experiments
from runyard.client.journal.calls.models import Models
from runyard.client.journal.calls.reach import FOR_EVER, Reach
from runyard.client.journal.calls.request import Calls, path_values
from runyard.client.journal.calls.runs import Runs
from runyard.client.journal.calls.traces import Traces
from runyard.client.journal.calls.way import Away, Document
from runyard.client.journal.folder import journals
from runyard.client.journal.local_reads import records_of
from runyard.client.journal.recorder import Recorder
from runyard.client.journal.settings import JournalSettings
from runyard.client.journal.target import Target
from runyard.entities.journal import Record
from runyard.wire.mlflow.decoding import decode_body

T = TypeVar("T")


class PlayedServer:
    """Answers what a test says, and notes what it is asked.

    Attributes:
        answers: by method and path: a document, or an error to raise.
        up: whether it answers at all.
    """

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Document | Exception] = {}
        self.asked: list[tuple[str, str, Document]] = []
        self.up = True

    def ask(
        self,
        method: str,
        path: str,
        fields: Document | None = None,
        *,
        repeat: bool = True,
        timeout_s: float | None = None,
    ) -> Document:
        """See `Way.ask`."""
        self.asked.append((method, path, dict(fields or {})))
        if not self.up:
            raise Away(ServerUnreachable("No server answers."))
        found = self.answers[method, path]
        if isinstance(found, Exception):
            raise found
        return found


class Plain:
    """A request as plain data."""

    def __init__(self, server: PlayedServer, method: str, path: str, fields: Document) -> None:
        self.method, self.path, self.fields = method, path, fields
        self._server = server
        self.sent = False

    def read(self, kind: type[T]) -> T:
        """See `Request.read`."""
        return decode_body(json.dumps(self.fields).encode(), kind, path_values(self.path))

    def ask(self, *, repeat: bool = True, timeout_s: float | None = None) -> Document:
        """See `Request.ask`."""
        return self._server.ask(self.method, self.path, self.fields, repeat=repeat, timeout_s=timeout_s)

    def answer(self) -> Document:
        """See `Request.answer`."""
        return self.ask()

    def send(self, then: Callable[[], None] | None = None) -> object:
        """See `Request.send`."""
        self.sent = True
        try:
            return self.ask()
        finally:
            if then is not None:
                then()


class Place:
    """A desk, the calls at it, and the server."""

    def __init__(self, desk: Desk, server: PlayedServer) -> None:
        self.desk = desk
        self.server = server
        experiments = Experiments(desk)
        self.traces = Traces(desk, experiments)
        self.calls: Calls = {
            **experiments.calls,
            **Runs(desk, experiments).calls,
            **Models(desk, experiments).calls,
            **self.traces.calls,
        }

    def call(self, name: str, path: str = "", method: str = "POST", /, **fields: Any) -> Any:
        """The answer to a request."""
        return self.calls[name](Plain(self.server, method, path or f"/{name}", fields))

    def away(self) -> None:
        """The server goes."""
        self.server.up = False
        self.desk.reach.lost()

    @property
    def records(self) -> list[Record]:
        """What is in the journals."""
        return [record for folder in journals(self.desk.home) for record in records_of(folder)]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """With a server that is there, and to which nothing is sent."""
    monkeypatch.setenv("RUNYARD_JOURNAL", str(tmp_path))
    recorder = Recorder(Target("", offline=True), JournalSettings())
    server = PlayedServer()
    reach = Reach(lambda: server.up, offline=False, trusted_s=FOR_EVER, sure_s=FOR_EVER, away_s=FOR_EVER)
    yield Place(Desk(recorder, server, reach), server)
    recorder.close()
