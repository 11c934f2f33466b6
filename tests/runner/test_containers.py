"""Environments in images, with a real podman where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard.runner.environments.containers import Container
from tests.runner.jobs import Runner, until
from tests.runner.standin import RUN, StandIn, archive

BUILD = "azureml-logs/20_image_build_log.txt"
IMAGE = "localhost/runyard-test:1"
# for machines where little may be raised or limited: the same as the defaults where everything may
CONF = """
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
default_sysctls = []
"""
STORAGE = """
[storage]
driver = "overlay"
graphroot = "{folder}/root"
runroot = "{folder}/run"
"""
PARTS = ("bin", "sbin", "lib", "lib64", "usr/bin/python3.11", "usr/bin/sh", "usr/bin/dash", "usr/bin/sleep")


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Variables for podman with an image of its own that has this machine's Python."""
    if not shutil.which("podman") or not shutil.which("runc") or not Path("/usr/bin/python3.11").exists():
        pytest.skip("podman with runc and the system's Python 3.11 is not there")
    folder = tmp_path_factory.mktemp("podman")
    (folder / "containers.conf").write_text(CONF)
    (folder / "storage.conf").write_text(STORAGE.format(folder=folder))
    variables = {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "TMPDIR": str(folder),
    }
    tar = folder / "image.tar"
    subprocess.run(["tar", "-C", "/", "-cf", tar, *PARTS, "usr/lib/python3.11", *_libraries()], check=True)
    environment = {**os.environ, **variables}
    subprocess.run(["podman", "import", "-q", tar, IMAGE], check=True, env=environment, capture_output=True)
    yield variables
    subprocess.run(["podman", "rm", "-fa"], env=environment, capture_output=True)
    subprocess.run(["podman", "rmi", "-fa"], env=environment, capture_output=True)


def _libraries() -> set[str]:
    extra = Path("/usr/lib/python3.11/lib-dynload").glob("*.so")
    shown = subprocess.run(["ldd", "/usr/bin/python3.11", *extra], capture_output=True, text=True).stdout
    found = {word for word in shown.split() if word.startswith("/lib") and ".so" in word}
    usual = ("gcc_s", "dl", "pthread", "rt")  # which most images have
    found |= {str(path) for name in usual for path in Path("/lib").glob(f"*/lib{name}.so.*")}
    # links and what they lead to, below /usr where /lib leads
    return {str(path.resolve().relative_to("/")) for path in map(Path, found)} | {
        f"usr{path}" for path in found if Path(f"/usr{path}").exists()
    }


@pytest.fixture
def contained(runner: Runner, podman: dict[str, str]) -> Runner:
    """A runner on a machine with podman."""
    runner.variables.update({**podman, "RUNYARD_UV": "off"})
    return runner


def definition(docker: dict[str, Any], **python: Any) -> dict[str, Any]:
    """Of a job in an image, with the image's own Python."""
    managed = {"userManagedDependencies": True, "interpreterPath": "python3.11", **python}
    environment = {"name": "e", "python": managed, "docker": {"enabled": True, **docker}}
    return {"script": "train.py", "arguments": ["a b"], "environment": environment}


TRAIN = b"""
import os, sys
print(sys.argv[1:], os.path.exists("/etc"), os.environ["RUNYARD_RUN_ID"], os.environ["KEPT"], os.environ["HOME"])
open("outputs/model", "w").write("weights")
"""


@pytest.mark.long
def test_a_script_runs_in_an_image(contained: Runner, server: StandIn) -> None:
    server.told.snapshot = archive({"train.py": TRAIN})
    server.told.definition = {**definition({"baseImage": IMAGE}), "environment_variables": {"KEPT": "x\ny"}}
    assert contained.work(server) == 0, server.told.log(BUILD) + server.told.log()
    work = contained.job / "work"
    assert server.told.log() == f"['a b'] True {RUN} x\ny {work}\n"
    assert server.told.artifacts == {"outputs/model": b"weights"}


