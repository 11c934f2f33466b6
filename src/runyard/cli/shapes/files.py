"""Files of a run: which there are, and bringing them here and there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from runyard.cli.framework.columns import KEEP, Column, size
from runyard.cli.framework.exits import MISSING, Failed
from runyard.cli.framework.progress import by_increments, progress
from runyard.cli.framework.session import Session
from runyard.cli.shapes import runs
from runyard.client.files import place_inside

LISTING = "/api/2.0/mlflow/artifacts/list"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
SCHEME = "mlflow-artifacts:"

COLUMNS = [
    Column("PATH", "path", rank=KEEP),
    Column(
        "SIZE", lambda file: None if file["is_dir"] else file["size_bytes"], size, rank=1, least=6, right=True
    ),
]


def directory(session: Session, run_id: str, path: str = "") -> list[dict[str, Any]]:
    """One directory of a run."""
    found: list[dict[str, Any]] = []
    token = None
    while True:
        answer = session.here.get(LISTING, run_id=run_id, path=path or None, page_token=token)
        found += [
            {"path": one["path"], "is_dir": one["is_dir"], "size_bytes": int(one.get("file_size") or 0)}
            for one in answer.get("files", ())
        ]
        token = answer.get("next_page_token")
        if not token:
            return found


def below(session: Session, run_id: str, path: str = "") -> list[dict[str, Any]]:
    """All files below a directory of a run, and the path itself if it is a file."""
    found: list[dict[str, Any]] = []
    waiting = [path]
    while waiting:
        for one in directory(session, run_id, waiting.pop()):
            if one["is_dir"]:
                waiting.append(one["path"])
            else:
                found.append(one)
    if not found and path:
        parent = str(PurePosixPath(path).parent)
        beside = directory(session, run_id, "" if parent == "." else parent)
        found = [one for one in beside if one["path"] == path and not one["is_dir"]]
    return sorted(found, key=lambda one: str(one["path"]))


def download(
    session: Session, run_id: str, path: str, target: Path, *, overwrite: bool
) -> list[dict[str, Any]]:
    """Copy a file or directory of a run below a folder of this machine. Returns: what was written."""
    files = below(session, run_id, path)
    if not files:
        what = f"no artifact {path!r}" if path else "no artifacts"
        raise Failed(
            f"Run {run_id} has {what}; `{session.program} artifact list {run_id}` shows what it has.", MISSING
        )
    places = [(file, place_inside(target, file["path"])) for file in files]
    if not overwrite:
        refuse_to_overwrite([place for _, place in places])
    with progress(f"{len(files)} files" if len(files) > 1 else files[0]["path"], _total(files)) as moved:
        for file, place in places:
            session.here.download(
                "/get-artifact", place, by_increments(moved), run_id=run_id, path=file["path"]
            )
    return [
        {"path": file["path"], "file": str(target / file["path"]), "size_bytes": file["size_bytes"]}
        for file, _ in places
    ]


def download_proxied(session: Session, uri: str, target: Path, *, overwrite: bool) -> list[dict[str, Any]]:
    """Copy a directory behind the artifact proxy below a folder of this machine; its own name comes first."""
    root = _proxy_path(uri)
    base = str(PurePosixPath(root).parent)
    names = _proxied(session, root)
    if not names:
        raise Failed(f"There are no files at {uri}.", MISSING)
    places = [(one, place_inside(target, str(PurePosixPath(one["path"]).relative_to(base)))) for one in names]
    if not overwrite:
        refuse_to_overwrite([place for _, place in places])
    with progress(f"{len(places)} files", _total(names)) as moved:
        for one, place in places:
            session.here.download(f"{PROXY}/{quote(one['path'])}", place, by_increments(moved))
    names_here = [str(place.relative_to(target.resolve())) for _, place in places]
    return [
        {"path": name, "file": str(target / name), "size_bytes": one["size_bytes"]}
        for (one, _), name in zip(places, names_here, strict=True)
    ]


def _proxied(session: Session, root: str) -> list[dict[str, Any]]:
    """All files below a directory of the proxy; it is asked for one directory at a time."""
    found: list[dict[str, Any]] = []
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        for one in session.here.get(PROXY, path=folder).get("files", ()):
            path = f"{folder}/{one['path']}"
            if one["is_dir"]:
                waiting.append(path)
            else:
                found.append({"path": path, "size_bytes": int(one.get("file_size") or 0)})
    return sorted(found, key=lambda one: str(one["path"]))


def upload(session: Session, run_id: str, sources: Sequence[Path], path: str) -> list[dict[str, Any]]:
    """Copy files and folders of this machine into a run. Returns: what was written."""
    root = proxy_root(session, run_id)
    pairs = [pair for source in sources for pair in local_files(source)]
    total = sum(place.stat().st_size for place, _ in pairs)
    written = []
    with progress(f"{len(pairs)} files" if len(pairs) > 1 else str(sources[0]), total) as moved:
        for place, name in pairs:
            artifact = str(PurePosixPath(path) / name) if path else name
            size_bytes = place.stat().st_size
            with place.open("rb") as source:
                session.here.upload(
                    f"{PROXY}/{quote(f'{root}/{artifact}')}", source, size_bytes, by_increments(moved)
                )
            written.append({"path": artifact, "file": str(place), "size_bytes": size_bytes})
    return written


def delete(session: Session, run_id: str, path: str) -> None:
    """Delete a file or directory of a run."""
    session.here.delete(f"{PROXY}/{quote(f'{proxy_root(session, run_id)}/{path}')}")


def proxy_root(session: Session, run_id: str) -> str:
    """Where a run's files are for the artifact proxy."""
    return _proxy_path(str(runs.message(session, run_id)["info"]["artifact_uri"]))


def _proxy_path(uri: str) -> str:
    """The path of an artifact URI. Raises: Failed for a place that the server does not look after."""
    if not uri.startswith(SCHEME):
        raise Failed(
            f"The files are at {uri}, not behind the server; use MLflow's client, which has the credentials for that "
            "place."
        )
    return uri.removeprefix(SCHEME).lstrip("/")


def local_files(source: Path) -> list[tuple[Path, str]]:
    """Each file with its name for the other side: of a folder the paths from the folder's name on."""
    if source.is_file():
        return [(source, source.name)]
    top = source.resolve().name
    return [
        (file, str(PurePosixPath(top) / file.relative_to(source).as_posix()))
        for file in sorted(source.rglob("*"))
        if file.is_file()
    ]


def refuse_to_overwrite(places: Sequence[Path]) -> None:
    """Raises: Failed when one is there already."""
    there = [str(place) for place in places if place.exists()]
    if there:
        more = f" and {len(there) - 1} more exist" if len(there) > 1 else " exists"
        raise Failed(f"{there[0]}{more} already; nothing was downloaded. Give --overwrite to replace it.")


def _total(files: Sequence[dict[str, Any]]) -> int:
    return sum(int(file["size_bytes"]) for file in files)
