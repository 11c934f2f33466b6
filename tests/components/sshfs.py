"""A folder of a real SSH server as a file system (FUSE), as a network file system is for those who write to it.

Needs root or the right to use FUSE, and the Debian packages sshfs and openssh-server; `scripts/install-components`
installs them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.components.sshd import SshServer


class Refused(RuntimeError):
    """This machine's kernel, or this account, mounts nothing."""


def missing() -> str | None:
    """Why there can be none here; None where there can be."""
    if shutil.which("sshfs") is None:
        return "sshfs not found: run scripts/install-components"
    return None if os.path.exists("/dev/fuse") else "the kernel has no FUSE"


@contextlib.contextmanager
def mounted(server: SshServer, mount: Path, *options: str) -> Iterator[Path]:
    """`server.files`, seen at `mount` until the block ends.

    Raises: Refused.
    """
    mount.mkdir()
    key = mount.with_name(f"{mount.name}.key")
    key.touch(mode=0o600)
    key.write_text(server.private_key)
    flags = [
        *("-F", "/dev/null", "-p", str(server.port), "-o", f"IdentityFile={key}"),
        *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"),
    ]
    command = ["sshfs", f"{server.user}@127.0.0.1:{server.files}", str(mount), *flags, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise Refused(done.stderr.strip())
    try:
        yield mount
    finally:
        subprocess.run(["fusermount3", "-u", "-z", str(mount)], check=False)
