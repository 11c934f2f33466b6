"""Environments made for real, with packages of the index, by uv and by pip."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from runyard.runner import processes
from tests.runner.jobs import Runner, pythons, until
from tests.runner.standin import StandIn, archive

SAY = b"""
import sys, importlib.metadata as m
print("python", "%d.%d" % sys.version_info[:2], *(f"{name} {m.version(name)}" for name in sys.argv[1:]))
"""
# 3.6 and 3.7 have no importlib.metadata
SAY_OLD = b"""
import sys, six, packaging
print("python", "%d.%d" % sys.version_info[:2], "six", six.__version__, "packaging", packaging.__version__)
"""
SLOW = {"slow/setup.py": b"import time; time.sleep(300)", "slow/pyproject.toml": b""}


BUILD = "azureml-logs/20_image_build_log.txt"


@pytest.fixture
def maker(runner: Runner, uv: str) -> Runner:
    """A runner that finds uv."""
    runner.variables["RUNYARD_UV"] = uv
    return runner


def definition(pip: list[str], *conda: str, shown: list[str] | None = None, **python: Any) -> dict[str, Any]:
    """Of a job that says which versions it has."""
    dependencies = [*conda, {"pip": pip}]
    return {
        "script": "say.py",
        "arguments": shown or [],
        "environment": {
            "name": "e",
            "python": {"condaDependencies": {"dependencies": dependencies}, **python},
        },
    }


@pytest.fixture(autouse=True)
def sources(server: StandIn) -> None:
    """What the jobs here run."""
    server.told.snapshot = archive({"say.py": SAY})


def environments(runner: Runner) -> set[str]:
    """Those that are there."""
    return {path.name for path in (runner.folder / "environments").iterdir() if path.suffix != ".lock"}


def test_a_pinned_environment_is_made_locked_and_used_again(maker: Runner, server: StandIn) -> None:
    told = server.told
    told.environment_hash = "a" * 64
    told.definition = definition(["scikit-learn==1.5.2"], "python=3.11", shown=["scikit-learn", "numpy"])
    assert maker.work(server) == 0, told.log(BUILD)
    assert told.log().startswith("python 3.11 scikit-learn 1.5.2 numpy ")
    (key, text), *_ = told.locks.items()
    assert (key[0], key[2]) == ("a" * 64, "3.11")
    assert "scikit-learn==1.5.2" in text
    assert "--hash=sha256:" in text
    made = environments(maker)
    assert maker.work(server) == 0
    assert told.log(BUILD).count("is here already") == 1
    assert environments(maker) == made
    assert len(made) == 1


def test_versions_that_were_locked_before_are_installed(maker: Runner, server: StandIn) -> None:
    server.told.environment_hash = "b" * 64
    server.told.locks[("b" * 64, f"linux-{os.uname().machine}", "3.11")] = "packaging==24.0\n"
    server.told.definition = definition(["packaging"], "python=3.11", shown=["packaging"])
    assert maker.work(server) == 0, server.told.log(BUILD)
    assert server.told.log() == "python 3.11 packaging 24.0\n"


def test_a_lock_adds_nothing_to_what_is_wanted(maker: Runner, server: StandIn) -> None:
    """It may be of anybody who may submit, and would run with the token of another's job."""
    server.told.environment_hash = "b" * 64
    lock = (
        "--index-url http://127.0.0.1:1\npackaging==24.0\nsix==1.16.0\nidna @ http://127.0.0.1:1/idna.whl\n"
    )
    server.told.locks[("b" * 64, f"linux-{os.uname().machine}", "3.11")] = lock
    server.told.definition = definition(["packaging"], "python=3.11", shown=["packaging"])
    assert maker.work(server) == 0, server.told.log(BUILD)
    assert server.told.log() == "python 3.11 packaging 24.0\n"
    (made,) = environments(maker)
    assert not list(maker.folder.glob(f"environments/{made}/lib/python*/site-packages/six*"))


def test_locked_versions_that_cannot_be_had_are_replaced(maker: Runner, server: StandIn) -> None:
    server.told.environment_hash = "b" * 64
    server.told.locks[("b" * 64, f"linux-{os.uname().machine}", "3.11")] = "packaging==24.0.99\n"
    server.told.definition = definition(["packaging==24.0"], "python=3.11", shown=["packaging"])
    assert maker.work(server) == 0, server.told.log(BUILD)
    assert server.told.log() == "python 3.11 packaging 24.0\n"
    assert "cannot be had for this machine" in server.told.log(BUILD)


def test_what_cannot_be_installed_is_named(maker: Runner, server: StandIn) -> None:
    server.told.definition = definition(["packaging==24.0", "packaging==23.0"], "python=3.11")
    assert maker.work(server) == 1
    error = server.told.ends[0]["error"]
    assert error["code"] == "EnvironmentError"
    assert "packaging==23.0" in error["message"]
    assert "packaging==23.0" in server.told.log(BUILD)
    assert not environments(maker)


