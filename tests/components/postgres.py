"""A real PostgreSQL on loopback: a private cluster in a temporary folder, run by an unprivileged account.

Needs PostgreSQL's server package (`initdb`, `postgres`). About 40 MB of memory; up in 2 to 4 seconds.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psycopg

from tests.components.processes import ComponentFailed, accepts, free_ports, started, stop, wait_until

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "log_min_messages": "warning",
}


class Postgres:
    """A server that can be stopped and started. `dsn` is that of its empty first database, as a superuser without a password."""

    def __init__(self, home: Path, port: int, options: Sequence[str]) -> None:
        self.port = port
        self.log = home / "log"
        self._home = home
        self._command = [_required("postgres"), "-D", str(home / "cluster"), "-p", str(port), *options]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process_id(self) -> int:
        """Of the first process, while it runs."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it answers. Raises: ComponentFailed."""
        self._process = started(_unprivileged(self._command), self.log, environment=_environment(self._home))
        try:
            wait_until(
                lambda: accepts(self.port) and _answers(self.port), self._process, self.log, limit_s=30
            )
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """A "fast" shutdown: clients are cut off. A stopped server may be stopped again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            stop(self._process, grace_s=20)
            self._process = None

    @property
    def dsn(self) -> str:
        return self.dsn_of("postgres")

    def dsn_of(self, database: str) -> str:
        """Address of one database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self) -> str:
        """Make an empty database with a name of its own; returns its address."""
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.dsn_of(name)


def is_installed() -> bool:
    """True where the server's programs are found."""
    return _program("initdb") is not None and _program("postgres") is not None


@contextlib.contextmanager
def postgres(
    *,
    fsync: bool = True,
    settings: Mapping[str, str] | None = None,
    initdb: Sequence[str] = ("--locale=C.UTF-8",),
) -> Iterator[Postgres]:
    """Run a server until the block ends; its files are then deleted.

    Args:
        fsync: False trades durability for speed.
        settings: more `postgresql.conf` settings.
        initdb: options of initdb, for example a locale.
    Raises: ComponentFailed, when it does not come up.
    """
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        _hand_over(home)
        _run(
            [
                "initdb",
                "-D",
                str(home / "cluster"),
                "-A",
                "trust",
                "-U",
                "postgres",
                "-E",
                "UTF8",
                "--no-sync",
                *initdb,
            ],
            home,
        )
        (port,) = free_ports(1)
        wanted = {
            **_SETTINGS,
            "unix_socket_directories": folder,
            "fsync": "on" if fsync else "off",
            **(settings or {}),
        }
        options = [part for name, value in wanted.items() for part in ("-c", f"{name}={value}")]
        server = Postgres(home, port, options)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _answers(port: int) -> bool:
    try:
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _program(name: str) -> str | None:
    packaged = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(packaged[-1]) if packaged else shutil.which(name)


def _required(name: str) -> str:
    found = _program(name)
    if found is None:
        raise ComponentFailed(f"{name} not found: install PostgreSQL's server package")
    return found


def _account() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _hand_over(folder: Path) -> None:
    """PostgreSQL refuses to run as root, so root lends the folder to another account."""
    if os.geteuid() == 0:
        shutil.chown(folder, _account())


def _unprivileged(command: Sequence[str]) -> list[str]:
    if os.geteuid() != 0:
        return list(command)
    account = pwd.getpwnam(_account())
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", *command]


def _environment(home: Path) -> dict[str, str]:
    return {"LC_ALL": "C.UTF-8", "HOME": str(home)}


def _run(command: Sequence[str], home: Path) -> None:
    program, *arguments = command
    done = subprocess.run(
        _unprivileged([_required(program), *arguments]),
        env={**os.environ, **_environment(home)},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ComponentFailed(f"{program} failed: {done.stderr[-1500:]}")
