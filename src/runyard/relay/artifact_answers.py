"""Artifacts: uploads are copied into the journal, downloads come from the server or, while it lacks them, from here."""

from __future__ import annotations

import contextlib
import posixpath
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlencode

from runyard.client.journal import local_reads
from runyard.client.journal.local_reads import LocalFile
from runyard.client.journal.model_state import MODELS, ModelState
from runyard.errors import InvalidInput, NotFound, RunyardError
from runyard.relay.asked import OWN
from runyard.relay.desk import GET_RUN, Desk, away
from runyard.relay.model_answers import ModelAnswers
from runyard.relay.server import Away

PROXY = "/2.0/mlflow-artifacts"
FILES = f"{PROXY}/artifacts"
OF_RUN = "/2.0/mlflow/artifacts/list"
SCHEME = "mlflow-artifacts:/"
_OWN = re.compile(rf"{OWN}/(runs|models)/([^/]+)(?:/(.*))?", re.DOTALL)
_LAYOUT = re.compile(r"(?:^|/)(m-[0-9a-f]{32}|[0-9a-f]{32})/artifacts(?:/|$)")
FileList = list[dict[str, object]]


class Place(NamedTuple):
    """Whose file it is.

    Attributes:
        owner: as records name it.
        one: the run or model that waits for it; empty: none.
        path: below the owner's artifacts.
    """

    owner: str
    one: str
    path: str


class ArtifactAnswers:
    """Answers requests about files. Any number of threads."""

    def __init__(self, desk: Desk, models: ModelAnswers) -> None:
        self._desk = desk
        self._models = models

    def add(self, path: str, source: Path) -> None:
        """Take an upload: it is copied, and sent later.

        Args:
            path: below the workspace's files, as the client names it.
        Raises: RunyardError.
        """
        if any(part in ("", ".", "..") for part in path.split("/")) or "\0" in path or "\\" in path:
            raise InvalidInput(f"{path!r} is no path of an artifact.")
        place = self._place(path)
        if not place.path:
            raise InvalidInput(f"{path!r} is a folder. Name the file in it.")
        self._desk.logbook.add_file(place.owner, place.path, source, copy=True, run_id=place.one)

    def held(self, path: str) -> LocalFile | None:
        """A file that is to be read from here, since the server does not have it yet or is away."""
        if self._at_server():
            return None
        place = self._place(path)
        return local_reads.files(self._desk.journals_of(place.one), place.owner).get(place.path)

    def listed(self, path: str) -> FileList | None:
        """What is in a folder, by name; None where the server is to say it."""
        if self._at_server():
            return None
        place = self._place(path)
        return [
            {**one, "path": posixpath.basename(str(one["path"]))}
            for one in self._listed(place.owner, place.one, place.path)
        ]

    def listed_of_run(self, run_id: str, path: str) -> dict[str, object] | None:
        """What is in a folder of a run, by path; None where the server is to say it."""
        if self._at_server():
            return None
        run = self._desk.local_run(run_id)
        uri = run.artifact_uri
        root = f"{SCHEME}{OWN}/runs/{run_id}" if uri.startswith("runyard://") else uri
        return {"root_uri": root, "files": self._listed(f"runs/{run_id}", run_id, path.strip("/"))}

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
        return self._desk.settle() and self._desk.server.there()

    def _listed(self, owner: str, one: str, path: str) -> FileList:
        prefix = f"{path}/" if path else ""
        found: dict[str, dict[str, object]] = {}
        for name, file in local_reads.files(self._desk.journals_of(one), owner).items():
            if name.startswith(prefix):
                first, deeper, _ = name.removeprefix(prefix).partition("/")
                size: dict[str, object] = {} if deeper else {"file_size": file.size}
                found[first] = {"path": prefix + first, "is_dir": bool(deeper), **size}
        return [found[name] for name in sorted(found)]

    def _place(self, path: str) -> Place:
        own = _OWN.fullmatch(path)
        if own is not None:
            return Place(f"{own[1]}/{own[2]}", own[2], (own[3] or "").strip("/"))
        found = self._known(path)
        if found is None and (layout := _LAYOUT.search(path)) is not None:
            self._look_up(layout[1])
            found = self._known(path)
        if found is None:
            folder, _, name = path.rpartition("/")
            return Place(SCHEME + folder, "", name)
        return found

    def _known(self, path: str) -> Place | None:
        uri = SCHEME + path
        for run in list(self._desk.state.runs.values()):
            if _within(uri, run.artifact_uri):
                return Place(f"runs/{run.run_id}", run.run_id, _below(uri, run.artifact_uri))
        for one, model in list(self._desk.state.models.items()):
            root = model.message.info.artifact_uri
            if _within(uri, root):
                return Place(f"models/{one}", one, _below(uri, root))
        return None

    def _look_up(self, one: str) -> None:
        """Know a run or model that a path seems to belong to, if there is one."""
        with contextlib.suppress(Away, RunyardError):
            if not one.startswith("m-"):
                self._desk.logbook.entered(one)
            elif self._models.known(one) is None and self._desk.server.there():
                document = self._desk.server.ask("GET", f"{MODELS}/{one}")
                self._desk.state.models[one] = ModelState.told(document["model"])

    def _theirs(self, path: str) -> str:
        """Where the server has a file of what was made here."""
        own = _OWN.fullmatch(path)
        if own is None:
            raise NotFound(f"No artifact {path!r} is here.")
        try:
            if own[1] == "runs":
                document = self._desk.server.ask("GET", GET_RUN, run_id=own[2])["run"]
            else:
                document = self._desk.server.ask("GET", f"{MODELS}/{quote(own[2], safe='')}")["model"]
        except Away as exc:
            raise away(f"The artifact {own[3] or path!r} is at the server, which is away.") from exc
        root = str(document["info"]["artifact_uri"])
        if not root.startswith(SCHEME):
            raise InvalidInput(f"The artifacts of {own[2]} are at {root}, where the relay has no way.")
        return posixpath.join(root.removeprefix(SCHEME).strip("/"), own[3] or "").rstrip("/")


def _within(uri: str, folder: str) -> bool:
    return bool(folder) and (uri == folder or uri.startswith(folder.rstrip("/") + "/"))


def _below(uri: str, folder: str) -> str:
    return uri.removeprefix(folder.rstrip("/")).strip("/")
