"""The workspace that records go into, and come out of: the routes of import and export, typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple, TypeVar
from urllib.parse import quote

import msgspec

from runyard.client.transport import Connection
from runyard.entities.file_digest import digest_of_pieces
from runyard.entities.point_bytes import PointDigest
from runyard.entities.transfer import (
    DatasetRecord,
    DatastoreRecord,
    ExperimentRecord,
    FileDigest,
    LoggedModelRecord,
    LoggedRecord,
    Placed,
    RegisteredModelRecord,
    RunRecord,
    SeriesDigest,
    SeriesPoints,
    TraceRecord,
)
from runyard.errors import CallerError, NotAllowed, NotFound, RouteNotFound, TooLarge, Unauthenticated

T = TypeVar("T")
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
PLACE = "mlflow-artifacts:/"
AT_ONCE = 200
TRACES_AT_ONCE = 50
POINTS_READ_AT_ONCE = 250_000
BODY_BYTES = 16 * 1024 * 1024
NOUNS: dict[type[Any], str] = {
    ExperimentRecord: "experiments",
    RunRecord: "runs",
    LoggedModelRecord: "logged-models",
    TraceRecord: "traces",
    RegisteredModelRecord: "registered-models",
    DatasetRecord: "datasets",
    DatastoreRecord: "datastores",
}


class Stored(NamedTuple):
    """A file that the workspace has; its size is -1 when it is not there."""

    bytes: int
    digest: str


class Workspace:
    """One workspace of a Runyard server, to import into and to export from."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def identity(self) -> str:
        """What the journal goes by: the workspace's own id, which a new one of the same name does not have."""
        try:
            details = self.connection.get("/api/v1/workspace")
        except (NotFound, RouteNotFound):
            details = {}
        return f"{self.connection.server} {self.connection.workspace or ''} {details.get('guid', '')}"

    def put(self, records: Sequence[T], refused: Callable[[T, str], None]) -> list[tuple[T, Placed]]:
        """Bring records in, some at a time; those that the server refuses are told one by one."""
        placed: list[tuple[T, Placed]] = []
        for batch in _batches(records):
            placed += self._put(batch, refused)
        return placed

    def _put(self, batch: Sequence[T], refused: Callable[[T, str], None]) -> list[tuple[T, Placed]]:
        noun = NOUNS[type(batch[0])]
        try:
            answer = self.connection.post(f"/api/v1/import/{noun}", {"items": batch}, retry=True)
        except (Unauthenticated, NotAllowed, RouteNotFound):
            raise
        except (CallerError, TooLarge) as exc:
            if len(batch) == 1:
                refused(batch[0], exc.message)
                return []
            middle = len(batch) // 2
            return [*self._put(batch[:middle], refused), *self._put(batch[middle:], refused)]
        found = msgspec.convert(answer["items"], list[Placed])
        return list(zip(batch, found, strict=True))

    def put_points(self, run_id: str, series: Sequence[SeriesPoints]) -> None:
        """Add points to a run."""
        body = {"run_id": run_id, "items": series}
        self.connection.post("/api/v1/import/points", body, retry=True)

    def put_logged(self, run_id: str, records: Sequence[LoggedRecord]) -> None:
        """Add what the SDK logged beside numbers."""
        self.connection.post("/api/v1/import/logged", {"run_id": run_id, "items": records}, retry=True)

    def put_file(self, path: str, source: BinaryIO, size: int) -> None:
        """Store a file by its path in the workspace's datastore."""
        self.connection.upload(f"{PROXY}/{quote(path)}", source, size)

    def file_digests(self, paths: Sequence[str]) -> list[Stored]:
        """Size and digest of stored files; as many requests as their size needs."""
        found: list[Stored] = []
        pieces: list[str] = []
        start = 0
        while len(found) < len(paths):
            body = {"paths": paths[len(found) :], "start": start}
            answer = self.connection.post("/api/v1/export/files", body, retry=True)
            for part in msgspec.convert(answer["items"], list[FileDigest]):
                pieces.append(part.sha256)
                start = part.end
                if part.ends:
                    found.append(Stored(part.bytes, digest_of_pieces(pieces)))
                    pieces, start = [], 0
        return found

    def digests(self, run_id: str) -> list[SeriesDigest]:
        """All metrics of a run."""
        found: dict[str, PointDigest] = {}
        for part in self.pages("digests", SeriesDigest, POINTS_READ_AT_ONCE, run_id=run_id):
            found.setdefault(part.key, PointDigest()).merge(part.count, part.digest)
        return [SeriesDigest(key, digest.count, digest.text) for key, digest in found.items()]

    def pages(self, noun: str, kind: type[T], at_once: int = AT_ONCE, **query: Any) -> Iterator[T]:
        """All records of an export route."""
        token: str | None = None
        while True:
            answer = self.connection.get(
                f"/api/v1/export/{noun}", max_results=at_once, page_token=token, **query
            )
            yield from msgspec.convert(answer["items"], list[kind])  # type: ignore[valid-type]
            token = answer.get("next_page_token")
            if not token:
                return


def datastore_path(place: str) -> str | None:
    """The path of a place among the workspace's own files; None for a place elsewhere."""
    if not place.startswith(PLACE):
        return None
    path = place.removeprefix(PLACE).strip("/")
    if place.startswith(f"{PLACE}/"):  # mlflow-artifacts://host/path
        path = place.removeprefix(f"{PLACE}/").partition("/")[2].strip("/")
    return path or None


def _batches(records: Sequence[T]) -> Iterator[list[T]]:
    """Pieces of AT_ONCE records, or of less where they are large."""
    batch: list[T] = []
    size = 0
    for record in records:
        length = len(msgspec.json.encode(record))
        if batch and (len(batch) >= AT_ONCE or size + length > BODY_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += length
    if batch:
        yield batch
