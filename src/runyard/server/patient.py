"""uvicorn's protocol with an end to its patience.

uvicorn parses all that a client sends ahead, one object for each request, and waits for ever for bodies that trickle and
for answers that nobody reads. Here a client that sends requests faster than they are answered is made to wait, and one
that neither sends nor reads is let go, whatever it asked for and before anybody asks who it is.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PIECE_BYTES = 16 * 1024
"""What is parsed before it is looked whether requests wait already."""
STALLED_S = 60
"""How long an answer that is not read, or a connection that is closed, may stand still."""
BODY_S = 90
LEAST_BYTES = 64 * 1024
"""A body brings this much in BODY_S seconds, unless it is we who are slow."""

ENDLESS = "runyard.endless"
"""In the scope of a request whose answer goes on until somebody ends it."""

LOOKED_AT = 200
"""Connections among which one that says nothing is sought."""


class _Flow(FlowControl):
    """Whoever wants to read on waits until what was read is answered."""

    def __init__(self, transport: asyncio.Transport, waits: Callable[[], bool]) -> None:
        super().__init__(transport)
        self._waits = waits

    def resume_reading(self) -> None:
        if not self._waits():
            super().resume_reading()


class PatientProtocol(HttpToolsProtocol):
    """Limits of one connection. `take` is what a subclass does with the bytes that come.

    Args:
        most_connections: of the process; None: no limit.
    """

    def __init__(self, *args: Any, most_connections: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._most_connections = most_connections
        self.between = True  # requests: the parser has seen no byte of the next one
        self.in_head = False
        self.bodies = 0  # how many began
        self.arrived = 0  # bytes of all bodies
        self._held = b""  # what came while requests waited
        self._going_on = False
        self._body_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._end_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._most_connections is not None and len(self.connections) > self._most_connections:
            self._make_room()
        self.flow = _Flow(transport, lambda: bool(self._held or self.pipeline))

    def _make_room(self) -> None:
        """More connections than this process has files for: somebody's who says nothing ends, else the newest."""
        some: Iterable[Any] = itertools.islice(self.connections, LOOKED_AT)
        silent = (one for one in some if one is not self and one.is_silent())
        next(silent, self).transport.abort()

    def is_silent(self) -> bool:
        """Whether nothing is being asked or answered."""
        return self.is_idle() and self.between

    def take(self, data: bytes) -> None:
        """Parse."""
        super().data_received(data)

    def is_receiving(self) -> bool:
        """Whether more of a body is to come."""
        return not self.between and not self.in_head

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._held = b""
        for timer in (self._body_timer, self._write_timer, self._end_timer):
            if timer is not None:
                timer.cancel()

    # --- requests that come faster than they are answered ---

    def data_received(self, data: bytes) -> None:
        if self._held:
            self._held += data
            self.flow.pause_reading()
        elif len(data) <= PIECE_BYTES:
            self.take(data)
        else:
            self._take_in_pieces(data)

    def _take_in_pieces(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE_BYTES):
            if self.transport.is_closing():
                return
            if self._must_wait():
                self._held = data[start:]
                self.flow.pause_reading()
                return
            self.take(data[start : start + PIECE_BYTES])

    def _must_wait(self) -> bool:
        return bool(self.pipeline) or self.flow.write_paused

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._held or self.pipeline or self.flow.write_paused or self.transport.is_closing():
            self._after_answer()

    def _after_answer(self) -> None:
        if self.transport.is_closing():
            self._watch_end()
        elif self._must_wait():
            self.flow.pause_reading()
        elif not self._going_on:
            self._going_on = True
            self.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._going_on = False
        if self.transport.is_closing() or self._must_wait():
            return
        data, self._held = self._held, b""
        self.flow.resume_reading()
        if data:
            self._take_in_pieces(data)

    # --- answers that nobody reads ---

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(STALLED_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        if self._held or self.is_idle():
            self._go_on()

    def end_unread_stream(self) -> None:
        """Nobody waits for the reader of an answer without end who reads nothing, when the server stops."""
        scope: Any = getattr(self.cycle, "scope", None)
        if scope and scope.get(ENDLESS) and not self.is_idle() and self.flow.write_paused:
            self.transport.abort()

    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._watch_end()

    def send_400_response(self, msg: str) -> None:
        super().send_400_response(msg)
        self._watch_end()

    def _watch_end(self) -> None:
        """A closed connection ends once all is read, which may be never."""
        if self._end_timer is None:
            self._end_timer = self.loop.call_later(STALLED_S, self.transport.abort)

    # --- bodies that trickle ---

    def on_headers_complete(self) -> None:
        self.bodies += 1
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.arrived += len(body)
        super().on_body(body)

    def watch_body(self) -> None:
        """One timer for all bodies that come in pieces; it is left running when a body is complete."""
        if self._body_timer is None:
            self._body_timer = self.loop.call_later(BODY_S, self._look_at_body, self.bodies, self.arrived)

    def _look_at_body(self, bodies: int, arrived: int) -> None:
        self._body_timer = None
        if not self.is_receiving():
            return
        slow = self.bodies == bodies and self.arrived - arrived < LEAST_BYTES
        if slow and not self.flow.read_paused:
            self.timeout_keep_alive_handler()
        else:
            self.watch_body()
