"""Artifacts as far as they are on this machine: whose they are, which of them are here, and where the server has them."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from runyard.client.journal import local_reads
from runyard.client.journal.calls.desk import GET_RUN, Desk
from runyard.client.journal.local_reads import LocalFile
from runyard.client.journal.model_state import MODELS
from runyard.client.journal.state import LocalState
from runyard.client.journal.trace_state import TRACES
from runyard.entities.trace import ARTIFACT_LOCATION


class Place(NamedTuple):
    """A folder of artifacts, or a file.

    Attributes:
        owner: as records name it.
        one: the run or model that waits for what is logged there; empty: none.
        path: below the owner's artifacts.
    """

    owner: str
    one: str
    path: str = ""


class Entry(NamedTuple):
    """What is in a folder; a folder has no size."""

    path: str
    is_dir: bool
    size: int | None


def place_of(state: LocalState, uri: str) -> Place | None:
    """The place that an address means among the artifacts of runs and models that are known."""
    for run in list(state.runs.values()):
        if _within(uri, run.artifact_uri):
            return Place(f"runs/{run.run_id}", run.run_id, _below(uri, run.artifact_uri))
    for one, model in state.models.copy().items():
        root = model.message.info.artifact_uri
        if _within(uri, root):
            return Place(f"models/{one}", one, _below(uri, root))
    return None


def files_in(desk: Desk, place: Place) -> dict[str, LocalFile]:
    """The files of a folder that are still on this machine, by their path below it."""
    prefix = f"{place.path}/" if place.path else ""
    found = local_reads.files(desk.journals_of(place.one), place.owner)
    return {path.removeprefix(prefix): file for path, file in found.items() if path.startswith(prefix)}


def listed(files: dict[str, LocalFile], folder: str) -> list[Entry]:
    """What is in a folder, by path; nothing for a file."""
    prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
    found: dict[str, Entry] = {}
    for path, file in files.items():
        if path.startswith(prefix):
            name, deeper, _ = path.removeprefix(prefix).partition("/")
            found[name] = Entry(prefix + name, bool(deeper), None if deeper else file.size)
    return sorted(found.values())


def address_at_server(desk: Desk, owner: str) -> str:
    """Where the server has the artifacts of a run, model or trace.

    Raises: Away; RunyardError, as the server answers.
    """
    kind, _, one = owner.partition("/")
    if kind == "traces":
        document = desk.way.ask("GET", f"{TRACES}/{quote(one, safe='')}")["trace"]
        return str(document["trace_info"]["tags"][ARTIFACT_LOCATION])
    if kind == "runs":
        document = desk.way.ask("GET", GET_RUN, {"run_id": one})["run"]
    else:
        document = desk.way.ask("GET", f"{MODELS}/{quote(one, safe='')}")["model"]
    return str(document["info"]["artifact_uri"])


def _within(uri: str, folder: str) -> bool:
    return bool(folder) and (uri == folder or uri.startswith(folder.rstrip("/") + "/"))


def _below(uri: str, folder: str) -> str:
    return uri.removeprefix(folder.rstrip("/")).strip("/")
