"""Environments with conda's packages. No conda can be had where these tests run: a program stands in for its command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from runyard.runner.environments.conda import find_conda
from tests.runner.jobs import Runner, pythons
from tests.runner.standin import StandIn, archive

BUILD = "azureml-logs/20_image_build_log.txt"
CONDA = """#!/bin/sh
echo "asked: $*" >> {told}
[ -n "$FAIL" ] && echo "PackagesNotFoundError: r-base" && exit 1
while [ "$1" != --prefix ]; do shift; done
{python} -m venv --without-pip "$2" && mkdir "$2/conda-meta"
"""


@pytest.fixture
def conda(runner: Runner, tmp_path: Path, uv: str) -> Path:
    """The program; what it was asked is in the file beside it."""
    program = tmp_path / "conda"
    program.write_text(CONDA.format(told=tmp_path / "asked", python=pythons("3.11")[0]))
    program.chmod(0o755)
    runner.variables.update({"RUNYARD_CONDA": str(program), "RUNYARD_UV": uv})
    return tmp_path / "asked"


def test_packages_of_conda_are_its_own_business(runner: Runner, server: StandIn, conda: Path) -> None:
    told = server.told
    told.snapshot = archive(
        {"say.py": b"import os, sys, six; print(six.__version__, os.environ['CONDA_PREFIX'])"}
    )
    dependencies = ["python=3.11", "conda-forge::r-base >=4,<5", {"pip": ["six==1.16.0"]}]
    conda_part = {"channels": ["conda-forge", "defaults"], "dependencies": dependencies}
    told.definition = {
        "script": "say.py",
        "environment": {"name": "e", "python": {"condaDependencies": conda_part}},
    }
    assert runner.work(server) == 0, told.log(BUILD)
    (folder,) = (one for one in (runner.folder / "environments").iterdir() if one.is_dir())
    assert told.log() == f"1.16.0 {folder}\n"
    assert conda.read_text() == (
        f"asked: create --yes --quiet --prefix {folder} --override-channels --channel conda-forge --channel defaults "
        "python=3.11 pip r-base>=4,<5\n"
    )
    assert not told.locks
    assert runner.work(server) == 0
    assert conda.read_text().count("asked") == 1


def test_what_conda_says_is_told(runner: Runner, server: StandIn, conda: Path) -> None:
    runner.variables["FAIL"] = "1"
    conda_part = {"dependencies": ["python=3.11", "r-base"]}
    server.told.definition = {"script": "x", "environment": {"python": {"condaDependencies": conda_part}}}
    assert runner.work(server) == 1
    assert "PackagesNotFoundError: r-base" in server.told.ends[0]["error"]["message"]


def test_conda_is_not_needed_for_python_and_pip(runner: Runner, server: StandIn, conda: Path) -> None:
    server.told.kind = "build"
    server.told.definition = {
        "environment": {"python": {"condaDependencies": {"dependencies": ["python=3.11", "pip"]}}}
    }
    assert runner.work(server) == 0
    assert not conda.exists()


def test_conda_can_be_named_or_turned_off(tmp_path: Path) -> None:
    program = tmp_path / "mamba"
    program.write_text("")
    program.chmod(0o755)
    assert find_conda({"RUNYARD_CONDA": str(program)}) == str(program)
    assert find_conda({"CONDA_EXE": str(program), "RUNYARD_CONDA": "off"}) is None
    assert find_conda({"RUNYARD_CONDA": "", "CONDA_EXE": str(program)}) is not None
