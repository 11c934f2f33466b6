"""No test of the plugin sees the credentials of whoever runs it."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh RUNYARD_HOME."""
    for name in ("RUNYARD_TOKEN", "MLFLOW_TRACKING_TOKEN", "RUNYARD_SERVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RUNYARD_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
