"""Client environments: one virtual environment per tested MLflow release, built on first use from a lock."""

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCKS = Path(__file__).parent / "envs"
CLIENTS = ("3.18.0", "2.17.2")


def client_python(version: str) -> Path:
    """Interpreter of the environment that holds MLflow `version`; builds the environment when it is absent or stale.

    A lock names every package (installed without resolving), so an environment is the same on every machine.
    Raises: RuntimeError with the installer's output, if the installation fails.
    """
    lock = LOCKS / f"mlflow-{version}.txt"
    home = ROOT / ".cache" / "envs" / f"mlflow-{version}"
    stamp = home / "lock.sha256"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    python = home / "bin" / "python"
    if not (stamp.exists() and stamp.read_text() == digest):
        shutil.rmtree(home, ignore_errors=True)
        _install(home, python, lock)
        stamp.write_text(digest)
    return python


def _install(home: Path, python: Path, lock: Path) -> None:
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv:
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(home)])
        _run([uv, "pip", "install", "--quiet", "--python", str(python), "--no-deps", "-r", str(lock)])
    else:
        venv.create(home, with_pip=True)
        _run([str(python), "-m", "pip", "install", "--quiet", "--no-deps", "-r", str(lock)])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
