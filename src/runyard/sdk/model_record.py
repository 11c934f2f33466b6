"""What a model version's record says, between MLflow's registry and the names that Azure ML has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runyard.sdk.exceptions import UserErrorException

OWN = "runyard.model."
PROPERTY = OWN + "property."
FRAMEWORK = OWN + "framework"
FRAMEWORK_VERSION = OWN + "frameworkVersion"
DATASETS = OWN + "datasets"
FOLDER = "models"  # of the workspace's files: uploads for registered models, by name
NAME_RULE = "^[a-zA-Z0-9][a-zA-Z0-9\\-\\._]{0,254}$"
_NAME = re.compile(NAME_RULE)

TagsWanted = Sequence[str | Sequence[str]] | Mapping[str, str] | None


def checked_name(name: str) -> str:
    """The name of a model. Raises: UserErrorException."""
    if not _NAME.fullmatch(name or ""):
        raise UserErrorException(
            f"Error, provided model name {name!r} is invalid. It must match {NAME_RULE}: letters, digits, '-', '.' and "
            "'_', the first a letter or digit."
        )
    return name


def text_of(value: object) -> str:
    """A tag's value as text; None is empty."""
    return "" if value is None else str(value)


def all_tags(record: Mapping[str, Any]) -> dict[str, str]:
    """Every tag of a version's record, ours included."""
    return {str(tag["key"]): str(tag.get("value", "")) for tag in record.get("tags", [])}


def visible(record: Mapping[str, Any]) -> dict[str, str]:
    """The tags that people set."""
    return {key: value for key, value in all_tags(record).items() if not key.startswith(OWN)}


def properties(record: Mapping[str, Any]) -> dict[str, str]:
    """What is set once and never changed."""
    return {
        key.removeprefix(PROPERTY): value
        for key, value in all_tags(record).items()
        if key.startswith(PROPERTY)
    }


def datasets(record: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What data a version was made with: scenario → [{name, id}]."""
    found: dict[str, list[dict[str, Any]]] = json.loads(all_tags(record).get(DATASETS, "{}"))
    return found


def has(found: Mapping[str, str], wanted: TagsWanted) -> bool:
    """Whether tags or properties have what is wanted: keys, (key, value) pairs, or a dict."""
    if not wanted:
        return True
    pairs: Iterable[Any] = wanted.items() if isinstance(wanted, Mapping) else wanted
    for one in pairs:
        if isinstance(one, str):
            if one not in found:
                return False
        elif len(one) != 2 or found.get(str(one[0])) != text_of(one[1]):
            return False
    return True


def tag_list(
    tags: Mapping[str, object] | None,
    given_properties: Mapping[str, object] | None,
    framework: str | None,
    framework_version: str | None,
    used: Mapping[str, list[dict[str, Any]]],
) -> list[dict[str, str]]:
    """The tags of a new version."""
    every = {key: text_of(value) for key, value in (tags or {}).items()}
    every |= {PROPERTY + key: text_of(value) for key, value in (given_properties or {}).items()}
    every |= {FRAMEWORK: framework} if framework else {}
    every |= {FRAMEWORK_VERSION: framework_version} if framework_version else {}
    every |= {DATASETS: json.dumps(used)} if used else {}
    return [{"key": key, "value": value} for key, value in every.items()]
