"""What an environment installs: packages of conda and pip, and the channels that they come from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from runyard.client import yaml_text
from runyard.client.conda_files import CHANNELS, PROJECT, checked, conda_file, requirements_file
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.link import translated

DEFAULTS = "azureml-defaults"
FILE = "conda_dependencies.yml"
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_INDEX = ("--index-url", "-i")


class CondaDependencies:
    """Packages of conda and pip, as a conda file has them.

    A Python version is only asked for where one is set; otherwise the target takes the newest that it has.
    """

    def __init__(
        self,
        conda_dependencies_file_path: str | Path | None = None,
        _underlying_structure: Mapping[str, Any] | None = None,
    ) -> None:
        """What a conda file says; by default what a run needs that logs to the workspace.

        Raises: UserErrorException for a file that is none.
        """
        if conda_dependencies_file_path is not None:
            path = Path(conda_dependencies_file_path)
            found = translated(lambda: conda_file(path))
        else:
            given = _underlying_structure if _underlying_structure is not None else _default()
            found = translated(lambda: checked(given, "The structure"))
        self._name: str = found["name"]
        self._channels: list[str] = found["channels"]
        self._conda: list[str] = [one for one in found["dependencies"] if isinstance(one, str)]
        self._pip: list[str] = [
            line for one in found["dependencies"] if isinstance(one, dict) for line in one["pip"]
        ]

    @classmethod
    def create(
        cls,
        pip_indexurl: str | None = None,
        pip_packages: Sequence[str] | None = None,
        conda_packages: Sequence[str] | None = None,
        python_version: str | None = None,
        pin_sdk_version: bool = True,
    ) -> Self:
        """New dependencies.

        Args:
            pip_indexurl: where pip looks.
            pip_packages: by default azureml-defaults, with which scripts log to the workspace.
            python_version: by default the newest that the target has.
            pin_sdk_version: kept for scripts that give it; azureml-* are always those of the server that the run reports to.
        """
        made = cls(_underlying_structure={"name": PROJECT, "channels": list(CHANNELS), "dependencies": []})
        if python_version is not None:
            made.set_python_version(python_version)
        for one in conda_packages or ():
            made.add_conda_package(one)
        if pip_indexurl:
            made.set_pip_index_url(pip_indexurl)
        for one in [DEFAULTS] if pip_packages is None else pip_packages:
            made.add_pip_package(one)
        return made

    @property
    def conda_packages(self) -> Iterator[str]:
        """Conda's packages."""
        return iter(list(self._conda))

    @property
    def conda_channels(self) -> Iterator[str]:
        """Where conda looks."""
        return iter(list(self._channels))

    @property
    def pip_packages(self) -> Iterator[str]:
        """Pip's packages."""
        return iter([one for one in self._pip if not one.startswith("-")])

    @property
    def pip_options(self) -> Iterator[str]:
        """Pip's options."""
        return iter([one for one in self._pip if one.startswith("-")])

    @property
    def python_version(self) -> str | None:
        """The version that is asked for; None: the newest that the target has."""
        return self.get_python_version()

    def add_conda_package(self, conda_package: str) -> None:
        """Add a package, `scikit-learn=1.5`; another version of it is replaced."""
        _replace(self._conda, conda_package)

    def remove_conda_package(self, conda_package: str) -> None:
        """Remove a package, whatever its version."""
        _remove(self._conda, conda_package)

    def add_pip_package(self, pip_package: str) -> None:
        """Add a package, `numpy==2.1`; another version of it is replaced."""
        _replace(self._pip, pip_package)

    def remove_pip_package(self, pip_package: str) -> None:
        """Remove a package, whatever its version."""
        _remove(self._pip, pip_package)

    def add_channel(self, channel: str) -> None:
        """Let conda look there too."""
        if channel not in self._channels:
            self._channels.append(channel)

    def remove_channel(self, channel: str) -> None:
        """Let conda not look there."""
        self._channels = [one for one in self._channels if one != channel]

    def set_python_version(self, version: str) -> None:
        """Ask for a version of Python: 3.11, or 3.11.4."""
        if not re.fullmatch(r"\d+(\.\d+){0,2}", str(version)):
            raise UserErrorException(f"{version!r} is no version of Python; write 3.11 or 3.11.4.")
        self._conda = [one for one in self._conda if name_of(one) != "python"]
        self._conda.insert(0, f"python={version}")

    def get_python_version(self) -> str | None:
        """The version that is asked for."""
        found = next((one for one in self._conda if name_of(one) == "python"), "")
        return found.partition("=")[2].lstrip("=") or None

    def set_pip_option(self, pip_option: str) -> None:
        """Add an option for pip, such as `--pre`."""
        self._pip = [one for one in self._pip if one.split(" ")[0] != pip_option.split(" ")[0]]
        self._pip.insert(0, pip_option)

    def remove_pip_option(self, pip_option: str) -> None:
        """Remove an option for pip, whatever its value."""
        self._pip = [one for one in self._pip if one.split(" ")[0] != pip_option.split(" ")[0]]

    def set_pip_index_url(self, index_url: str) -> None:
        """Where pip looks."""
        self.remove_pip_index_url()
        self.set_pip_option(index_url if index_url.startswith("-") else f"{_INDEX[0]} {index_url}")

    def remove_pip_index_url(self) -> None:
        """Let pip look where it does by itself."""
        for option in _INDEX:
            self.remove_pip_option(option)

    def set_pip_requirements(self, pip_requirements: Sequence[str] | str | Path) -> None:
        """Replace all of pip's part: lines, or the path of a requirements file."""
        if isinstance(pip_requirements, str | Path):
            path = Path(pip_requirements)
            self._pip = translated(lambda: requirements_file(path))
        else:
            self._pip = [str(one) for one in pip_requirements]

    @staticmethod
    def merge_requirements(requirements: Iterable[str]) -> list[str]:
        """One line for each package, with all that is asked of its version."""
        found: dict[str, list[str]] = {}
        names: dict[str, str] = {}
        for line in requirements:
            match = _NAME.match(line)
            if match is None:
                continue
            key = name_of(line)
            names.setdefault(key, match[1])
            wanted = [part.strip() for part in line[match.end() :].split(",") if part.strip()]
            found.setdefault(key, []).extend(part for part in wanted if part not in found.get(key, []))
        return [names[key] + ",".join(wanted) for key, wanted in found.items()]

    def as_dict(self) -> dict[str, Any]:
        """As a conda file has it: name, channels, dependencies."""
        pip: list[Any] = [{"pip": list(self._pip)}] if self._pip else []
        return {"name": self._name, "channels": list(self._channels), "dependencies": [*self._conda, *pip]}

    def serialize_to_string(self) -> str:
        """The text of a conda file."""
        return yaml_text.dump(self.as_dict())

    def save(self, path: str | Path | None = None) -> str:
        """Write a conda file, conda_dependencies.yml by default; returns its path."""
        target = Path(path) if path is not None else Path.cwd() / FILE
        target = target / FILE if target.is_dir() else target
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(self.serialize_to_string(), encoding="utf-8")
        return str(target)

    def save_to_file(self, base_directory: str | Path, conda_file_path: str | Path | None = None) -> str:
        """Write a conda file in a folder; returns its path there."""
        name = str(conda_file_path) if conda_file_path is not None else FILE
        self.save(Path(base_directory) / name)
        return name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CondaDependencies) and self.as_dict() == other.as_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return self.serialize_to_string()


def name_of(package: str) -> str:
    """The name in a requirement, as packages are compared: lower case, with dashes."""
    found = _NAME.match(package.rpartition("::")[2])
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found is not None else package


def _replace(packages: list[str], package: str) -> None:
    if not isinstance(package, str) or not package.strip():
        raise UserErrorException(f"{package!r} is no package; give its name, and a version where it matters.")
    same = [
        at for at, one in enumerate(packages) if not one.startswith("-") and name_of(one) == name_of(package)
    ]
    if same:
        packages[same[0]] = package
    else:
        packages.append(package)


def _remove(packages: list[str], package: str) -> None:
    packages[:] = [one for one in packages if one.startswith("-") or name_of(one) != name_of(package)]


def _default() -> dict[str, Any]:
    return {"name": PROJECT, "channels": list(CHANNELS), "dependencies": [{"pip": [DEFAULTS]}]}
