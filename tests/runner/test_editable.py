"""Environments that files of the sources are installed in, used again by a later job."""

from __future__ import annotations

import pytest

from tests.runner.jobs import Runner
from tests.runner.standin import StandIn, archive

BUILD = "azureml-logs/20_image_build_log.txt"
SOURCES = {
    "scripts/say.py": b"import own; print(own.VALUE, own.__file__)",
    "own.py": b"VALUE = 3",
    "setup.py": b"from setuptools import setup; setup(name='own-lib', version='3', py_modules=['own'])",
}


@pytest.mark.parametrize("installer", ["uv", pytest.param("pip", marks=pytest.mark.long)])
def test_what_is_installed_as_editable_is_there_for_the_next_job(
    runner: Runner, server: StandIn, uv: str, installer: str
) -> None:
    runner.variables["RUNYARD_UV"] = uv if installer == "uv" else "off"
    server.told.snapshot = archive(SOURCES)
    server.told.definition = {
        "script": "scripts/say.py",
        "environment": {
            "python": {"condaDependencies": {"dependencies": ["python=3.11", {"pip": ["-e ."]}]}}
        },
    }
    for _ in range(2):
        assert runner.work(server, tidy=True) == 0, server.told.log(BUILD)
    assert server.told.log(BUILD).count("is here already") == 1
    assert server.told.log().count("3 ") == 2
    assert str(runner.job) not in server.told.log()  # which is gone by the time that another job begins