def test_conda_packages_come_from_the_index(maker: Runner, server: StandIn) -> None:
    server.told.definition = definition(
        ["packaging==24.0"], "python=3.11", "six=1.16", "nomkl", shown=["six"]
    )
    assert maker.work(server) == 0, server.told.log(BUILD)
    assert server.told.log() == "python 3.11 six 1.16.0\n"
    assert "Not needed without conda: nomkl." in server.told.log(BUILD)


def test_conda_packages_that_are_nowhere_else_are_named(maker: Runner, server: StandIn) -> None:
    server.told.definition = definition([], "python=3.11", "r-base=4")
    assert maker.work(server) == 1
    assert "r-base=4 cannot be taken" in server.told.ends[0]["error"]["message"]


def test_packages_of_the_server_have_its_version(maker: Runner, server: StandIn) -> None:
    server.told.definition = definition(
        ["azureml-tiny==1.0.85.*", "packaging==24.0"], "python=3.11", shown=["azureml-tiny"]
    )
    assert maker.work(server) == 0, server.told.log(BUILD)
    assert server.told.log() == "python 3.11 azureml-tiny 1.999.0\n"
    assert "azureml-tiny==1.0.85.* is this server's azureml-tiny 1.999.0." in server.told.log(BUILD)
    assert "azureml" not in next(iter(server.told.locks.values()))


def test_packages_of_a_server_with_a_certificate_of_its_own(
    maker: Runner, secure: StandIn, certificate: Path
) -> None:
    told = secure.told
    told.snapshot = archive({"say.py": SAY + b"import os; print(os.environ['RUNYARD_CA_FILE'])"})
    told.definition = definition(["azureml-tiny", "six==1.16.0"], "python=3.11", shown=["azureml-tiny"])
    authority = str(certificate.parent / "ca.pem")
    assert maker.work(secure, ca_file=authority) == 0, told.log(BUILD) + maker.said
    assert told.log() == f"python 3.11 azureml-tiny 1.999.0\n{authority}\n"


def test_without_uv_pip_does_it(runner: Runner, server: StandIn) -> None:
    runner.variables["RUNYARD_UV"] = "off"
    server.told.environment_hash = "c" * 64
    server.told.definition = definition(
        ["azureml-tiny", "packaging==24.0"], "python=3.11", shown=["azureml-tiny", "packaging"]
    )
    assert runner.work(server) == 0, server.told.log(BUILD)
    assert server.told.log() == "python 3.11 azureml-tiny 1.999.0 packaging 24.0\n"
    assert "packaging==24.0" in next(iter(server.told.locks.values()))
    assert "ry_of-the-job" not in server.told.log(BUILD) + runner.said


OTHERS = [pytest.param(version, marks=pytest.mark.long) for version in ("3.6", "3.7", "3.10", "3.13")]


@pytest.mark.parametrize("version", ["3.8", *OTHERS])
def test_the_python_that_is_asked_for_is_used(maker: Runner, server: StandIn, version: str) -> None:
    if not pythons(version):
        pytest.skip(f"this machine has no Python {version}")
    server.told.snapshot = archive({"say.py": SAY_OLD})
    server.told.definition = definition(["six==1.16.0", "packaging==21.3"], f"python={version}")
    assert maker.work(server) == 0, server.told.log(BUILD)
    assert server.told.log() == f"python {version} six 1.16.0 packaging 21.3\n"


def test_a_python_that_is_not_there_is_a_clear_error(maker: Runner, server: StandIn) -> None:
    server.told.definition = definition([], "python=3.5")
    assert maker.work(server) == 1
    message = server.told.ends[0]["error"]["message"]
    assert "asks for Python 3.5; this machine has " in message
    assert "3.11" in message


@pytest.mark.parametrize(
    "what",
    [
        "bin/python",
        pytest.param("lib/python3.11/site-packages/six-1.16.0.dist-info", marks=pytest.mark.long),
        pytest.param(".ready", marks=pytest.mark.long),
    ],
)
def test_a_broken_environment_is_made_again(maker: Runner, server: StandIn, what: str) -> None:
    server.told.definition = definition(["six==1.16.0"], "python=3.11", shown=["six"])
    assert maker.work(server) == 0, server.told.log(BUILD)
    (name,) = environments(maker)
    broken = maker.folder / "environments" / name / what
    subprocess.run(["rm", "-r", broken], check=True)
    assert maker.work(server) == 0
    assert server.told.log().count("six 1.16.0") == 2
    assert "is here already" not in server.told.log(BUILD)


