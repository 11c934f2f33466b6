"""When the server stops, nobody waits for the reader of a stream who reads nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from runyard.server.patient import ENDLESS, PatientProtocol


class Connection(PatientProtocol):
    """A connection in some state."""

    def __init__(self, scope: dict[str, Any] | None, *, done: bool, paused: bool) -> None:
        self.aborted = False
        self.cycle: Any = SimpleNamespace(response_complete=done)
        if scope is not None:
            self.cycle.scope = scope
        self.flow: Any = SimpleNamespace(write_paused=paused)
        self.transport: Any = SimpleNamespace(abort=self._abort)

    def _abort(self) -> None:
        self.aborted = True


@pytest.mark.parametrize(
    ("connection", "ends"),
    [
        (Connection({ENDLESS: True}, done=False, paused=True), True),
        (Connection({ENDLESS: True}, done=False, paused=False), False),
        (Connection({ENDLESS: True}, done=True, paused=True), False),
        (Connection({ENDLESS: False}, done=False, paused=True), False),
        (Connection({}, done=False, paused=True), False),
        (Connection(None, done=False, paused=True), False),
    ],
)
def test_only_a_stream_that_nobody_reads_is_cut(connection: Connection, ends: bool) -> None:
    connection.end_unread_stream()
    assert connection.aborted is ends
