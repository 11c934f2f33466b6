"""Environments made from locks, below .cache/envs. A lock names every package, so they are the same on every machine."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".cache" / "envs"


def built(name: str, lock: Path, fill: Callable[[Path], None]) -> Path:
    """The folder of that name, filled when it is absent or older than its lock; by one process while others wait.

    Raises: RuntimeError with the installer's output.
    """
    home = HOME / name
    stamp = home / "lock.sha256"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / f"{name}.building").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (stamp.exists() and stamp.read_text() == digest):
            shutil.rmtree(home, ignore_errors=True)
            fill(home)
            stamp.write_text(digest)
    return home


def environment(lock: Path) -> Callable[[Path], None]:
    """Fills a folder with a virtual environment that holds the packages of a lock, and nothing else."""

    def fill(home: Path) -> None:
        python = str(home / "bin" / "python")
        if uv() is not None:
            _install(["venv", "--quiet", "--python", sys.executable, str(home)])
        else:
            venv.create(home, with_pip=True)
        _install(["pip", "install", "--quiet", "--no-deps", "-r", str(lock)], python)

    return fill


def overlay(lock: Path, python: Path) -> Callable[[Path], None]:
    """Fills a folder with the packages of a lock, for the path of an interpreter that exists."""

    def fill(home: Path) -> None:
        _install(
            ["pip", "install", "--quiet", "--no-deps", "--target", str(home), "-r", str(lock)], str(python)
        )

    return fill


def _install(words: list[str], python: str | None = None) -> None:
    """Call uv, which takes seconds and leaves compiling to the first import, or pip."""
    program = uv()
    if program is not None:
        command = [program, *words, *(["--python", python] if python else [])]
    else:
        command = [python or sys.executable, "-m", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def uv() -> str | None:
    """The program: the machine's, or the one that make fetched; None: there is none."""
    return shutil.which("uv") or shutil.which(
        "uv", path=str(ROOT / ".cache" / "uv" / "bin")
    )  # make fetches the latter
