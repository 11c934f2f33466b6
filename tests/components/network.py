"""Two network namespaces with a cable between them that can be cut, lose packets, refuse connections and be slow.

Needs root, `ip` and `tc` (iproute2) and `iptables`, which `scripts/install-components` installs.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Sequence

SERVER, CLIENT = "10.200.0.1", "10.200.0.2"
CLONE_NEWNET = 0x40000000
_PROGRAMS = ("ip", "tc", "iptables")


class Refused(RuntimeError):
    """This machine's kernel, or this account, takes no namespaces."""


class Namespace:
    """A network of its own, and its end of the cable."""

    def __init__(self, name: str, device: str) -> None:
        self.name = name
        self.device = device

    def run(self, *command: str) -> None:
        """A command in it. Raises: Refused, with what the command said."""
        _run("ip", "netns", "exec", self.name, *command)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """This thread, and the processes and threads that it starts, are in it until the block ends."""
        with open("/proc/thread-self/ns/net") as before, open(f"/run/netns/{self.name}") as it:
            _enter(it.fileno())
            try:
                yield
            finally:
                _enter(before.fileno())


class Cable:
    """The cable. `server` has the address SERVER, `client` the address CLIENT; each has a loopback of its own."""

    def __init__(self, server: Namespace, client: Namespace) -> None:
        self.server = server
        self.client = client

    def cut(self) -> None:
        """Nothing arrives, and nobody is told."""
        _run("ip", "-n", self.client.name, "link", "set", self.client.device, "down")

    def heal(self) -> None:
        """All is well again."""
        _run("ip", "-n", self.client.name, "link", "set", self.client.device, "up")
        for end in (self.server, self.client):
            end.run("iptables", "-F", "INPUT")
            with contextlib.suppress(Refused):  # there is none
                end.run("tc", "qdisc", "del", "dev", end.device, "root")

    def lose(self, part: float) -> None:
        """A part of the packets is lost, in both directions."""
        for end in (self.server, self.client):
            end.run(
                *("iptables", "-A", "INPUT", "-i", end.device, "-m", "statistic", "--mode", "random"),
                *("--probability", str(part), "-j", "DROP"),
            )

    def reset(self) -> None:
        """Whatever the client sends is answered with a TCP reset: open connections break, new ones are refused."""
        self.server.run(
            *("iptables", "-A", "INPUT", "-i", self.server.device, "-p", "tcp", "-j", "REJECT"),
            *("--reject-with", "tcp-reset"),
        )

    def slow(self, bits_per_s: int) -> None:
        """No more than so much goes through in each direction."""
        for end in (self.server, self.client):
            end.run(
                *("tc", "qdisc", "replace", "dev", end.device, "root", "tbf", "rate", f"{bits_per_s}bit"),
                *("burst", "16kb", "latency", "400ms"),
            )


def missing() -> str | None:
    """Why there can be none here; None where there can be."""
    absent = [name for name in _PROGRAMS if shutil.which(name) is None]
    if absent:
        return f"{', '.join(absent)} not found: run scripts/install-components"
    return None if os.geteuid() == 0 else "network namespaces need root"


@contextlib.contextmanager
def cable() -> Iterator[Cable]:
    """Two namespaces under names of their own, until the block ends.

    Raises: Refused, when the kernel takes none.
    """
    name = f"ry{uuid.uuid4().hex[:8]}"
    ends = [Namespace(f"{name}s", f"{name}a"), Namespace(f"{name}c", f"{name}b")]
    try:
        for end in ends:
            _run("ip", "netns", "add", end.name)
        (server, client) = ends
        _run(
            *("ip", "link", "add", server.device, "netns", server.name, "type", "veth"),
            *("peer", "name", client.device, "netns", client.name),
        )
        for end, address in ((server, SERVER), (client, CLIENT)):
            _run("ip", "-n", end.name, "addr", "add", f"{address}/30", "dev", end.device)
            for device in ("lo", end.device):
                _run("ip", "-n", end.name, "link", "set", device, "up")
            end.run("iptables", "-F", "INPUT")
        yield Cable(server, client)
    finally:
        for end in ends:
            with contextlib.suppress(Refused):
                _run("ip", "netns", "del", end.name)


def _enter(namespace: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, CLONE_NEWNET) != 0:
        raise Refused(os.strerror(ctypes.get_errno()))


def _run(*command: str) -> None:
    words: Sequence[str] = command
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Refused(f"{' '.join(words)}: {done.stderr.strip()}")
