"""A real OpenSSH server on loopback with SFTP, for the user that runs the tests.

Needs the Debian package openssh-server, which `scripts/install-components` installs.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.components.processes import accepts, free_ports, running, wait_until

_PROGRAM = "/usr/sbin/sshd"
_CONFIGURATION = """
Port {port}
ListenAddress 127.0.0.1
HostKey {home}/host
AuthorizedKeysFile {home}/authorized
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PermitRootLogin yes
PidFile none
Subsystem sftp internal-sftp
MaxStartups 100
"""


@dataclass(frozen=True, slots=True)
class SshServer:
    """A running server: `private_key` logs `user` in, `files` is an empty directory there."""

    port: int
    user: str
    host_key: str
    private_key: str
    other_key: str
    files: Path


def missing_program() -> str | None:
    """The program that is not installed, if any."""
    found = all(shutil.which(one) or os.path.exists(one) for one in (_PROGRAM, "ssh-keygen"))
    return None if found else "openssh-server"


@contextlib.contextmanager
def ssh_server() -> Iterator[SshServer]:
    """Run sshd until the block ends."""
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)  # where sshd separates its privileges
    with tempfile.TemporaryDirectory(prefix="runyard-sshd-") as folder:
        home = Path(folder)
        for name in ("host", "client", "other"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(home / name)]
            subprocess.run(command, check=True)
        (home / "authorized").write_text((home / "client.pub").read_text())
        (home / "files").mkdir()
        (port,) = free_ports(1)
        (home / "sshd_config").write_text(_CONFIGURATION.format(port=port, home=home))
        log = home / "log"
        with running([_PROGRAM, "-D", "-e", "-f", str(home / "sshd_config")], log) as process:
            wait_until(lambda: accepts(port), process, log, limit_s=20)
            yield SshServer(
                port,
                getpass.getuser(),
                (home / "host.pub").read_text().strip(),
                (home / "client").read_text(),
                (home / "other").read_text(),
                home / "files",
            )
