"""A line between a client and a server that can be slow or cut: a TCP relay on loopback."""

from __future__ import annotations

import asyncio
import contextlib
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
        self._listener: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="bench-line", daemon=True)
        self._thread.start()
        self._do(self._listen)

    def cut(self) -> None:
        """The server cannot be reached from now on."""
        self._do(self._cut)

    def mend(self) -> None:
        """It can be reached again, at the same port."""
        self._do(self._listen)

    def end(self) -> None:
        """Cut for good."""
        self._do(self._cut)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(work(), self._loop).result(10)

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _cut(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            there_reader, there_writer = await asyncio.open_connection(*self._server)
            self._open |= {writer, there_writer}
            try:
                await asyncio.gather(self._pass(reader, there_writer), self._pass(there_reader, writer))
            finally:
                self._open -= {writer, there_writer}
                for one in (writer, there_writer):
                    one.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE_BYTES):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                writer.write(piece)
                await writer.drain()
        writer.close()
