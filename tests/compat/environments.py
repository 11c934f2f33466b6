"""Client environments: one virtual environment per tested MLflow release, built on first use from a lock."""

from pathlib import Path

from .building import ROOT, built, environment

__all__ = ["CLIENTS", "ROOT", "client_python"]
LOCKS = Path(__file__).parent / "envs"
CLIENTS = ("3.18.0", "2.17.2")


def client_python(version: str) -> Path:
    """Interpreter of the environment that holds MLflow `version`.

    Raises: RuntimeError with the installer's output, if it has to be built and the installation fails.
    """
    lock = LOCKS / f"mlflow-{version}.txt"
    return built(f"mlflow-{version}", lock, environment(lock)) / "bin" / "python"
