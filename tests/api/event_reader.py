"""A reader of server-sent events, for tests."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.api.live_server import Client

ACCEPT = {"Accept": "text/event-stream"}


class Event(NamedTuple):
    """One event."""

    name: str
    data: Any


class Stream:
    """An open stream on a connection of its own."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self.connection = connection
        self.answer = connection.getresponse()

    def next(self) -> Event | None:
        """The next event; None at the end of the stream. Raises: TimeoutError."""
        name, data = "", ""
        while True:
            line = self.answer.readline()
            if not line:
                return None
            key, _, value = line.decode().rstrip("\n").partition(": ")
            if key == "event":
                name = value
            elif key == "data":
                data = value
            elif not key and name:
                return Event(name, json.loads(data))

    def until(self, name: str, within_s: float = 30) -> Any:
        """The data of the next event of that name."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            event = self.next()
            assert event is not None, "the stream has ended"
            if event.name == name:
                return event.data
        raise AssertionError(f"no event {name} within {within_s} s")

    def kinds_of(self, run: str, wanted: set[str], within_s: float = 30) -> set[str]:
        """Read until all these kinds of changes of a run were told; all that were."""
        found: set[str] = set()
        deadline = time.monotonic() + within_s
        while not wanted <= found and time.monotonic() < deadline:
            for one in self.until("runs").get("runs", []):
                if one["run_id"] == run:
                    found |= set(one["kinds"])
        assert wanted <= found, found
        return found


@contextlib.contextmanager
def opened(
    port: int, target: str = "/api/v1/events", headers: Mapping[str, str] | None = None, timeout_s: float = 20
) -> Iterator[Stream]:
    """A stream whose first event was read."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("GET", target, headers={**ACCEPT, **(headers or {})})
        stream = Stream(connection)
        assert stream.answer.status == 200, stream.answer.read()
        assert stream.until("hello")["server_ms"] > 0
        yield stream
    finally:
        connection.close()


def follow(
    client: Client, query: str = "", timeout_s: float = 20
) -> contextlib.AbstractContextManager[Stream]:
    """A stream of a client."""
    return opened(client.port, f"{client.base}/api/v1/events{query}", client.headers, timeout_s)
