"""One server process from start to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import shlex
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

import uvicorn

from runyard.errors import RunyardError
from runyard.server.app import build
from runyard.server.fast_lane import FastLane, KnownHeads
from runyard.server.first_owner import has_owner
from runyard.server.patient import PatientProtocol
from runyard.server.settings import Settings, is_loopback
from runyard.server.storage import DataDirectory
from runyard.server.workers import CannotStart, supervise

GRACE_S = 10
MOST_FILES = 65_536  # of one process
FILES_KEPT = 64  # for what is not a connection
SWITCH_INTERVAL_S = 0.0005  # the event loop and the writer thread share the interpreter


class _Server(uvicorn.Server):
    """Tells when it is ready and when it stops, and leaves the signals to us so that the exit code is 0."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], stopping: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, PatientProtocol):
                connection.end_unread_stream()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        self.should_exit = True
        self._stopping()


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; what was acknowledged is finished first.

    Raises: CannotStart.
    """
    _check(settings)
    try:
        directory = DataDirectory(settings)
    except RunyardError as exc:
        raise CannotStart(exc.message) from exc
    listener = _listen(settings)
    settings = replace(settings, port=listener.getsockname()[1])  # jobs are told how they reach this server
    message = ready_message(settings, listener.getsockname()[1]) + _owner_hint(settings)
    if settings.workers == 1:
        _run(settings, listener, lambda: print(message, flush=True))
    else:
        supervise(settings.workers, lambda ready: _run(settings, listener, ready), message)
    directory.close()
    print("Runyard has stopped. Everything that was acknowledged is stored.", flush=True)


def _run(settings: Settings, listener: socket.socket, ready: Callable[[], None]) -> None:
    try:
        runtime = build(settings)
    except RunyardError as exc:
        raise CannotStart(exc.message) from exc
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.freeze()  # what is here stays; the collector need not look at it again
    config = uvicorn.Config(
        runtime.application,
        loop="uvloop",
        http=partial(  # type: ignore[arg-type]  # called like a class
            FastLane, runtime.application, KnownHeads(), most_connections=most_connections()
        ),
        proxy_headers=False,
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=settings.tls_cert or None,
        ssl_keyfile=settings.tls_key or None,
    )
    server = _Server(config, ready, runtime.stopping)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(server.serve([listener]))


def most_connections() -> int:
    """How many connections this process has files for, with some left for the database and the artifacts. It takes all
    the files that it may have; shells and services give a thousand unless they are asked.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    files = MOST_FILES if soft == resource.RLIM_INFINITY else min(soft, MOST_FILES)
    return max(8, files - max(FILES_KEPT, files // 8))


def ready_message(settings: Settings, port: int) -> str:
    """What a person reads when the server is ready."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"{'https' if settings.tls_cert else 'http'}://{host}:{port}"
    login = (
        "  login:   every client needs a token: runyard login --server " + url + "\n"
        if settings.needs_login
        else ""
    )
    return (
        f"Runyard is ready at {url}\n"
        f"  data:    {settings.data_dir}\n"
        f"  studio:  {url} in a browser\n"
        f"  clients: export MLFLOW_TRACKING_URI={url}\n"
        f"{login}"
        "  stop:    Ctrl-C"
    )


def _owner_hint(settings: Settings) -> str:
    """How to make the first owner, where a login is needed and nobody could give anybody anything."""
    if not settings.needs_login or settings.oidc_owners:
        return ""
    try:
        if has_owner(settings):
            return ""
    except RunyardError as exc:
        raise CannotStart(exc.message) from exc
    place = "--database URL" if settings.database else f"--data {shlex.quote(settings.data)}"
    return f"\n  owner:   nobody owns this server yet; make one: runyard admin create-owner NAME {place}"


def _check(settings: Settings) -> None:
    if settings.auth not in ("local", "required"):
        raise CannotStart(f"--auth {settings.auth} is neither local nor required.")
    if settings.oidc_issuer and not settings.oidc_client_id:
        raise CannotStart("--oidc-issuer needs --oidc-client-id, by which the provider knows this server.")
    issuer = urlsplit(settings.oidc_issuer)
    if settings.oidc_issuer and issuer.scheme != "https" and not is_loopback(issuer.hostname or ""):
        raise CannotStart(f"--oidc-issuer {settings.oidc_issuer} must begin with https://.")
    if settings.datastore_proxy and not settings.datastore_proxy.startswith(("http://", "https://")):
        raise CannotStart("--datastore-proxy must begin with http:// or https://.")
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise CannotStart("HTTPS needs both --tls-cert and --tls-key.")
    for path in filter(None, (settings.tls_cert, settings.tls_key)):
        if not os.access(path, os.R_OK):
            raise CannotStart(f"The file {path} cannot be read.")
    if not is_loopback(settings.host) and not settings.insecure and not settings.tls_cert:
        raise CannotStart(
            f"{settings.host} can be reached from other machines, and passwords and tokens would travel unencrypted. "
            "Give --tls-cert and --tls-key, listen on 127.0.0.1 behind a proxy that does TLS, or add --insecure if "
            "you trust everyone on that network."
        )
    if settings.workers > 1 and not settings.database:
        raise CannotStart(
            f"--workers {settings.workers} needs PostgreSQL (--database); SQLite has one writer, so use 1."
        )


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as exc:
        listener.close()
        raise CannotStart(
            f"Port {settings.port} of {settings.host} cannot be used: {exc.strerror}. Choose another with --port."
        ) from exc
    listener.setblocking(False)
    listener.listen(1024)
    return listener
