"""A private PostgreSQL for `--postgres`: made in a temporary folder, on a free port, as an unprivileged user."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from bench.processes import ProcessTree
from bench.servers import free_port


def _bin(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    on_path = str(found[-1]) if found else shutil.which(name)
    if on_path is None:
        raise RuntimeError(f"{name} not found: install PostgreSQL's server package, or leave out --postgres")
    return on_path


def _user() -> str:
    """The account that runs the database when we are root: PostgreSQL refuses to run as root."""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _unprivileged(command: Sequence[str]) -> list[str]:
    if os.geteuid() != 0:
        return list(command)
    user = _user()
    return ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups", *command]


class Postgres:
    """One cluster with default durability (fsync and synchronous_commit on), reached over loopback TCP."""

    def __init__(self, parent: Path) -> None:
        self._home = parent / "postgres"
        self._home.mkdir()
        self._port = free_port()
        if os.geteuid() == 0:
            parent.chmod(0o755)
            shutil.chown(self._home, _user())
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(self._home)}
        cluster = str(self._home / "cluster")
        made = _unprivileged([_bin("initdb"), "-D", cluster, "-A", "trust", "-U", "postgres", "-E", "UTF8"])
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, env=environment, cwd=self._home)
        listen = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._home}"]
        command = _unprivileged([_bin("postgres"), "-D", cluster, "-p", str(self._port), *listen])
        self.tree = ProcessTree(command, self._home, environment, parent / "postgres.log")
        self._wait()

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/{database}"

    def create(self, database: str) -> str:
        """Makes an empty database and returns its URL."""
        self._sql(f'create database "{database}"', check=True)
        return self.url(database)

    def _sql(self, text: str, check: bool = False) -> bool:
        command = [_bin("psql"), "-q", "-c", text, self.url("postgres")]
        return subprocess.run(command, check=check, capture_output=not check).returncode == 0

    def _wait(self) -> None:
        ends = time.monotonic() + 60
        while not self._sql("select 1"):
            if time.monotonic() > ends or not self.tree.alive:
                raise RuntimeError(f"PostgreSQL did not start:\n{self.tree.log_tail()}")
            time.sleep(0.1)

    def end(self) -> None:
        self.tree.end()
