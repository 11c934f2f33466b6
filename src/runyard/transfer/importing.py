"""From any source into a workspace: one record after the other, so that it can stop anywhere and go on there."""

from __future__ import annotations

import enum
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol, TypeVar, cast

import msgspec

from runyard.entities.file_digest import PieceHash
from runyard.entities.point_bytes import POINT_BYTES, PointDigest, parse_points
from runyard.entities.registry import PROMPT_TAG
from runyard.entities.trace import ARTIFACT_LOCATION
from runyard.entities.transfer import (
    ExperimentRecord,
    LoggedModelRecord,
    Placed,
    RegisteredModelRecord,
    RunRecord,
    SeriesDigest,
    SeriesPoints,
    TraceRecord,
    VersionRecord,
    digest_of,
)
from runyard.errors import CallerError, NotAllowed, RunyardError, Unauthenticated
from runyard.transfer.journal import Journal, Kept, KeptFile
from runyard.transfer.source import BLOCK, Owner, Source, SourceFault, SourceFile
from runyard.transfer.target import AT_ONCE, TRACES_AT_ONCE, Workspace, datastore_path

T = TypeVar("T")
VERSIONS_AT_ONCE = 500
LOGGED_BYTES = 4 * 1024 * 1024


class Artifacts(enum.StrEnum):
    """What happens to files."""

    COPY = "copy"  # into the workspace
    REFERENCE = "reference"  # they stay; records say where
    NONE = "none"  # records say where they would be in the workspace


@dataclass(frozen=True)
class Choice:
    """What is imported.

    Attributes:
        experiments: names or ids; none means all.
    """

    experiments: tuple[str, ...] = ()
    artifacts: Artifacts = Artifacts.COPY

    def wants(self, experiment: ExperimentRecord) -> bool:
        """Whether an experiment is chosen."""
        return (
            not self.experiments or experiment.id in self.experiments or experiment.name in self.experiments
        )


class Watch(Protocol):
    """Hears how it goes on."""

    def at(self, what: str) -> None:
        """What is under way."""
        ...

    def add(self, noun: str, count: int) -> None:
        """Something was brought in."""
        ...


