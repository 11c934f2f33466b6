"""What conda's environment files and pip's requirements files say, as an environment's definition has it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from runyard.client.yaml_reading import load
from runyard.errors import InvalidInput

PROJECT = "project_environment"
CHANNELS = ("conda-forge",)
OWN_PYTHON: Mapping[str, Any] = {"python": {"userManagedDependencies": True, "interpreterPath": "python"}}
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_INCLUDED = re.compile(r"(?:-r|--requirement)[ =]\s*(.+)")


def conda_file(path: Path) -> dict[str, Any]:
    """The parts `name`, `channels` and `dependencies` of a conda file. Raises: InvalidInput."""
    return checked(load(_text(path), str(path)), str(path))


def checked(found: Any, where: str) -> dict[str, Any]:
    """A conda environment as it is written, with its parts in their places. Raises: InvalidInput."""
    if not isinstance(found, Mapping):
        raise InvalidInput(f"{where} is no conda environment: it has no `dependencies:`.")
    dependencies = found.get("dependencies") or []
    if not isinstance(dependencies, Sequence) or isinstance(dependencies, str):
        raise InvalidInput(f"{where} is no conda environment: `dependencies` is no list.")
    packages = [one for one in dependencies if isinstance(one, str)]
    pip: list[str] = []
    for one in dependencies:
        if isinstance(one, Mapping) and set(one) == {"pip"}:
            pip += [str(line) for line in one["pip"] or []]
        elif not isinstance(one, str):
            raise InvalidInput(
                f"{where} has a dependency that is neither a package nor a list for pip: {one!r:.100}"
            )
    channels = found.get("channels") or CHANNELS
    return {
        "name": str(found.get("name") or PROJECT),
        "channels": [channels] if isinstance(channels, str) else [str(one) for one in channels],
        "dependencies": [*packages, *([{"pip": pip}] if pip else [])],
    }


def requirements_file(path: Path) -> list[str]:
    """The lines of a requirements file, those of the files that it includes among them. Raises: InvalidInput."""
    return list(_requirements(path, ()))


def python_section(
    *, conda: Mapping[str, Any] | None = None, pip: Sequence[str] = (), python_version: str = ""
) -> dict[str, Any]:
    """An environment's definition with what is to be installed.

    Args:
        conda: as `conda_file` answers it.
        pip: as `requirements_file` answers it, instead.
    """
    if conda is None:
        python = [f"python={python_version}"] if python_version else []
        conda = {"name": PROJECT, "channels": list(CHANNELS), "dependencies": [*python, {"pip": list(pip)}]}
    return {"python": {"userManagedDependencies": False, "condaDependencies": dict(conda)}}


def definition_of(path: Path) -> dict[str, Any]:
    """The definition that a file describes: conda's (.yml, .yaml) or pip's (any other). Raises: InvalidInput."""
    if path.suffix.lower() in (".yml", ".yaml"):
        return python_section(conda=conda_file(path))
    return python_section(pip=requirements_file(path))


def _requirements(path: Path, above: tuple[Path, ...]) -> Iterator[str]:
    real = path.resolve()
    if real in above:
        raise InvalidInput(f"{path} includes itself.")
    text = re.sub(r"\\\n\s*", "", _text(path))
    for line in text.splitlines():
        line = _COMMENT.sub("", line).strip()
        included = _INCLUDED.fullmatch(line)
        if included is not None:
            yield from _requirements(path.parent / included[1], (*above, real))
        elif line:
            yield line


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        raise InvalidInput(f"{path} cannot be read: {exc.strerror}.") from exc
    except UnicodeDecodeError as exc:
        raise InvalidInput(f"{path} is no text in UTF-8.") from exc