def test_jobs_that_need_the_same_make_it_once(maker: Runner, server: StandIn) -> None:
    server.told.definition = definition(["six==1.16.0", "packaging==24.0"], "python=3.11", shown=["six"])
    names = [f"job-{number}" for number in range(3)]
    for name in names:
        file = maker.lay(server, run_id=name)
        place = maker.folder / "jobs" / name
        place.mkdir()
        file.rename(place / "job.json")
        maker.call("start", place / "job.json")
    until(lambda: len(server.told.ends) == 3, 60)
    assert {one["state"] for one in server.told.ends} == {"Completed"}
    assert server.told.asked.count("POST /workspaces/w/api/v1/environment-locks") == 1


def test_an_environment_with_files_of_the_sources(maker: Runner, server: StandIn) -> None:
    package = {
        "lib/setup.py": b"from setuptools import setup; setup(name='own-lib', version='3', py_modules=['own'])"
    }
    server.told.snapshot = archive({"say.py": SAY, **package, "lib/own.py": b""})
    server.told.definition = definition(["./lib"], "python=3.11", shown=["own-lib"])
    assert maker.work(server) == 0, server.told.log(BUILD)
    assert server.told.log() == "python 3.11 own-lib 3\n"
    assert not server.told.locks


def test_a_build_is_an_environment_and_no_script(maker: Runner, server: StandIn) -> None:
    server.told.kind = "build"
    server.told.definition = definition(["six==1.16.0"], "python=3.11")
    assert maker.work(server) == 0
    assert "It is ready" in server.told.log(BUILD)
    assert not server.told.log()
    assert len(environments(maker)) == 1


def test_canceled_while_it_is_made(maker: Runner, server: StandIn) -> None:
    server.told.snapshot = archive({"say.py": SAY, **SLOW})
    server.told.definition = definition(["./slow"], "python=3.11")
    maker.call("start", maker.lay(server))
    until(lambda: "pip compile" in server.told.log(BUILD), 60)
    server.told.cancel = True
    until(lambda: server.told.ends, 30)
    assert server.told.ends[0]["state"] == "Canceled"
    until(lambda: not processes.of_job(f"{maker.job}:"), 15)
    assert not environments(maker)


def test_killed_while_it_is_made(maker: Runner, server: StandIn) -> None:
    server.told.snapshot = archive({"say.py": SAY, **SLOW})
    server.told.definition = definition(["./slow"], "python=3.11")
    pid = maker.call("start", maker.lay(server))["pid"]
    until(lambda: "pip compile" in server.told.log(BUILD), 60)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not processes.born(pid))
    assert maker.state()["code"] == "NodeLost"
    assert not processes.of_job(f"{maker.job}:")
    server.told.snapshot = archive(
        {"say.py": SAY, "slow/setup.py": b"from setuptools import setup; setup(name='slow')"}
    )
    assert maker.work(server) == 0, server.told.log(BUILD)


def test_the_users_own_environment_is_used_as_it_is(runner: Runner, server: StandIn, tmp_path: Path) -> None:
    home = tmp_path / "mine"
    subprocess.run([pythons("3.11")[0], "-m", "venv", "--without-pip", home], check=True)
    server.told.snapshot = archive(
        {"say.py": b"import sys, shutil; print(sys.prefix, shutil.which('python'))"}
    )
    server.told.definition = {
        "script": "say.py",
        "environment": {"python": {"userManagedDependencies": True, "interpreterPath": f"{home}/bin/python"}},
    }
    assert runner.work(server) == 0
    assert server.told.log() == f"{home} {home}/bin/python\n"


def test_an_interpreter_that_is_not_there_is_named(runner: Runner, server: StandIn) -> None:
    server.told.definition = {
        "script": "say.py",
        "environment": {"python": {"userManagedDependencies": True, "interpreterPath": "/no/such/python"}},
    }
    assert runner.work(server) == 1
    assert "'/no/such/python' is no program on this machine" in server.told.ends[0]["error"]["message"]


def test_settings_of_the_machine_reach_the_installer(maker: Runner, server: StandIn, tmp_path: Path) -> None:
    maker.variables.update({"UV_OFFLINE": "1", "UV_CACHE_DIR": str(tmp_path / "empty")})
    server.told.definition = definition(["six==1.16.0"], "python=3.13")
    assert maker.work(server) == 1
    assert server.told.ends[0]["error"]["code"] == "EnvironmentError"


def test_environments_that_nobody_uses_go(maker: Runner, server: StandIn) -> None:
    root = maker.folder / "environments"
    long_ago = time.time() - 100 * 86_400
    for name in ("old", "half-made", "used"):
        (root / name).mkdir(parents=True)
    for name, when in (("old", long_ago), ("used", time.time())):
        (root / name / ".ready").write_text("{}")
        os.utime(root / name / ".ready", (when, when))
    os.utime(root / "half-made", (long_ago, long_ago))
    server.told.kind = "build"
    server.told.definition = definition([], "python=3.11")
    assert maker.work(server) == 0
    assert {"old", "half-made"}.isdisjoint(environments(maker))
    assert len(environments(maker)) == 2