class Importer:
    """One import. `run` may be called again after any failure; what is there already is not changed."""

    def __init__(
        self, source: Source, target: Workspace, journal: Journal, choice: Choice, watch: Watch
    ) -> None:
        self._source = source
        self._target = target
        self._journal = journal
        self._choice = choice
        self._watch = watch

    def run(self) -> None:
        """Bring everything in. What cannot be brought in is noted in the journal.

        Raises: RunyardError when the server or the whole source fails.
        """
        self._journal.begin()
        chosen = [
            one for one in self._good("experiment", self._source.experiments()) if self._choice.wants(one)
        ]
        self._tell_missing(chosen)
        numbers = self._put_experiments(chosen)
        for experiment in chosen:
            if experiment.id in numbers:
                self._watch.at(experiment.name)
                self._import_experiment(experiment.id, numbers[experiment.id])
        if not self._choice.experiments:
            self._watch.at("registered models")
            for model in self._good("registered model", self._source.registered_models()):
                self._put_registered_model(model)
            self._put_all("dataset", self._source.datasets())
            self._put_all("datastore", self._source.datastores())
        for what, text in self._source.left_out().items():
            self._journal.note("left out", what, text, fault=False)

    def _tell_missing(self, chosen: Sequence[ExperimentRecord]) -> None:
        known = {text for one in chosen for text in (one.id, one.name)}
        for wanted in self._choice.experiments:
            if wanted not in known:
                self._journal.note("experiment", wanted, "The source has no such experiment.")

    # --- experiments and what is in them ---

    def _put_experiments(self, chosen: Sequence[ExperimentRecord]) -> dict[str, str]:
        """The numbers that they have in the target."""
        referred = self._choice.artifacts is Artifacts.REFERENCE
        sent = [one if referred else msgspec.structs.replace(one, artifact_location="") for one in chosen]
        numbers: dict[str, str] = {}
        for record, placed in self._target.put(
            sent, lambda one, why: self._refused("experiment", one.name, why)
        ):
            number = placed.experiment_id
            numbers[record.id] = number
            created = placed.outcome == "created"
            self._journal.keep_experiment(record.id, number, record.name, digest_of(record), created)
            if number != record.id:
                self._journal.note(
                    "experiment", record.name, f"Its id {record.id} is {number} here.", fault=False
                )
        self._watch.add("experiments", len(numbers))
        return numbers

    def _import_experiment(self, source_id: str, number: str) -> None:
        for runs in _some(self._good("run", self._source.runs(source_id)), AT_ONCE):
            self._put_runs(runs, number)
        for models in _some(self._good("model", self._source.logged_models(source_id)), AT_ONCE):
            self._put_logged_models(models, number)
        for traces in _some(self._good("trace", self._source.traces(source_id)), TRACES_AT_ONCE):
            self._put_traces(traces, number)

    def _put_runs(self, runs: Sequence[RunRecord], number: str) -> None:
        by_id = {run.id: run for run in runs}
        sent = [
            msgspec.structs.replace(run, experiment_id=number, artifact_uri=self._reference(run.artifact_uri))
            for run in runs
        ]
        for record, placed in self._target.put(sent, lambda one, why: self._refused("run", one.id, why)):
            run = by_id[record.id]
            if not self._conflicts("run", placed):
                self._fill_run(run, record, placed, number)
        self._watch.add("runs", len(runs))

    def _fill_run(self, run: RunRecord, sent: RunRecord, placed: Placed, number: str) -> None:
        """Points and files of a run that is there, unless they are, too."""
        known = self._journal.find("run", run.id)
        try:
            state = self._source.state(run)
            done = known is not None and placed.outcome == "present" and known.state == self._state(state)
            kept = Kept(
                run.id,
                number,
                digest_of(sent),
                plain_place(run.artifact_uri),
                placed.artifact_uri,
                self._state(state) if done else "",
                placed.outcome == "created",
            )
            self._journal.keep("run", kept)
            if done:
                return
            self._journal.keep_series(run.id, self._put_points(run))
            self._put_logged(run)
        except SourceFault as exc:
            self._journal.note("run", run.id, exc.message)
            return
        except CallerError as exc:
            self._refused("run", run.id, exc.message, exc)
            return
        if self._put_files(Owner("run", run.id), run.artifact_uri, placed.artifact_uri):
            self._journal.finish("run", run.id, self._state(state))

    def _state(self, state: str) -> str:
        """What must not have changed so that a run need not be looked at again."""
        return f"{state} {self._choice.artifacts}"

    def _put_points(self, run: RunRecord) -> list[SeriesDigest]:
        found: dict[str, PointDigest] = {}
        held: list[SeriesPoints] = []
        size = 0
        for series in self._source.points(run):
            found.setdefault(series.key, PointDigest()).add(parse_points(series.points))
            held.append(series)
            size += len(series.points) // POINT_BYTES
            if size >= BLOCK:
                self._target.put_points(run.id, held)
                self._watch.add("points", size)
                held, size = [], 0
        if held:
            self._target.put_points(run.id, held)
            self._watch.add("points", size)
        return [SeriesDigest(key, digest.count, digest.text) for key, digest in found.items()]

    def _put_logged(self, run: RunRecord) -> None:
        for records in _some(self._source.logged(run), AT_ONCE, LOGGED_BYTES):
            self._target.put_logged(run.id, records)

    def _put_logged_models(self, models: Sequence[LoggedModelRecord], number: str) -> None:
        places = {one.id: one.artifact_uri for one in models}
        sent = [
            msgspec.structs.replace(one, experiment_id=number, artifact_uri=self._reference(one.artifact_uri))
            for one in models
        ]
        for record, placed in self._target.put(sent, lambda one, why: self._refused("model", one.id, why)):
            if not self._conflicts("model", placed):
                self._keep_with_files("model", record, placed, number, places[record.id])
        self._watch.add("logged models", len(models))

    def _put_traces(self, traces: Sequence[TraceRecord], number: str) -> None:
        places = {one.id: one.tags.get(ARTIFACT_LOCATION, "") for one in traces}
        sent = [self._moved_trace(one, number) for one in traces]
        for record, placed in self._target.put(sent, lambda one, why: self._refused("trace", one.id, why)):
            if not self._conflicts("trace", placed):
                self._keep_with_files("trace", record, placed, number, places[record.id])
        self._watch.add("traces", len(traces))

    def _moved_trace(self, trace: TraceRecord, number: str) -> TraceRecord:
        place = self._reference(trace.tags.get(ARTIFACT_LOCATION, ""))
        tags = {key: value for key, value in trace.tags.items() if key != ARTIFACT_LOCATION}
        if place:
            tags[ARTIFACT_LOCATION] = place
        return msgspec.structs.replace(trace, experiment_id=number, tags=tags)

    def _keep_with_files(
        self, kind: str, record: LoggedModelRecord | TraceRecord, placed: Placed, number: str, place: str
    ) -> None:
        known = self._journal.find(kind, record.id)
        digest = digest_of(record)
        done = (
            known is not None
            and placed.outcome == "present"
            and (known.digest, known.state) == (digest, self._state("files"))
        )
        created = placed.outcome == "created"
        state = self._state("files") if done else ""
        kept = Kept(record.id, number, digest, plain_place(place), placed.artifact_uri, state, created)
        self._journal.keep(kind, kept)
        if not done and self._put_files(Owner(kind, record.id), place, placed.artifact_uri):
            self._journal.finish(kind, record.id, self._state("files"))

    def _conflicts(self, kind: str, placed: Placed) -> bool:
        if placed.outcome == "conflict":
            self._journal.note(kind, placed.id, placed.message)
        return placed.outcome == "conflict"

    # --- the registry and the rest ---

    def _put_registered_model(self, model: RegisteredModelRecord) -> None:
        moved = msgspec.structs.replace(
            model, versions=[self._moved_version(model, one) for one in model.versions]
        )
        self._watch.add("registered models", 1)
        for start in range(0, max(len(moved.versions), 1), VERSIONS_AT_ONCE):
            part = msgspec.structs.replace(moved, versions=moved.versions[start : start + VERSIONS_AT_ONCE])
            placed = self._target.put(
                [part], lambda one, why: self._refused("registered model", one.name, why)
            )
            if not placed:
                return
        created = placed[0][1].outcome == "created"
        self._journal.keep(
            "registered model", Kept(model.name, "", digest_of(moved), "", "", "done", created)
        )

    def _moved_version(self, model: RegisteredModelRecord, version: VersionRecord) -> VersionRecord:
        """The version with its files where they are now."""
        if self._choice.artifacts is Artifacts.REFERENCE:
            return version
        named = version.source.startswith("models:/")  # by an id that is the same everywhere
        source = version.source if named else self._moved_place(version.source, version.run_id)
        location = self._moved_place(version.storage_location or version.source, version.run_id)
        if (source is None or location is None) and PROMPT_TAG not in model.tags:  # prompts have no files
            text = f"Version {version.version} points at {version.source[:200]}, which is not among what was imported."
            self._journal.note("registered model", model.name, text, fault=False)
        return msgspec.structs.replace(
            version, source=source or version.source, storage_location=location or version.storage_location
        )

    def _moved_place(self, place: str, run_id: str) -> str | None:
        """Where something is now; None when it was not brought in."""
        scheme = place.partition(":")[0]
        if scheme == "runs" or (scheme == "models" and not place.startswith("models:/m-")):
            return place
        if scheme == "models":
            id, _, rest = place.removeprefix("models:/").partition("/")
            model = self._journal.find("model", id)
            return place if model is None else _join(model.place, rest)
        plain = plain_place(place)
        rest: list[str] = []  # type: ignore[no-redef]
        base = plain
        while base.count("/") > 1:
            found = self._journal.find_at(base)
            if found is not None:
                return _join(found.place, "/".join(rest))
            base, _, last = base.rpartition("/")
            rest.insert(0, last)  # type: ignore[attr-defined]
        run = self._journal.find("run", run_id) if run_id else None
        _, found_it, below = plain.partition(f"/{run_id}/artifacts")
        return _join(run.place, below.strip("/")) if run is not None and found_it else None

    def _put_all(self, kind: str, records: Iterable[T | SourceFault]) -> None:
        for batch in _some(self._good(kind, iter(records)), AT_ONCE):
            for record, placed in self._target.put(
                batch, lambda one, why: self._refused(kind, str(getattr(one, "name", "")), why)
            ):
                if not self._conflicts(kind, placed):
                    created = placed.outcome == "created"
                    digest = digest_of(record)  # type: ignore[arg-type]
                    self._journal.keep(kind, Kept(placed.id, "", digest, "", "", "done", created))
            self._watch.add(f"{kind}s", len(batch))

    # --- files ---

    def _reference(self, place: str) -> str:
        return place if self._choice.artifacts is Artifacts.REFERENCE else ""

    def _put_files(self, owner: Owner, place: str, target: str) -> bool:
        """Copy the files of a record; whether all that there are went over."""
        if self._choice.artifacts is not Artifacts.COPY:
            return True
        base = datastore_path(target)
        if base is None:
            self._journal.note(
                owner.kind, owner.id, f"Its files belong at {target}, where nothing can be copied to."
            )
            return False
        try:
            for file in self._source.files(owner, place):
                self._put_file(owner, file, base)
        except SourceFault as exc:
            self._journal.note(owner.kind, owner.id, exc.message)
            return False
        except CallerError as exc:
            self._refused(owner.kind, owner.id, exc.message, exc)
            return False
        return True

    def _put_file(self, owner: Owner, file: SourceFile, base: str) -> None:
        path = f"{base}/{file.path}"
        known = self._journal.find_file(owner, file.path)
        if known is not None and known.place == path and known.bytes == file.bytes:
            stored = self._target.file_digests([path])[0]
            if stored == (known.bytes, known.digest):
                return
        with file.open() as opened:
            hashed = Hashed(opened, PieceHash)
            self._target.put_file(path, cast(BinaryIO, hashed), file.bytes)
            if hashed.count != file.bytes or hashed.more():
                raise SourceFault(
                    f"The file {file.path} changed while it was read: it is not {file.bytes} bytes long any more."
                )
        self._journal.keep_file(owner, file.path, KeptFile(path, hashed.count, hashed.text))
        self._watch.add("files", 1)
        self._watch.add("bytes", file.bytes)

    # --- what goes wrong ---

    def _good(self, kind: str, records: Iterator[T | SourceFault]) -> Iterator[T]:
        """The records that could be read; the others are noted."""
        try:
            for number, one in enumerate(records, 1):
                if isinstance(one, SourceFault):
                    self._journal.note(kind, f"number {number}", one.message)
                else:
                    yield one
        except SourceFault as exc:
            self._journal.note(kind, "the rest", exc.message)

    def _refused(self, kind: str, id: str, why: str, exc: RunyardError | None = None) -> None:
        if isinstance(exc, Unauthenticated | NotAllowed):
            raise exc
        self._journal.note(kind, id, f"The server refuses it: {why}")