@pytest.mark.long
@pytest.mark.parametrize(
    ("text", "code", "signal"), [("exit(3)", 3, None), ("import os; os.kill(os.getpid(), 11)", None, 11)]
)
def test_how_a_script_failed_in_an_image_is_told(
    contained: Runner, server: StandIn, text: str, code: int | None, signal: int | None
) -> None:
    # the first process of a container is spared by most signals
    launch = f"import subprocess, sys; c = subprocess.call([sys.executable, '-c', {text!r}]); sys.exit(128 - c if c < 0 else c)"
    server.told.snapshot = archive({"train.py": launch.encode()})
    server.told.definition = definition({"baseImage": IMAGE})
    contained.work(server)
    error = server.told.ends[0]["error"]
    assert (error.get("exit_code"), error.get("signal")) == (code, signal), server.told.log()


@pytest.mark.long
def test_a_cancel_ends_the_container(contained: Runner, server: StandIn) -> None:
    server.told.snapshot = archive(
        {"train.py": b"import time; print('working', flush=True); time.sleep(300)"}
    )
    server.told.definition = definition({"baseImage": IMAGE})
    contained.call("start", contained.lay(server))
    until(lambda: "working" in server.told.log(), 60)
    server.told.cancel = True
    until(lambda: server.told.ends, 40)
    shown = subprocess.run(["podman", "ps", "-q"], env=contained.variables, capture_output=True, check=True)
    assert not shown.stdout
    assert server.told.ends[0]["state"] == "Canceled"


@pytest.mark.long
def test_an_image_is_built_of_a_dockerfile(contained: Runner, server: StandIn) -> None:
    server.told.snapshot = archive({"train.py": b"import os; print(os.environ['OF_IMAGE'])"})
    server.told.definition = definition({"baseDockerfile": f"FROM {IMAGE}\nENV OF_IMAGE=yes\n"})
    assert contained.work(server) == 0, server.told.log(BUILD)
    assert server.told.log() == "yes\n"


@pytest.mark.long
def test_packages_are_installed_for_the_python_of_the_image(
    contained: Runner, server: StandIn, uv: str
) -> None:
    contained.variables["RUNYARD_UV"] = uv
    server.told.snapshot = archive({"train.py": b"import six, sys; print(six.__version__, sys.base_prefix)"})
    dependencies = ["python=3.11", {"pip": ["six==1.16.0", "azureml-tiny"]}]
    python = {"condaDependencies": {"dependencies": dependencies}}
    environment = {"name": "e", "python": python, "docker": {"enabled": True, "baseImage": IMAGE}}
    server.told.definition = {"command": ["python", "train.py"], "environment": environment}
    for _ in range(2):
        assert contained.work(server) == 0, server.told.log(BUILD)
    assert server.told.log().count("1.16.0 /usr\n") == 2
    assert "is here already" in server.told.log(BUILD)


@pytest.mark.long
def test_an_image_that_cannot_be_fetched_fails_the_environment(contained: Runner, server: StandIn) -> None:
    server.told.definition = definition({"baseImage": "127.0.0.1:1/no/such:1"})
    assert contained.work(server) == 1
    error = server.told.ends[0]["error"]
    assert error["code"] == "EnvironmentError"
    assert "127.0.0.1:1/no/such:1 cannot be fetched" in error["message"]


def test_without_podman_and_docker_the_ways_out_are_told(runner: Runner, server: StandIn) -> None:
    runner.variables["RUNYARD_CONTAINERS"] = "off"
    server.told.definition = definition({"baseImage": "example.org/own:1"})
    assert runner.work(server) == 1
    assert "neither podman nor docker" in server.told.ends[0]["error"]["message"]


def test_azures_own_base_images_are_the_machine_itself(runner: Runner, server: StandIn) -> None:
    runner.variables["RUNYARD_CONTAINERS"] = "off"
    server.told.snapshot = archive({"train.py": b"print('ok')"})
    image = "mcr.microsoft.com/azureml/base:intelmpi2018.3-ubuntu16.04"
    server.told.definition = definition({"baseImage": image}, interpreterPath="python3")
    assert runner.work(server) == 0, server.told.log(BUILD)
    assert server.told.log() == "ok\n"


def test_gpus_are_given_as_each_program_takes_them() -> None:
    docker = Container("/usr/bin/docker", "i", "n").with_gpus([0, 2])
    assert docker.command(["x"], "/w", ["B", "A"])[-4:] == ["--gpus", '"device=0,2"', "i", "x"]
    podman = Container("/usr/bin/podman", "i", "n").with_gpus([0])
    assert "nvidia.com/gpu=0" in podman.command(["x"], "/w", [])
    assert Container("podman", "i", "n").with_gpus(()).options == ()
