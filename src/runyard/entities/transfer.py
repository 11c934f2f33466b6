"""Whole records as they leave a server and come into one: everything that is kept, nothing that can be worked out.

An import, an export and an exported folder all speak these. Times are milliseconds UTC. Ids of experiments are text,
because a source may have others than numbers; `artifact_uri` and the like name a place that an import changes.
"""

from __future__ import annotations

import hashlib
import math
from typing import Annotated, Any, Literal

import msgspec

from runyard.entities.run import DatasetInput, ModelEdge
from runyard.entities.trace import ARTIFACT_LOCATION, Assessment, Span, TraceState

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Id = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}\Z")]
TraceId = Annotated[str, msgspec.Meta(pattern=r"\A(?!\.{1,2}\Z)[^/\\\x00]{1,250}\Z")]
StageName = Literal["active", "deleted"]
StatusName = Literal["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]
Texts = dict[str, str]


class ExperimentRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """An experiment; without artifact_location its files go to their usual place."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    name: Key
    artifact_location: str = ""
    stage: StageName = "active"
    created_ms: Int64 = 0
    updated_ms: Int64 = 0
    tags: Texts = {}


class RunRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run without its points and without what the SDK logged beside numbers.

    Attributes:
        properties: text that the SDK set once.
    """

    id: Id
    experiment_id: str
    name: str = ""
    user_id: str = ""
    status: StatusName = "RUNNING"
    stage: StageName = "active"
    start_ms: Int64 | None = None
    end_ms: Int64 | None = None
    deleted_ms: Int64 | None = None
    artifact_uri: str = ""
    params: Texts = {}
    tags: Texts = {}
    properties: Texts = {}
    inputs: list[DatasetInput] = []
    model_inputs: list[ModelEdge] = []
    model_outputs: list[ModelEdge] = []


class LoggedRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the SDK logged to a run beside numbers; body is JSON."""

    uuid: Key
    name: str
    kind: Key
    logged_ms: Int64
    body: str


class SeriesPoints(msgspec.Struct, frozen=True):
    """Some points of one metric: rows of 24 bytes, each little-endian step, time (int64) and value (float64)."""

    key: Key
    points: bytes


class SeriesDigest(msgspec.Struct, frozen=True):
    """One whole metric of a run; the digest depends on its points and not on their order."""

    key: str
    count: int
    digest: str


class MeasuredRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """The latest value of a metric on a logged model; value is text where JSON has no number."""

    key: Key
    value: float | Literal["NaN", "Infinity", "-Infinity"]
    timestamp: Int64
    step: Int64 = 0
    run_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""

    @property
    def number(self) -> float:
        """The value as a float."""
        return float(self.value)


class LoggedModelRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A logged model; status is MLflow's number."""

    id: Id
    experiment_id: str
    name: str
    model_type: str = ""
    source_run_id: str = ""
    status: Annotated[int, msgspec.Meta(ge=0, le=3)] = 0
    status_message: str | None = None
    stage: StageName = "active"
    artifact_uri: str = ""
    created_ms: Int64 = 0
    updated_ms: Int64 = 0
    params: Texts = {}
    tags: Texts = {}
    metrics: list[MeasuredRecord] = []


class TraceRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A trace with its spans.

    Attributes:
        described: whether its client told all of it, and not only its spans did.
        runs: runs that it was linked to after the fact.
    """

    id: TraceId
    experiment_id: str
    request_ms: Int64
    duration_ms: Int64 | None = None
    state: TraceState = TraceState.UNSPECIFIED
    request_preview: str | None = None
    response_preview: str | None = None
    client_request_id: str | None = None
    described: bool = True
    tags: Texts = {}
    metadata: Texts = {}
    assessments: list[Assessment] = []
    spans: list[Span] = []
    runs: list[str] = []


class VersionRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A version of a registered model; status is MLflow's number."""

    version: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    source: str = ""
    storage_location: str = ""
    stage: Literal["None", "Staging", "Production", "Archived"] = "None"
    description: str | None = None
    run_id: str = ""
    run_link: str = ""
    model_id: str | None = None
    user_id: str | None = None
    status: Annotated[int, msgspec.Meta(ge=1, le=3)] = 3
    status_message: str | None = None
    created_ms: Int64 = 0
    updated_ms: Int64 = 0
    tags: Texts = {}


class RegisteredModelRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A registered model or prompt; last_version is the greatest number that was ever given out."""

    name: Key
    description: str | None = None
    created_ms: Int64 = 0
    updated_ms: Int64 = 0
    last_version: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0
    tags: Texts = {}
    aliases: dict[str, int] = {}
    versions: list[VersionRecord] = []


class DatasetVersionRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A version of a registered dataset; the definition is JSON."""

    version: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    uuid: Id
    kind: Key
    definition: str
    tags: Texts = {}
    created_by: str = ""
    created_ms: Int64 = 0


class DatasetRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A registered dataset."""

    name: Key
    description: str = ""
    archived_ms: Int64 | None = None
    last_version: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0
    created_ms: Int64 = 0
    versions: list[DatasetVersionRecord] = []


class DatastoreRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A registered datastore without its credentials; the config is JSON."""

    name: Key
    kind: Key
    config: str
    created_by: str = ""
    created_ms: Int64 = 0
    updated_ms: Int64 = 0


Record = (
    ExperimentRecord
    | RunRecord
    | LoggedRecord
    | LoggedModelRecord
    | TraceRecord
    | RegisteredModelRecord
    | DatasetRecord
    | DatastoreRecord
)


class Placed(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one record.

    Attributes:
        id: as sent.
        outcome: created; present, when it was there and what was missing of it was added; conflict, with a message.
        experiment_id: the number that an experiment has now.
        artifact_uri: where the record's files belong now.
    """

    id: str
    outcome: Literal["created", "present", "conflict"]
    experiment_id: str = ""
    artifact_uri: str = ""
    message: str = ""


class FileDigest(msgspec.Struct, frozen=True):
    """A piece of a stored file, from start until before end: its SHA-256.

    Attributes:
        bytes: of the whole file; -1, with an empty sha256, when there is none.
    """

    path: str
    bytes: int
    sha256: str
    start: int = 0
    end: int = 0

    @property
    def ends(self) -> bool:
        """Whether nothing of the file follows."""
        return self.end >= self.bytes


def measured(value: float | None) -> float | Literal["NaN", "Infinity", "-Infinity"]:
    """A number for JSON; None is NaN."""
    if value is None or math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def digest_of(record: Record) -> str:
    """SHA-256 of what an import must keep: all but the places that it changes and the order of sets."""
    return hashlib.sha256(msgspec.json.encode(_plain(_fixed(record)), order="sorted")).hexdigest()


def _plain(value: Any) -> Any:
    """All fields, defaults included: what is left out of JSON depends on more than the values."""
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _fixed(record: Record) -> Any:
    replace = msgspec.structs.replace
    if isinstance(record, ExperimentRecord):
        return replace(record, id="-", artifact_location="")
    if isinstance(record, RunRecord):
        return replace(
            record,
            experiment_id="",
            artifact_uri="",
            inputs=sorted(record.inputs, key=lambda one: (one.dataset.name, one.dataset.digest)),
            model_inputs=sorted(record.model_inputs, key=lambda edge: (edge.model_id, edge.step)),
            model_outputs=sorted(record.model_outputs, key=lambda edge: (edge.model_id, edge.step)),
        )
    if isinstance(record, LoggedModelRecord):
        ordered = sorted(
            record.metrics, key=lambda one: (one.key, one.run_id, one.dataset_name, one.dataset_digest)
        )
        return replace(record, experiment_id="", artifact_uri="", metrics=ordered)
    if isinstance(record, TraceRecord):
        tags = {key: value for key, value in record.tags.items() if key != ARTIFACT_LOCATION}
        return replace(
            record,
            experiment_id="",
            tags=tags,
            runs=sorted(record.runs),
            spans=sorted(record.spans, key=lambda span: span.span_id),
            assessments=sorted(record.assessments, key=lambda said: said.id),
        )
    if isinstance(record, RegisteredModelRecord):
        versions = [replace(one, source="", storage_location="") for one in record.versions]
        return replace(record, versions=sorted(versions, key=lambda one: one.version))
    return record
