"""Versions that fit what a script gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runyard.errors import NotFound
from runyard.sdk.exceptions import UserErrorException, WebserviceException
from runyard.sdk.link import Link
from runyard.sdk.model_handle import VERSIONS
from runyard.sdk.model_record import TagsWanted, datasets, has, properties, visible

_PAGE = 1_000


def records(link: Link, name: str | None, run_id: str | None) -> Iterator[Mapping[str, Any]]:
    """Versions of a name or a run, or all; the latest first."""
    clauses = [f"name = '{_quoted(name)}'"] if name is not None else []
    clauses += [f"run_id = '{_quoted(run_id)}'"] if run_id is not None else []
    order = "version_number DESC" if name is not None else "creation_timestamp DESC"
    query = {"filter": " AND ".join(clauses) or None, "order_by": order, "max_results": _PAGE}
    yield from link.pages(f"{VERSIONS}/search", "model_versions", **query)


def _quoted(text: str) -> str:
    if "'" in text or "\\" in text:
        raise UserErrorException(f"{text!r} holds a quote or backslash, which no name of a model has.")
    return text


def split_id(model_id: str) -> tuple[str, int]:
    """Name and version of `name:version`. Raises: UserErrorException."""
    name, _, version = model_id.rpartition(":")
    if not name or not version.isdecimal():
        raise UserErrorException(f"Invalid model id {model_id!r}: it is name:version.")
    return name, int(version)


def fits(record: Mapping[str, Any], tags: TagsWanted, wanted_properties: TagsWanted) -> bool:
    """Whether a version has tags and properties that are wanted."""
    return has(visible(record), tags) and has(properties(record), wanted_properties)


def absent(
    name: str | None,
    model_id: str | None,
    version: int | None,
    tags: TagsWanted,
    wanted_properties: TagsWanted,
    run_id: str | None,
) -> WebserviceException:
    """The error when nothing fits."""
    given = {
        "name": name if model_id is None else None,
        "id": model_id,
        "version": version if model_id is None else None,
        "tags": tags,
        "properties": wanted_properties,
        "run_id": run_id,
    }
    shown = ", ".join(f"{key} {value}" for key, value in given.items() if value)
    return WebserviceException(
        f"ModelNotFound: Model with {shown} not found in provided workspace", NotFound("no such model"), 404
    )


def dataset_ids(record: Mapping[str, Any]) -> set[str]:
    """The datasets that a version was made with."""
    return {one["id"] for group in datasets(record).values() for one in group}
