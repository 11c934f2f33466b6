"""Ids and addresses that a client gives while no server is in reach; they stay good once everything was sent.

An experiment is then known by its name alone: its id, `offline-` and a digest, is told from the name, and a small file
beside the journals leads back. Artifacts of runs and models are addressed by the run or the model, as Azure ML does.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from urllib.parse import quote

import msgspec

PREFIX = "offline-"
FOLDER = "experiments"
_RUN = re.compile(r"[a-z]+://experiments/[^/]*/runs/([^/]+)/artifacts(?:/(.*))?")
_MODEL = re.compile(r"[a-z]+://experiments/[^/]*/models/([^/]+)/artifacts(?:/(.*))?")
_TRACE = re.compile(r"[a-z]+://experiments/[^/]*/traces/([^/]+)/artifacts(?:/(.*))?")


class OfflineExperiment(msgspec.Struct, frozen=True):
    """An experiment that is known by its name."""

    id: str
    name: str
    created_ms: int = 0
    tags: dict[str, str] = {}


def experiment_id_of(name: str) -> str:
    """The id of an experiment that is known by its name; MLflow's check of ids takes it."""
    return PREFIX + hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()


def is_offline_id(experiment_id: str) -> bool:
    """Whether an experiment's id is one of these."""
    return experiment_id.startswith(PREFIX)


def run_artifacts(experiment_id: str, run_id: str) -> str:
    """Where the artifacts of a run are."""
    return f"runyard://experiments/{quote(experiment_id, safe='') or '-'}/runs/{run_id}/artifacts"


def model_artifacts(experiment_id: str, model_id: str) -> str:
    """Where the artifacts of a logged model are."""
    return f"runyard://experiments/{quote(experiment_id, safe='') or '-'}/models/{model_id}/artifacts"


def trace_artifacts(experiment_id: str, trace_id: str) -> str:
    """Where the attachments of a trace are."""
    return f"runyard://experiments/{quote(experiment_id, safe='') or '-'}/traces/{quote(trace_id, safe='')}/artifacts"


def run_of(artifact_uri: str) -> tuple[str, str] | None:
    """The run and the path below its artifacts that an address of this kind means."""
    return _found(_RUN, artifact_uri)


def model_of(artifact_uri: str) -> tuple[str, str] | None:
    """The logged model and the path below its artifacts that an address of this kind means."""
    return _found(_MODEL, artifact_uri)


def trace_of(artifact_uri: str) -> tuple[str, str] | None:
    """The trace and the path below its artifacts that an address of this kind means."""
    return _found(_TRACE, artifact_uri)


def _found(pattern: re.Pattern[str], artifact_uri: str) -> tuple[str, str] | None:
    found = pattern.fullmatch(artifact_uri)
    return (found[1], (found[2] or "").strip("/")) if found else None


class OfflineExperiments:
    """The names of experiments that were made offline, in files beside the journals: other processes know them too.

    Args:
        home: the folder of the journals.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER

    def add(self, one: OfflineExperiment) -> None:
        """Know an experiment from now on; whole or not at all."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self._folder / f".{one.id}.{os.getpid()}"
        temporary.write_bytes(msgspec.json.encode(one))
        os.replace(temporary, self._folder / f"{one.id}.json")

    def tag(self, experiment_id: str, key: str, value: str) -> None:
        """Set a tag of one of them, which is there."""
        one = self.find(experiment_id)
        if one is not None:
            self.add(msgspec.structs.replace(one, tags={**one.tags, key: value}))

    def find(self, experiment_id: str) -> OfflineExperiment | None:
        """By id."""
        if not re.fullmatch(r"offline-[0-9a-f]{20}", experiment_id):
            return None
        try:
            return msgspec.json.decode(
                (self._folder / f"{experiment_id}.json").read_bytes(), type=OfflineExperiment
            )
        except (OSError, msgspec.MsgspecError):
            return None

    def find_name(self, name: str) -> OfflineExperiment | None:
        """By name."""
        return self.find(experiment_id_of(name))

    def all(self) -> list[OfflineExperiment]:
        """All of them, by name."""
        ids = [path.stem for path in self._folder.glob(f"{PREFIX}*.json")]
        found = [one for one in map(self.find, ids) if one is not None]
        return sorted(found, key=lambda one: one.name)