class Digest(Protocol):
    """What hashlib's are."""

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


class Hashed:
    """A file that is read once from its start, and the digest of what was read."""

    def __init__(self, file: BinaryIO, digest: Callable[[], Digest] = hashlib.sha256) -> None:
        self._file = file
        self._digest = digest
        self._hash = digest()
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        piece = self._file.read(size)
        self._hash.update(piece)
        self.count += len(piece)
        return piece

    def seekable(self) -> bool:
        """Whether an upload that failed can begin again."""
        return self._file.seekable()

    def tell(self) -> int:
        """How far it was read."""
        return self.count

    def seek(self, offset: int, whence: int = 0) -> int:
        """Back to the start."""
        self._file.seek(offset, whence)
        self._hash, self.count = self._digest(), 0
        return offset

    def more(self) -> bool:
        """Whether anything follows."""
        return bool(self._file.read(1))

    @property
    def text(self) -> str:
        """In hex."""
        return self._hash.hexdigest()


def plain_place(place: str) -> str:
    """A place so that two ways to write it are the same."""
    for prefix in ("file://localhost/", "file:///", "file:/"):
        if place.startswith(prefix):
            return "/" + place.removeprefix(prefix).strip("/")
    return place.rstrip("/")


def _join(place: str, rest: str) -> str:
    return f"{place.rstrip('/')}/{rest}" if rest else place


def _some(records: Iterator[T], count: int, size: int | None = None) -> Iterator[list[T]]:
    """Lists of at most count records, and of about size bytes."""
    while batch := list(itertools.islice(records, count)):
        if size is None:
            yield batch
            continue
        part: list[T] = []
        held = 0
        for one in batch:
            part.append(one)
            held += len(msgspec.json.encode(one))
            if held >= size:
                yield part
                part, held = [], 0
        if part:
            yield part
