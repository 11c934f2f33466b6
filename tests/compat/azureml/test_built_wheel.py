"""What `pip install .` installs can make the same wheels again as the checkout it came from."""

from __future__ import annotations

import io
import shutil
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from runyard.version import __version__
from tests.compat.azureml.overlay import run
from tests.compat.environments import ROOT

SHARED = ("pyproject.toml", "setup.py", "MANIFEST.in", "LICENSE", "README.md", "src", "compat", "scripts")
WRITE_WHEELS = """
import pathlib, runyard, sys
from runyard.services.wheel_sources import all_wheels
assert runyard.__file__.startswith(sys.argv[1]), runyard.__file__
for wheel in all_wheels():
    pathlib.Path(sys.argv[2], wheel.filename).write_bytes(wheel.content)
"""


class Made(NamedTuple):
    """Wheels by file name."""

    from_checkout: dict[str, bytes]
    from_installation: dict[str, bytes]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The wheels that a copy of the sources makes, and those that an installation of it makes, by way of an archive."""
    work = tmp_path_factory.mktemp("built")
    source = work / "source"
    source.mkdir()
    for name in SHARED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, source / name)
    for left in source.glob("src/*.egg-info"):
        shutil.rmtree(left)
    uv = shutil.which("uv") or str(ROOT / ".cache" / "uv" / "bin" / "uv")
    run([uv, "build", "--quiet", "--out-dir", str(work / "dist"), str(source)])
    [wheel] = (work / "dist").glob("*.whl")
    target = work / "installed"
    run([uv, "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(wheel)])
    return Made(written(source / "src", work / "one"), written(target, work / "other"))


def written(packages: Path, into: Path) -> dict[str, bytes]:
    into.mkdir()
    run([sys.executable, "-c", WRITE_WHEELS, str(packages), str(into)], PYTHONPATH=str(packages))
    return {file.name: file.read_bytes() for file in into.iterdir()}


def test_names_and_azureml_wheels_are_the_same(made: Made) -> None:
    assert sorted(made.from_installation) == sorted(made.from_checkout)
    for name, content in made.from_checkout.items():
        if not name.startswith("runyard"):
            assert made.from_installation[name] == content, name


def test_own_wheel_has_the_same_files(made: Made) -> None:
    installed, checkout = own(made.from_installation), own(made.from_checkout)
    assert installed.pop(f"runyard-{__version__}.dist-info/top_level.txt") == b"runyard\n"
    assert sorted(installed) == sorted(checkout)
    different = {path for path in installed if installed[path] != checkout[path]}
    assert {path.rpartition("/")[2] for path in different} <= {"METADATA", "RECORD"}


def test_own_wheel_asks_for_the_same_packages(made: Made) -> None:
    assert needs(own(made.from_installation)) == needs(own(made.from_checkout))


def own(wheels: dict[str, bytes]) -> dict[str, bytes]:
    """The files of Runyard's own wheel."""
    [name] = (name for name in wheels if name.startswith("runyard"))
    return contents(wheels[name])


def contents(wheel: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def needs(files: dict[str, bytes]) -> set[str]:
    [path] = (path for path in files if path.endswith("METADATA"))
    head = files[path].decode().partition("\n\n")[0].splitlines()
    return {
        line for line in head if line.startswith(("Requires-", "Provides-", "License-", "Name", "Version"))
    }
