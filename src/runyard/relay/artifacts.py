"""Artifacts: uploads are copied into the journal, downloads come from the server or, while it lacks them, from here."""

from __future__ import annotations

import contextlib
import posixpath
import re
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlencode

from runyard.client.journal.calls.desk import Desk
from runyard.client.journal.calls.places import Place, address_at_server, files_in, listed, place_of
from runyard.client.journal.calls.way import Away, away
from runyard.client.journal.local_reads import LocalFile, note_run
from runyard.client.journal.model_state import MODELS, ModelState
from runyard.errors import InvalidInput, NotFound, RunyardError
from runyard.relay.answers import OWN

PROXY = "/2.0/mlflow-artifacts"
FILES = f"{PROXY}/artifacts"
OF_RUN = "/2.0/mlflow/artifacts/list"
SCHEME = "mlflow-artifacts:/"
_OWN = re.compile(rf"{OWN}/(runs|models|traces)/([^/]+)(?:/(.*))?", re.DOTALL)
_LAYOUT = re.compile(r"(?:^|/)(m-[0-9a-f]{32}|[0-9a-f]{32})/artifacts(?:/|$)")
FileList = list[dict[str, object]]


class RelayedArtifacts:
    """Answers requests about files. Any number of threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add(self, path: str, source: Path) -> str:
        """Take an upload: it is copied, and sent later; returns the run that it belongs to, empty for none.

        Args:
            path: below the workspace's files, as the client names it.
        Raises: RunyardError.
        """
        if any(part in ("", ".", "..") for part in path.split("/")) or "\0" in path or "\\" in path:
            raise InvalidInput(f"{path!r} is no path of an artifact.")
        place = self._place(path)
        if not place.path:
            raise InvalidInput(f"{path!r} is a folder. Name the file in it.")
        if place.owner.startswith("traces/"):  # nothing that is said of a trace waits for its files
            self._desk.logbook.add_file(place.owner, place.path, source, copy=True)
            note_run(self._desk.recorder.begin(), place.one)
            return ""
        self._desk.logbook.add_file(place.owner, place.path, source, copy=True, run_id=place.one)
        return place.one if place.owner.startswith("runs/") else ""

    def held(self, path: str) -> LocalFile | None:
        """A file that is to be read from here, since the server does not have it yet or is away."""
        if self._at_server():
            return None
        place = self._place(path)
        return files_in(self._desk, place._replace(path="")).get(place.path)

    def listed(self, path: str) -> FileList | None:
        """What is in a folder, by name; None where the server is to say it."""
        if self._at_server():
            return None
        found = self._listed(self._place(path))
        return [{**one, "path": posixpath.basename(str(one["path"]))} for one in found]

    def listed_of_run(self, run_id: str, path: str) -> dict[str, object] | None:
        """What is in a folder of a run, by path; None where the server is to say it."""
        if self._at_server():
            return None
        uri = self._desk.require_run(run_id).artifact_uri
        root = f"{SCHEME}{OWN}/runs/{run_id}" if uri.startswith("runyard://") else uri
        return {"root_uri": root, "files": self._listed(Place(f"runs/{run_id}", run_id, path.strip("/")))}

    def translated(self, raw_path: str, query: bytes) -> tuple[str, bytes]:
        """A request for files of what was made here, as the server names them.

        Raises: StorageUnavailable; RunyardError.
        """
        mark = f"/{OWN}/"
        if mark in raw_path:
            front, _, rest = raw_path.partition(mark)
            raw_path = f"{front}/{quote(self._theirs(f'{OWN}/{unquote(rest)}'))}"
        fields = parse_qs(query.decode("latin-1"), keep_blank_values=True)
        if fields.get("path", [""])[-1].startswith(f"{OWN}/"):
            fields["path"] = [self._theirs(fields["path"][-1])]
            query = urlencode(fields, doseq=True).encode()
        return raw_path, query

    def _at_server(self) -> bool:
        return self._desk.settle() and self._desk.reach.there()

    def _listed(self, place: Place) -> FileList:
        files = files_in(self._desk, place._replace(path=""))
        return [
            {"path": one.path, "is_dir": one.is_dir, **({} if one.size is None else {"file_size": one.size})}
            for one in listed(files, place.path)
        ]

    def _place(self, path: str) -> Place:
        own = _OWN.fullmatch(path)
        if own is not None:
            return Place(f"{own[1]}/{own[2]}", own[2], (own[3] or "").strip("/"))
        found = place_of(self._desk.state, SCHEME + path)
        if found is None and (layout := _LAYOUT.search(path)) is not None:
            self._look_up(layout[1])
            found = place_of(self._desk.state, SCHEME + path)
        if found is None:
            folder, _, name = path.rpartition("/")
            return Place(SCHEME + folder, "", name)
        return found

    def _look_up(self, one: str) -> None:
        """Know a run or model that a path seems to belong to, if there is one."""
        with contextlib.suppress(Away, RunyardError):
            if not one.startswith("m-"):
                self._desk.logbook.entered(one)
            elif self._desk.local_model(one) is None and self._desk.reach.there():
                document = self._desk.way.ask("GET", f"{MODELS}/{one}")
                self._desk.state.models[one] = ModelState.told(document["model"])

    def _theirs(self, path: str) -> str:
        """Where the server has a file of what was made here."""
        own = _OWN.fullmatch(path)
        if own is None:
            raise NotFound(f"No artifact {path!r} is here.")
        try:
            root = address_at_server(self._desk, f"{own[1]}/{own[2]}")
        except Away as exc:
            raise away(f"The artifact {own[3] or path!r} is at the server, which is away.") from exc
        if not root.startswith(SCHEME):
            raise InvalidInput(f"The artifacts of {own[2]} are at {root}, where the relay has no way.")
        return posixpath.join(root.removeprefix(SCHEME).strip("/"), own[3] or "").rstrip("/")
