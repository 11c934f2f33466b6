"""How processes of MPI are started, and what is said when one of them fails."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runyard.runner.last_words import code_of_srun, last_words
from runyard.runner.layout import JobFolder
from runyard.runner.mpi import find_starter, put_down
from runyard.runner.ranks import Group
from runyard.runner.supervision import Launch

ON_SLURM = {"SLURMD_NODENAME": "n1", "SLURM_MEM_PER_CPU": "256"}
TWO = Group("Mpi", node=0, nodes=2, each=3)
OPEN_MPI = """
about to fail
Traceback (most recent call last):
ValueError: no such luck
--------------------------------------------------------------------------
MPI_ABORT was invoked on rank 3 in communicator MPI_COMM_WORLD
with errorcode 1.
--------------------------------------------------------------------------
[n1:00000] *** An error occurred in Socket closed
srun: error: n2: task 1: Exited with exit code 143
"""


def launch(folder: Path, **variables: str) -> Launch:
    """The first process of a machine whose programs are in this folder only."""
    found = {"PATH": str(folder), "OMPI_COMM_WORLD_RANK": "0", "RUNYARD_RANK": "0", **variables}
    return Launch(["python", "train.py"], found, str(folder), str(folder / "log"))


def program(folder: Path, name: str, says: str) -> str:
    """A program that says this, whatever it is asked."""
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{says}'\n")
    file.chmod(0o755)
    return str(file)


def test_open_mpi_starts_as_many_on_each_node_within_the_step_of_the_runners(tmp_path: Path) -> None:
    mpirun = program(tmp_path, "mpirun", "mpirun (Open MPI) 4.1.4")
    first = launch(tmp_path, **ON_SLURM)
    (started,) = find_starter(TWO, first).on_all(first, JobFolder(str(tmp_path), "run"))
    assert started.command[:5] == [mpirun, "-n", "6", "--map-by", "ppr:3:node:OVERSUBSCRIBE"]
    assert started.variables.items() >= {"SLURM_OVERLAP": "1", "SLURM_MEM_PER_NODE": "0"}.items()
    assert started.variables.keys().isdisjoint(("SLURM_MEM_PER_CPU", "RUNYARD_RANK", "OMPI_COMM_WORLD_RANK"))


def test_hydra_has_an_option_of_its_own(tmp_path: Path) -> None:
    mpiexec = program(tmp_path, "mpiexec", "HYDRA build details:")
    assert find_starter(TWO, launch(tmp_path, **ON_SLURM)).words == [mpiexec, "-n", "6", "-ppn", "3"]


@pytest.mark.parametrize(
    ("usual", "variables", "beginning"),
    [
        ("none", {}, []),
        ("none", {"SLURM_MPI_TYPE": "pmix"}, ["srun", "--mpi=pmix"]),
        ("cray_shasta", {"SLURM_MPI_TYPE": "none"}, ["srun", "--overcommit"]),
    ],
)
def test_srun_starts_them_where_the_job_or_the_cluster_says_so(
    tmp_path: Path, usual: str, variables: dict[str, str], beginning: list[str]
) -> None:
    program(tmp_path, "scontrol", f"MpiDefault              = {usual}")
    starter = find_starter(TWO, launch(tmp_path, **ON_SLURM, **variables))
    assert list(starter.words[:2]) == beginning
    assert starter.is_there or "--module" in starter.why


def test_several_machines_without_slurm_are_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "mpirun", "mpirun (Open MPI) 4.1.4")
    starter = find_starter(TWO, launch(tmp_path))
    assert not starter.is_there and "only Slurm makes one world of several machines" in starter.why
    monkeypatch.setenv("RUNYARD_NODE_RANK", "0")  # as a Ray that runs within Slurm tells it
    assert find_starter(TWO, launch(tmp_path, **ON_SLURM)) == starter


def test_a_process_begins_on_a_machine_as_that_has_put_it_down(tmp_path: Path) -> None:
    place = JobFolder(str(tmp_path), "run")
    place.make_private()
    odd = 'it\'s\n$HOME "x"'
    first = launch(tmp_path, **ON_SLURM, ODD=odd, OMPI_MCA_btl="tcp")
    put_down(
        Launch(
            ["/bin/sh", "-c", 'pwd; /usr/bin/env; printf %s "$ODD"'], first.variables, first.folder, first.log
        ),
        place,
    )
    file = place.file("mpi-n1.sh")
    assert Path(file).stat().st_mode & 0o777 == 0o600
    given = {"PATH": "/usr/bin:/bin", "SLURMD_NODENAME": "n2", "OMPI_COMM_WORLD_RANK": "5"}
    said = subprocess.run(["/bin/sh", file], env=given, capture_output=True, text=True, check=False).stdout
    assert said.startswith(f"{tmp_path}\n") and said.endswith(odd)
    lines = said.splitlines()
    assert "OMPI_COMM_WORLD_RANK=5" in lines and "SLURMD_NODENAME=n2" in lines
    assert not any(line.startswith(("RUNYARD_RANK=", "OMPI_MCA_btl=")) for line in lines)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (OPEN_MPI, "ValueError: no such luck (exit code 1)"),
        (
            OPEN_MPI.replace("ValueError: ", "it had "),
            "exit code 1; the last line of its log: it had no such luck",
        ),
        (
            "srun: error: Unable to create step\n",
            "exit code 1; the last line of its log: srun: error: Unable to create step",
        ),
    ],
)
def test_the_last_words_are_of_a_process_and_not_of_what_started_it(
    tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "log").write_text(text)
    assert last_words(str(tmp_path / "log"), 1, of_mpi=True) == told


def test_srun_tells_the_exit_code_of_the_first_that_failed(tmp_path: Path) -> None:
    text = "up\nsrun: error: n2: task 3: Exited with exit code 7\nsrun: error: n1: tasks 0-1: Exited with exit code 9\n"
    (tmp_path / "log").write_text(text)
    assert code_of_srun(str(tmp_path / "log"), 143) == 7
