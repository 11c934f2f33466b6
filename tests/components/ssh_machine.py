"""A machine for jobs: a real OpenSSH server on loopback that another user of this machine logs in to.

Needs root, and the Debian package openssh-server, which `scripts/install-components` installs.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.components import sshd
from tests.components.processes import accepts, free_ports, started, stop, wait_until

_NUMBERS = itertools.count()
_CONFIGURATION = """
Port {port}
ListenAddress 127.0.0.1
HostKey {home}/host
AuthorizedKeysFile {home}/authorized
PasswordAuthentication yes
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PidFile none
MaxStartups 100
"""


@dataclass(frozen=True, slots=True)
class Account:
    """A user, and what logs in as them."""

    name: str
    password: str
    private_key: str
    public_key: str


class SshMachine:
    """sshd on a port of its own; `stop` and `start` are the machine going and coming back at the same address."""

    def __init__(self, home: Path, account: Account) -> None:
        self.user, self.password, self.private_key = account.name, account.password, account.private_key
        self.home = home
        (self.port,) = free_ports(1)
        _make_key(home / "host")
        (home / "authorized").write_text(account.public_key)
        home.chmod(0o755)
        (home / "authorized").chmod(0o644)
        (home / "sshd_config").write_text(_CONFIGURATION.format(port=self.port, home=home))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host_key(self) -> str:
        """The server's public key."""
        return " ".join((self.home / "host.pub").read_text().split()[:2])

    def new_host_key(self) -> None:
        """As if the machine was set up anew."""
        for name in ("host", "host.pub"):
            (self.home / name).unlink()
        _make_key(self.home / "host")

    def start(self) -> None:
        """Listen."""
        log = self.home / "log"
        self._process = started([sshd._PROGRAM, "-D", "-e", "-f", str(self.home / "sshd_config")], log)
        wait_until(lambda: accepts(self.port), self._process, log, limit_s=20)

    def stop(self) -> None:
        """Cut all connections."""
        if self._process is not None:
            children = _children(self._process.pid)
            self._process.terminate()
            stop(self._process, 5)
            for child in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, 9)
            self._process = None


def missing() -> str | None:
    """Why there can be no such machine here."""
    if os.geteuid() != 0 or shutil.which("useradd") is None:
        return "only root can make a user to log in as"
    return sshd.missing_program()


@contextlib.contextmanager
def account() -> Iterator[Account]:
    """A new user of this machine, who is gone afterwards."""
    name, password = f"ryjob{os.getpid()}x{next(_NUMBERS)}", "a passphrase for tests"
    hashed = subprocess.run(["openssl", "passwd", "-6", password], check=True, capture_output=True, text=True)
    subprocess.run(["useradd", "-m", "-s", "/bin/bash", "-p", hashed.stdout.strip(), name], check=True)
    try:
        with tempfile.TemporaryDirectory(prefix="runyard-keys-") as folder:
            _make_key(key := Path(folder) / "client")
            yield Account(name, password, key.read_text(), key.with_suffix(".pub").read_text())
    finally:
        uid = pwd.getpwnam(name).pw_uid
        for process in _of_user(uid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, 9)
        subprocess.run(["userdel", "-r", "-f", name], check=False, capture_output=True)


@contextlib.contextmanager
def ssh_machine(user: Account) -> Iterator[SshMachine]:
    """A machine that this user logs in to."""
    os.makedirs("/run/sshd", exist_ok=True)  # where sshd separates its privileges
    with tempfile.TemporaryDirectory(prefix="runyard-machine-") as folder:
        machine = SshMachine(Path(folder), user)
        machine.start()
        try:
            yield machine
        finally:
            machine.stop()


def _make_key(path: Path) -> None:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)]
    subprocess.run(command, check=True)


def _children(parent: int) -> list[int]:
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found += [int(entry.name), *_children(int(entry.name))]
    return found


def _of_user(uid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if entry.stat().st_uid == uid:
                found.append(int(entry.name))
    return found
