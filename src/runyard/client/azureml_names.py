"""Whether Azure ML's import names can be used here: Runyard's and the genuine distributions must not be mixed.

Both install into the same folder, `azureml`, and import each other by name; a mixture would send data to one place and
read it from another.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from types import ModuleType

OURS = "+runyard."  # in the version of each of our distributions
NAMES = frozenset(
    (
        "azureml-core",
        "azureml-mlflow",
        "azureml-contrib-run",
        "azureml-defaults",
        "azureml-sdk",
        "azureml-widgets",
    )
)
WAY_OUT = (
    "Make a new environment and install azureml-mlflow there, either from your Runyard server's index (/simple/) or "
    "from the public one."
)


class MixedInstallation(ImportError):
    """Distributions of the genuine Azure ML SDK are installed beside Runyard's."""


def check(namespace: ModuleType, path: Iterable[str] | None = None) -> None:
    """Refuse to work in a mixture.

    Args:
        namespace: the imported package `azureml`. None of our distributions has a file `azureml/__init__.py`.
        path: where distributions are looked for; sys.path by default.
    Raises: MixedInstallation.
    """
    found = sorted(set(foreign(sys.path if path is None else path)))
    made_by = getattr(namespace, "__file__", None)
    if not found and made_by is None:
        return
    what = ", ".join(found) if found else f"the file {made_by}"
    raise MixedInstallation(
        f"The genuine Azure ML SDK is installed beside Runyard's names for it: {what}. {WAY_OUT}",
        name="azureml",
    )


def foreign(path: Iterable[str]) -> Iterator[str]:
    """Name and version of every distribution that is not ours and installs into `azureml`, or has a name of ours."""
    for folder in path:
        for described in _described(folder or os.curdir):
            one = metadata.PathDistribution(described)
            name = (one.metadata["Name"] or described.name).replace("_", "-").lower()
            version = one.metadata["Version"] or ""
            if OURS not in version and (name in NAMES or _installs_into_azureml(one)):
                yield f"{name} {version}".strip()


def _described(folder: str) -> list[Path]:
    """The folders that describe distributions whose names begin with azureml."""
    try:
        return sorted(Path(folder).glob("azureml*-info"))
    except OSError:
        return []


def _installs_into_azureml(one: metadata.PathDistribution) -> bool:
    if "azureml" in (one.read_text("top_level.txt") or "").split():
        return True
    return any(file.parts[:1] == ("azureml",) for file in one.files or ())
