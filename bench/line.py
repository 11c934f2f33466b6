"""A line between a client and a server that can be slow or cut: a TCP relay on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any

PIECE_BYTES = 256 * 1024


class FaultyLine:
    """Passes bytes on, each after `delay_s`; once `cut`, connections break and new ones are refused, until `mend`."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self.delay_s = 0.0
        self.port = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: socket.socket | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="bench-line", daemon=True)
        self._thread.start()
        self._do(self._listen)

    @property
    def is_open(self) -> bool:
        """Whether the server can be reached."""
        return self._listener is not None

    def cut(self) -> None:
        """The server cannot be reached from now on."""
        self._do(self._cut)

    def mend(self) -> None:
        """It can be reached again, at the same port."""
        self._do(self._listen)

    def end(self) -> None:
        """Cut for good."""
        self._do(self._cut)
        self._do(self._last)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(work(), self._loop).result(10)

    async def _listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._loop.add_reader(self._listener, self._accept, self._listener)

    def _accept(self, listener: socket.socket) -> None:
        """By hand: a connection that asyncio's own server has accepted just before it is closed would hang for ever."""
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            task = self._loop.create_task(self._serve(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _cut(self) -> None:
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        for writer in list(self._open):
            writer.transport.abort()

    async def _last(self) -> None:
        """Until every connection has ended."""
        while self._tasks:
            await asyncio.wait(list(self._tasks), timeout=0.05)
            for writer in list(self._open):
                writer.transport.abort()
        await asyncio.sleep(0.05)  # transports close in the rounds of the loop that follow

    async def _serve(self, connection: socket.socket) -> None:
        mine: list[asyncio.StreamWriter] = []
        try:
            with contextlib.suppress(OSError):
                reader, writer = await self._opened(mine, sock=connection)
                there_reader, there_writer = await self._opened(mine, *self._server)
                if self._listener is not None:  # it may have been cut meanwhile
                    await asyncio.gather(self._pass(reader, there_writer), self._pass(there_reader, writer))
        finally:
            self._open.difference_update(mine)
            for one in mine:
                one.close()

    async def _opened(
        self, mine: list[asyncio.StreamWriter], *address: Any, **options: Any
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(*address, **options)
        mine.append(writer)
        self._open.add(writer)
        return reader, writer

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE_BYTES):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                writer.write(piece)
                await writer.drain()
        writer.close()
