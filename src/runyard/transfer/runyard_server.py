"""A workspace of a Runyard server as a source."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from runyard.client.transport import Connection
from runyard.entities.transfer import (
    DatasetRecord,
    DatastoreRecord,
    ExperimentRecord,
    LoggedModelRecord,
    LoggedRecord,
    RegisteredModelRecord,
    RunRecord,
    SeriesPoints,
    TraceRecord,
)
from runyard.transfer.listed import safe_name
from runyard.transfer.source import BLOCK, Owner, PlainSource, SourceFault, SourceFile
from runyard.transfer.target import PROXY, TRACES_AT_ONCE, Workspace, datastore_path


class RunyardServer(PlainSource):
    """All that a workspace holds, credentials excepted."""

    def __init__(self, connection: Connection) -> None:
        self._workspace = Workspace(connection)
        self._connection = connection
        self.name = f"runyard {self._workspace.identity()}"

    def experiments(self) -> Iterator[ExperimentRecord | SourceFault]:
        """By number."""
        return self._workspace.pages("experiments", ExperimentRecord)

    def runs(self, experiment_id: str) -> Iterator[RunRecord | SourceFault]:
        """In the order in which they came."""
        return self._workspace.pages("runs", RunRecord, experiment_id=experiment_id)

    def points(self, run: RunRecord) -> Iterator[SeriesPoints]:
        """By key, in history order."""
        return self._workspace.pages("points", SeriesPoints, BLOCK, run_id=run.id)

    def logged(self, run: RunRecord) -> Iterator[LoggedRecord]:
        """In the order of logging."""
        return self._workspace.pages("logged", LoggedRecord, run_id=run.id)

    def logged_models(self, experiment_id: str) -> Iterator[LoggedModelRecord | SourceFault]:
        """In the order in which they came."""
        return self._workspace.pages("logged-models", LoggedModelRecord, experiment_id=experiment_id)

    def traces(self, experiment_id: str) -> Iterator[TraceRecord | SourceFault]:
        """In the order in which they came."""
        return self._workspace.pages("traces", TraceRecord, TRACES_AT_ONCE, experiment_id=experiment_id)

    def registered_models(self) -> Iterator[RegisteredModelRecord | SourceFault]:
        """In the order in which they came."""
        return self._workspace.pages("registered-models", RegisteredModelRecord, 20)

    def datasets(self) -> Iterator[DatasetRecord | SourceFault]:
        """In the order in which they came."""
        return self._workspace.pages("datasets", DatasetRecord)

    def datastores(self) -> Iterator[DatastoreRecord | SourceFault]:
        """In the order in which they came."""
        return self._workspace.pages("datastores", DatastoreRecord)

    def files(self, owner: Owner, place: str) -> Iterator[SourceFile]:
        """Among the workspace's own files; what lies elsewhere is not read."""
        path = datastore_path(place)
        if path is None:
            raise SourceFault(
                f"The files at {place[:200]} are not among the workspace's own, and stay where they are."
            )
        waiting = [""]
        while waiting:
            directory = waiting.pop()
            below = f"{path}/{directory}" if directory else path
            found = self._connection.get(PROXY, path=below).get("files") or []
            for entry in sorted(found, key=lambda entry: str(entry["path"])):
                name = safe_name(str(entry["path"]), below)
                inner = f"{directory}/{name}" if directory else name
                if entry.get("is_dir"):
                    waiting.append(inner)
                else:
                    url = f"{PROXY}/{quote(f'{path}/{inner}')}"
                    size = int(entry.get("file_size") or 0)
                    yield SourceFile(inner, size, lambda url=url: self._open(url))  # type: ignore[misc]

    @contextlib.contextmanager
    def _open(self, url: str) -> Iterator[BinaryIO]:
        """Whole on this machine first, so that a broken connection is tried again and not taken for the end."""
        with tempfile.TemporaryDirectory(prefix="runyard-") as folder:
            target = Path(folder) / "file"
            self._connection.download(url, target)
            with target.open("rb") as file:
                yield file
