"""What a pyproject.toml says about a distribution, as the files that describe it when it is installed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from runyard.services.wheel_format import normalised

Project = Mapping[str, Any]  # the [project] table


def dist_info(project: Project, version: str, readme: str, siblings: Collection[str]) -> dict[str, bytes]:
    """METADATA and entry_points.txt.

    Args:
        siblings: distributions of the same release; a dependency on one means exactly the version that is given here.
    """
    found = {"METADATA": _metadata(project, version, readme, siblings).encode()}
    points = _entry_points(project)
    if points:
        found["entry_points.txt"] = points.encode()
    return found


def _metadata(project: Project, version: str, readme: str, siblings: Collection[str]) -> str:
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {version}",
        f"Summary: {project['description']}",
        *(f"Author: {author['name']}" for author in project.get("authors", ())),
        f"License-Expression: {project['license']}",
        *(f"License-File: {name}" for name in project.get("license-files", ())),
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {_pinned(one, version, siblings)}" for one in project.get("dependencies", ())),
    ]
    for extra, dependencies in project.get("optional-dependencies", {}).items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {_within(_pinned(one, version, siblings), extra)}" for one in dependencies]
    if readme:
        lines += ["Description-Content-Type: text/markdown", "", readme]
    return "\n".join(lines) + "\n"


def _pinned(requirement: str, version: str, siblings: Collection[str]) -> str:
    return f"{requirement}=={version}" if normalised(requirement) in siblings else requirement


def _within(requirement: str, extra: str) -> str:
    """A requirement that holds only for those who ask for the extra."""
    name, _, marker = requirement.partition(";")
    condition = f'extra == "{extra}"'
    return f"{name.strip()}; ({marker.strip()}) and {condition}" if marker else f"{name.strip()}; {condition}"


def _entry_points(project: Project) -> str:
    groups = {"console_scripts": project.get("scripts", {}), **project.get("entry-points", {})}
    return "\n".join(
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in sorted(points.items()))
        for group, points in sorted(groups.items())
        if points
    )
