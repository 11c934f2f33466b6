"""The virtual environments of the peers and of the size check: made once under .cache/bench, never ours."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "bench"
RESULTS = ROOT / "bench" / "results"

MLFLOW = "3.18.0"
FASTTRACKML = "0.6.0"
WANDB = "0.31.0"
TRACKIO = "0.43.0"


class InstallFailed(RuntimeError):
    """A peer could not be installed; the message carries the installer's last words."""


def _call(command: Sequence[str]) -> None:
    done = subprocess.run(list(command), capture_output=True, text=True, check=False)
    if done.returncode:
        raise InstallFailed(f"{' '.join(command[:4])} … failed: {done.stderr.strip()[-800:]}")


def _uv() -> list[str]:
    found = shutil.which("uv") or shutil.which(
        ROOT / ".cache" / "uv" / "bin" / "uv"
    )  # make fetches the latter
    return [str(found)] if found else []


def create(path: Path) -> Path:
    """A fresh environment at `path` with this interpreter's version; returns its python."""
    shutil.rmtree(path, ignore_errors=True)
    if _uv():
        _call([*_uv(), "venv", "-q", "--python", sys.executable, str(path)])
    else:
        _call([sys.executable, "-m", "venv", str(path)])
    return path / "bin" / "python"


def install(python: Path, *arguments: str) -> None:
    """`pip install` into the environment of `python`, through uv where uv is present."""
    if _uv():
        _call([*_uv(), "pip", "install", "-q", "--python", str(python), *arguments])
    else:
        _call([str(python), "-m", "pip", "install", "-q", *arguments])


def mlflow() -> Path:
    """The environment of MLflow's server and of the client that drives `mlflow.log_metric`; returns its folder."""
    return _ready("mlflow", f"mlflow {MLFLOW} psycopg", _install_mlflow)


def fasttrackml() -> Path:
    """The environment of FastTrackML; returns its folder."""
    return _ready("fasttrackml", f"fasttrackml {FASTTRACKML}", _install_fasttrackml)


def client() -> Path:
    """MLflow's client with Runyard beside it, for what goes through the journal; returns its python."""
    home = _ready("client", f"mlflow {MLFLOW} runyard", _install_client)
    return home / "bin" / "python"


def wandb() -> Path:
    """The environment of W&B's client; returns its python."""
    return (
        _ready("wandb", f"wandb {WANDB}", lambda python: install(python, f"wandb=={WANDB}"))
        / "bin"
        / "python"
    )


def trackio() -> Path:
    """The environment of Trackio; returns its python."""
    home = _ready("trackio", f"trackio {TRACKIO}", lambda python: install(python, f"trackio=={TRACKIO}"))
    return home / "bin" / "python"


def _install_client(python: Path) -> None:
    _install_mlflow(python)
    install(python, "--editable", str(ROOT))


def _ready(name: str, label: str, fill: Callable[[Path], None]) -> Path:
    home = CACHE / name
    stamp = home / "installed"
    if not (stamp.exists() and stamp.read_text() == label):
        print(f"  installing {label} into {home.relative_to(ROOT)} …", flush=True)
        fill(create(home))
        stamp.write_text(label)
    return home


def _install_fasttrackml(python: Path) -> None:
    install(python, f"fasttrackml=={FASTTRACKML}")


def _install_mlflow(python: Path) -> None:
    try:
        install(python, f"mlflow=={MLFLOW}", "psycopg[binary]")
    except InstallFailed:
        _install_mlflow_beside_older_parts(python)


def _install_mlflow_beside_older_parts(python: Path) -> None:
    """For an index that has mlflow of this version but not yet mlflow-skinny and mlflow-tracing.

    The mlflow wheel holds every module of the two, so it is installed once more on top of the older ones.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as overrides:
        overrides.write("mlflow-skinny>=3.17\nmlflow-tracing>=3.17\n")
        overrides.flush()
        install(python, "--override", overrides.name, f"mlflow=={MLFLOW}", "psycopg[binary]")
    install(python, "--no-deps", "--reinstall-package", "mlflow", f"mlflow=={MLFLOW}")


def size_bytes(folder: Path) -> int:
    """Sum of the sizes of the regular files below `folder`, links not followed."""
    return sum(item.lstat().st_size for item in folder.rglob("*") if item.is_file() and not item.is_symlink())
