"""Small helpers to run a foreground server for as long as a test needs it."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

_PORTS = (15_000, 32_000)
_CHANCE = random.SystemRandom()  # not what hypothesis sets back


class ComponentFailed(RuntimeError):
    """A component did not come up; the message ends with the last lines that it wrote."""


def free_ports(count: int) -> list[int]:
    """Return `count` distinct loopback ports that nothing listened on a moment ago.

    Until whoever asked listens there, somebody else might. So the ports are taken at random from below those that the
    system gives to connections, of which other tests make many at the same time.
    """
    found: list[socket.socket] = []
    try:
        while len(found) < count:
            with contextlib.suppress(OSError):
                found.append(socket.create_server(("127.0.0.1", _CHANCE.randrange(*_PORTS))))
        return [sock.getsockname()[1] for sock in found]
    finally:
        for sock in found:
            sock.close()


def accepts(port: int) -> bool:
    """Tell whether something accepts connections on this loopback port."""
    with contextlib.closing(socket.socket()) as sock:
        sock.settimeout(0.5)
        return sock.connect_ex(("127.0.0.1", port)) == 0


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, limit_s: float
) -> None:
    """Poll `ready` until it holds.

    Raises: ComponentFailed, when the process ends first or the limit passes.
    """
    deadline = time.monotonic() + limit_s
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            state = "still running" if process.poll() is None else f"exit status {process.returncode}"
            raise ComponentFailed(f"{process.args!r} is not ready ({state}): {_tail(log)}")
        time.sleep(0.05)


def started(
    command: Sequence[str], log: Path, *, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start `command` with its output appended to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )


def stop(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """Wait for the end of a process that was asked to end; kill it after `grace_s`."""
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def running(
    command: Sequence[str], log: Path, *, environment: Mapping[str, str] | None = None, grace_s: float = 10
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` with its output in `log`; on the way out terminate it, and kill it after `grace_s`."""
    process = started(command, log, environment=environment)
    try:
        yield process
    finally:
        process.terminate()
        stop(process, grace_s)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-1500:] if log.exists() else "no output"
