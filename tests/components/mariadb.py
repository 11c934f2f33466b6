"""A real MariaDB on loopback: a private data directory in a temporary folder, run by an unprivileged account.

Needs the packages `mariadb-server-core` and `mariadb-client-core`. About 90 MB of memory; up in 2 to 4 seconds.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import pymysql

from tests.components.certificates import issued
from tests.components.processes import ComponentFailed, accepts, free_ports, running, wait_until

PROGRAMS = ("mariadbd", "mariadb-install-db")
USER, PASSWORD = "tracker", "p@ss/word:%"
_SETTINGS = (
    "--skip-networking=0",
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--innodb-buffer-pool-size=64M",
    "--innodb-flush-log-at-trx-commit=0",
    "--performance-schema=OFF",
    "--character-set-server=utf8mb4",
)


class MariaDb:
    """A running server with one user that may do everything from loopback."""

    def __init__(self, port: int, socket: Path, authority: Path | None) -> None:
        self.port = port
        self.socket = socket
        self.authority = authority  # of its certificate

    def create_database(self) -> str:
        """Make an empty database with a name of its own; returns its address, the driver's name included."""
        name = f"t{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name}")
        return f"mysql+pymysql://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{name}"

    def execute(self, *statements: str) -> None:
        """Run statements as the superuser, through the socket."""
        connection = pymysql.connect(unix_socket=str(self.socket), user="root", charset="utf8mb4")
        with contextlib.closing(connection), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()


def missing_programs() -> list[str]:
    """Name the programs of the server that are not installed."""
    return [program for program in PROGRAMS if _program(program) is None]


@contextlib.contextmanager
def mariadb(*, tls: bool = False) -> Iterator[MariaDb]:
    """Run a server until the block ends; its files are then deleted.

    Args:
        tls: it also speaks TLS, with a certificate of a private authority.
    Raises: ComponentFailed, when it does not come up.
    """
    with tempfile.TemporaryDirectory(prefix="maria-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        if os.geteuid() == 0:
            shutil.chown(home, _account())
        data, socket, log = home / "data", home / "sock", home / "log"
        _prepare(data)
        made = issued(home) if tls else None
        secure = [f"--ssl-cert={made.certificate}", f"--ssl-key={made.key}"] if made else []
        if made and os.geteuid() == 0:
            shutil.chown(made.key, _account())
        (port,) = free_ports(1)
        command = _unprivileged(
            [
                *(_required("mariadbd"), "--no-defaults", f"--datadir={data}", f"--socket={socket}"),
                *(f"--port={port}", f"--pid-file={home}/pid", f"--tmpdir={home}", *_SETTINGS, *secure),
            ]
        )
        with running(command, log, environment={"HOME": folder}, grace_s=20) as process:
            wait_until(lambda: socket.exists() and accepts(port), process, log, limit_s=60)
            server = MariaDb(port, socket, made.authority if made else None)
            server.execute(
                f"CREATE USER '{USER}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'",
                f"GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'127.0.0.1'",
            )
            yield server


def _prepare(data: Path) -> None:
    options = ["--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
    command = [_required("mariadb-install-db"), *options, "--skip-test-db", "--skip-name-resolve"]
    done = subprocess.run(
        _unprivileged(command), cwd=data.parent, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ComponentFailed(f"mariadb-install-db failed: {done.stdout[-1500:]}{done.stderr[-1500:]}")


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")


def _required(name: str) -> str:
    found = _program(name)
    if found is None:
        raise ComponentFailed(f"{name} not found: install MariaDB's server package")
    return found


def _account() -> str:
    return "mysql" if "mysql" in {entry.pw_name for entry in pwd.getpwall()} else "nobody"


def _unprivileged(command: Sequence[str]) -> list[str]:
    """MariaDB refuses to run as root, so root lends the folder to another account."""
    if os.geteuid() != 0:
        return list(command)
    account = pwd.getpwnam(_account())
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", *command]
