"""Jobs of the target `local`: the machine that submits one starts its runner itself, and need not stay for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from runyard.client.credentials import home
from runyard.client.journal.settings import CA_FILES
from runyard.errors import InvalidInput

START_S = 60.0
KEPT_S = (
    7 * 86_400
)  # that the folder of a job which has ended is kept, for whoever looks for what the runner said
PLAIN_FILE = 0o600
PRIVATE_FOLDER = 0o700
# The package is found where it is here, and the script sees nothing of that.
_RUN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from runyard.runner.main import run; run()"


def start_local(
    server: str, workspace: str | None, run_id: str, token: str, folder: Path | None = None
) -> None:
    """Start the runner of a job on this machine and return at once; it goes on when this process ends.

    Twice for the same job is as good as once.

    Args:
        workspace: NAME or SUBSCRIPTION/GROUP/NAME; None: the server's default workspace.
        token: of the job, as POST /jobs answers it. It is kept in a file that only its owner reads.
        folder: of jobs and environments; by default where logins are kept, ~/.runyard.
    Raises: InvalidInput, when the runner cannot be started here.
    """
    root = folder or home()
    _tidy(root / "jobs")
    file = _lay(root, server, workspace or "", run_id, token)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _RUN, str(Path(__file__).parents[2]), "start", str(file)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=START_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise InvalidInput(f"The job {run_id} cannot be started on this machine: {exc}") from exc
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise InvalidInput(
            f"The job {run_id} cannot be started on this machine: {said or done.returncode}. "
            "Submit it to a compute target instead."
        )


def _lay(root: Path, server: str, workspace: str, run_id: str, token: str) -> Path:
    """The job's file, unless an earlier call has laid it down."""
    place = root / "jobs" / run_id
    try:
        place.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        file = place / "job.json"
        told = {
            "server": server,
            "workspace": workspace,
            "run_id": run_id,
            "token": token,
            "folder": str(root),
            "python": [sys.executable],
            "tidy": True,
            **_certificates(),
        }
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PLAIN_FILE), "w") as written:
            json.dump(told, written)
    except OSError as exc:
        raise InvalidInput(
            f"The job {run_id} cannot be laid down in {place}: {exc.strerror or exc}. Set RUNYARD_HOME to a folder "
            "that can be written to."
        ) from exc
    return file


def _certificates() -> dict[str, str]:
    """What this process checks servers with, where it was told."""
    named = next((os.environ[name] for name in CA_FILES if os.environ.get(name)), "")
    return {"ca_file": str(Path(named).absolute())} if named and Path(named).is_file() else {}


def _tidy(jobs: Path) -> None:
    """Remove folders of jobs that ended long ago."""
    try:
        states = list(jobs.glob("*/state.json"))
    except OSError:
        return
    for state in states:
        try:
            old = time.time() - state.stat().st_mtime > KEPT_S
            if old and json.loads(state.read_text()).get("phase") == "ended":
                shutil.rmtree(state.parent, ignore_errors=True)
        except (OSError, ValueError):
            continue
