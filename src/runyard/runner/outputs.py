"""The files that a script leaves in its output folders, uploaded as artifacts of its run."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from .exchange import Away, Exchange, Refused, Stopped
from .job_file import say
from .shipping import files_below

AT_ONCE = 4
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
SCHEME = "mlflow-artifacts:/"


class Uploader:
    """Uploads files.

    Args:
        patience_s: how long a server that is away is waited for, since it last took a file.
    """

    def __init__(self, exchange: Exchange, run_id: str, patience_s: float) -> None:
        self._exchange = exchange
        self._run_id = run_id
        self._patience_s = patience_s
        self._until = time.monotonic() + patience_s
        self._own = threading.local()
        self.failed: list[str] = []

    def upload(self, work: str, folders: Sequence[str]) -> int:
        """All files below folders of the working folder; returns how many there were, `failed` names the others."""
        return self.upload_files(_below(work, folders))

    def upload_files(self, found: Sequence[tuple[str, str]]) -> int:
        """Files with their names as artifacts; as `upload`."""
        if not found:
            return 0
        try:
            root = self._root()
        except (Away, Refused, Stopped) as exc:
            self.failed = [f"{len(found)} files: {exc}"]
            return 0
        with ThreadPoolExecutor(min(AT_ONCE, len(found))) as pool:
            done = sum(pool.map(lambda one: self._one(root, *one), found))
        return done

    def _root(self) -> str:
        """Where the run's artifacts lie, as a path of the server."""
        query = {"run_id": self._run_id}
        told = self._exchange.json("GET", "/api/2.0/mlflow/runs/get", patience_s=self._left(), query=query)
        address = str(told["run"]["info"]["artifact_uri"])
        if not address.startswith(SCHEME):
            raise Refused(
                0, {"message": f"artifacts of this run lie at {address}, which this machine cannot write to"}
            )
        return address[len(SCHEME) :].strip("/")

    def _one(self, root: str, path: str, name: str) -> int:
        exchange = getattr(self._own, "exchange", None)
        if exchange is None:
            exchange = self._own.exchange = self._exchange.another()
        try:
            exchange.put_file(f"{PROXY}/{quote(f'{root}/{name}')}", path, self._left())
        except (Away, Refused, Stopped, OSError) as exc:
            say(f"{name} was not uploaded: {exc}")
            self.failed.append(f"{name}: {exc}")
            return 0
        self._until = time.monotonic() + self._patience_s  # what moves may take as long as it takes
        return 1

    def _left(self) -> float:
        return max(0.0, self._until - time.monotonic())


def _below(work: str, folders: Sequence[str]) -> list[tuple[str, str]]:
    return [
        (path, f"{name}/{below}")
        for name in _inside(work, folders)
        for path, below in files_below(os.path.join(work, name))
    ]


def _inside(work: str, folders: Sequence[str]) -> list[str]:
    """Folders below the working folder, without what leads out of it."""
    root = os.path.realpath(work)
    names = [os.path.normpath(name) for name in folders]
    return [
        name.replace(os.sep, "/")
        for name in names
        if name != "." and (os.path.realpath(os.path.join(root, name)) + os.sep).startswith(root + os.sep)
    ]
