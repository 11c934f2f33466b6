"""A relay that serves: on loopback, in a thread of its own."""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import uvicorn

from runyard.client.journal.calls.desk import Desk
from runyard.client.journal.folder import journal_home
from runyard.client.journal.recorder import Recorder
from runyard.errors import InternalFault, InvalidInput
from runyard.relay.application import Relay, sweep
from runyard.relay.holders import Holders

HOST = "127.0.0.1"
START_S = 15.0
STOP_S = 10.0


@dataclass(frozen=True)
class Running:
    """Where it is. `repr` never shows the token."""

    desk: Desk
    holders: Holders
    port: int
    token: str | None

    def __repr__(self) -> str:
        return f"Running(port={self.port})"

    @property
    def environment(self) -> dict[str, str]:
        """What a client of MLflow has to be told."""
        found = {"MLFLOW_TRACKING_URI": f"http://{HOST}:{self.port}"}
        return found if self.token is None else {**found, "MLFLOW_TRACKING_TOKEN": self.token}


@contextlib.contextmanager
def running(recorder: Recorder, port: int = 0, *, guarded: bool = True) -> Iterator[Running]:
    """Serve until the block ends. What was logged is not waited for.

    Args:
        port: 0 chooses a free one.
        guarded: only for requests with the relay's own token, a new one each time.
    Raises: InvalidInput, when the port is taken; StorageUnavailable, when the journal's folder cannot be made.
    """
    token = secrets.token_urlsafe(32) if guarded else None
    recorder.begin()
    sweep(journal_home())
    relay = Relay(recorder, token, journal_home())
    with contextlib.closing(socket.socket()) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as exc:
            raise InvalidInput(
                f"Port {port} cannot be listened on ({exc.strerror}). Choose another --port."
            ) from exc
        config = uvicorn.Config(
            relay,
            log_level="warning",
            access_log=False,
            ws="none",
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=600,
            timeout_graceful_shutdown=5,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="runyard-relay", daemon=True
        )
        thread.start()
        deadline = time.monotonic() + START_S
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise InternalFault("The relay did not start. Its log says more.")
            time.sleep(0.01)
        served = listener.getsockname()[1]
        watching = threading.Thread(
            target=relay.holders.watch, args=[served], name="runyard-holders", daemon=True
        )
        watching.start()
        try:
            yield Running(relay.desk, relay.holders, served, token)
        finally:
            relay.holders.end()
            server.should_exit = True
            thread.join(STOP_S)
