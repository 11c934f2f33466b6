"""The files of Runyard's own distributions, as they lie on this machine.

runyard          from its RECORD when it was installed, from src/ in a checkout
azureml-core …   from compat/azureml/, which is installed as runyard/compat/azureml/
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import runyard
from runyard.services.wheel_format import Wheel, pack
from runyard.services.wheel_metadata import dist_info
from runyard.version import AZUREML_VERSION, __version__

NAME = "runyard"
PACKAGE = Path(runyard.__file__).parent
AZUREML = Path("compat", "azureml")
PATTERNS = ("*.py", "pyproject.toml")  # setup.py puts the same into the installation
MADE_BY_INSTALLERS = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")  # fmt: skip


def all_wheels() -> list[Wheel]:
    """Runyard itself, unless its installation keeps no record of its files, and the distributions with Azure ML's names."""
    checkout = _checkout()
    home = (checkout or PACKAGE) / AZUREML
    azureml = [_azureml_wheel(folder) for folder in sorted(home.iterdir()) if folder.is_dir()]
    own = _from_checkout(checkout) if checkout else _from_record()
    return azureml if own is None else [own, *azureml]


def _checkout() -> Path | None:
    """The root of the source tree, if that is what runs."""
    root = PACKAGE.parents[1]
    if root / "src" != PACKAGE.parent or not (root / "pyproject.toml").is_file():
        return None
    return root if _pyproject(root)["project"]["name"] == NAME else None


def _pyproject(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def _azureml_wheel(folder: Path) -> Wheel:
    project = _pyproject(folder)["project"]
    siblings = {one.name for one in folder.parent.iterdir()}
    dependencies = [
        f"{one}=={__version__}" if one == NAME else one for one in project.get("dependencies", ())
    ]
    described = dist_info({**project, "dependencies": dependencies}, AZUREML_VERSION, "", siblings)
    source = folder / "src"
    files = {path.relative_to(source).as_posix(): path.read_bytes() for path in _files(source)}
    return pack(project["name"], AZUREML_VERSION, files, described, project["requires-python"])


def _from_checkout(root: Path) -> Wheel:
    """What `pip install .` would install, of the files that lie there now."""
    pyproject = _pyproject(root)
    project = pyproject["project"]
    patterns = ["**/*.py", *pyproject["tool"]["setuptools"]["package-data"][NAME]]
    paths = {path for pattern in patterns for path in PACKAGE.glob(pattern) if path.is_file()}
    files = {path.relative_to(root / "src").as_posix(): path.read_bytes() for path in paths}
    for path in _files(root / AZUREML):
        files[f"{NAME}/{path.relative_to(root).as_posix()}"] = path.read_bytes()
    readme = (root / project["readme"]).read_text(encoding="utf-8")
    described = dist_info(project, __version__, readme, ())
    licenses = {f"licenses/{name}": (root / name).read_bytes() for name in project["license-files"]}
    return pack(NAME, __version__, files, {**described, **licenses}, project["requires-python"])


def _from_record() -> Wheel | None:
    """What was installed, without what the installer added: programs, compiled files, its own notes."""
    try:
        installed = metadata.distribution(NAME)
    except metadata.PackageNotFoundError:
        return None
    if installed.files is None:
        return None
    files: dict[str, bytes] = {}
    described: dict[str, bytes] = {}
    for path in installed.files:
        folder, _, name = path.as_posix().partition(".dist-info/")
        if name and name not in MADE_BY_INSTALLERS:
            described[name] = path.read_binary()
        elif path.parts[0] == NAME and path.suffix != ".pyc":
            files[folder] = path.read_binary()
    return pack(NAME, installed.version, files, described, installed.metadata["Requires-Python"] or "")


def _files(folder: Path) -> Iterator[Path]:
    """The files of the names of Azure ML below a folder."""
    for pattern in PATTERNS:
        yield from folder.rglob(pattern)
