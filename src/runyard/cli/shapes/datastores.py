"""Datastores as the CLI shows them, and their files on the way here and there."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from runyard.cli.framework.columns import KEEP, Column, size, when
from runyard.cli.framework.exits import MISSING, Failed
from runyard.cli.framework.progress import by_increments, progress
from runyard.cli.framework.session import Session
from runyard.cli.shapes import workspaces
from runyard.cli.shapes.files import refuse_to_overwrite
from runyard.client.files import place_inside

PATH = "/api/v1/datastores"

LIST = [
    Column("DATASTORE", "name", rank=KEEP),
    Column("KIND", "kind", rank=1, least=5),
    Column("DEFAULT", lambda one: True if one["is_default"] else None, rank=2, least=7),
    Column("WHERE", "config", rank=3, least=16),
    Column("BY", "created_by", rank=5, least=6),
    Column("CHANGED", "updated_ms", when, rank=4, least=19),
]
CARD = [
    Column("Datastore", "name"),
    Column("Kind", "kind"),
    Column("Default", "is_default"),
    Column("Where", "config"),
    Column("Credentials", lambda one: "kept encrypted" if one["has_secret"] else "none"),
    Column("Made by", "created_by"),
    Column("Created", "created_ms", when),
    Column("Changed", "updated_ms", when),
]
FILES = [
    Column("PATH", lambda file: file["path"] + ("/" if file["is_dir"] else ""), rank=KEEP),
    Column("SIZE", "size_bytes", size, rank=1, least=6, right=True),
]


def one(name: str) -> str:
    """The path of a datastore."""
    return f"{PATH}/{quote(name, safe='')}"


def get(session: Session, name: str) -> dict[str, Any]:
    """A datastore by name."""
    found: dict[str, Any] = session.here.get(one(name))
    return found


def default(session: Session) -> str:
    """The name of the workspace's default datastore."""
    return str(session.here.get(workspaces.PATH)["default_datastore"])


def files(session: Session, store: str, path: str, *, recursive: bool) -> list[dict[str, Any]]:
    """Files below a directory; the path itself if it is a file."""
    found = session.pages(f"{one(store)}/files", path=path, recursive=recursive)
    return [
        {"path": file["path"], "is_dir": file["is_dir"], "size_bytes": file.get("size")} for file in found
    ]


def upload(session: Session, store: str, source: Path, path: str, *, overwrite: bool) -> list[dict[str, Any]]:
    """Copy a file, or what is in a folder. Returns: what was written."""
    pairs = [(file, str(PurePosixPath(path) / name) if path else name) for file, name in _inside(source)]
    if not overwrite:
        there = {file["path"] for file in files(session, store, path, recursive=True)}
        _refuse(store, [name for _, name in pairs if name in there])
    written = []
    total = sum(file.stat().st_size for file, _ in pairs)
    with progress(f"{len(pairs)} files" if len(pairs) != 1 else pairs[0][1], total) as moved:
        for file, name in pairs:
            size_bytes = file.stat().st_size
            session.here.upload(f"{one(store)}/file/{quote(name)}", file, progress=by_increments(moved))
            written.append({"path": name, "file": str(file), "is_dir": False, "size_bytes": size_bytes})
    return written


def download(
    session: Session, store: str, path: str, target: Path, *, overwrite: bool
) -> list[dict[str, Any]]:
    """Copy a file or directory below a folder of this machine. Returns: what was written."""
    found = [file for file in files(session, store, path, recursive=True) if not file["is_dir"]]
    if not found:
        raise Failed(
            f"Datastore {store!r} has nothing at {path!r}." if path else f"Datastore {store!r} is empty.",
            MISSING,
        )
    places = [(file, place_inside(target, file["path"])) for file in found]
    if not overwrite:
        refuse_to_overwrite([place for _, place in places])
    total = sum(file["size_bytes"] or 0 for file in found)
    with progress(f"{len(found)} files" if len(found) != 1 else found[0]["path"], total) as moved:
        for file, place in places:
            session.here.download(f"{one(store)}/file/{quote(file['path'])}", place, by_increments(moved))
    return [{**file, "file": str(target / file["path"])} for file, _ in places]


def _inside(source: Path) -> list[tuple[Path, str]]:
    """Each file with its path from the source folder on."""
    if source.is_file():
        return [(source, source.name)]
    return [
        (file, file.relative_to(source).as_posix()) for file in sorted(source.rglob("*")) if file.is_file()
    ]


def _refuse(store: str, there: list[str]) -> None:
    if there:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise Failed(
            f"Datastore {store!r} has {there[0]!r}{more} already; nothing was uploaded. Give --overwrite to replace it."
        )
