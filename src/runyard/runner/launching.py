"""What is started for a job: commands, variables, files for what they say."""

from __future__ import annotations

import os
import shutil
from typing import Sequence

from . import variables
from .definition import Orders
from .environments.prepared import Prepared
from .job_file import JobFile
from .layout import JobFolder
from .ranks import Group, node_rank
from .supervision import Launch

LOG = "user_logs/std_log.txt"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def launches(
    job: JobFile, orders: Orders, prepared: Prepared, group: Group, work: str, logs: str
) -> list[Launch]:
    """The processes of this machine."""
    machine = variables.of_machine(own_python=prepared.own)
    return [
        _launch(
            job, orders, prepared, machine, {} if group.alone else group.variables(local), rank, work, logs
        )
        for local, rank in enumerate(group.ranks())
    ]


def containers(prepared: Prepared, started: Sequence[Launch]) -> list[list[str]]:
    """Program and name of those that are started."""
    if prepared.container is None:
        return []
    return [[prepared.container.program, f"{prepared.container.name}-{one.rank}"] for one in started]


def _launch(
    job: JobFile,
    orders: Orders,
    prepared: Prepared,
    machine: dict[str, str],
    of_rank: dict[str, str],
    rank: int,
    work: str,
    logs: str,
) -> Launch:
    own = {**_threads(job, orders.definition.process_count), **_variables(job, orders, prepared), **of_rank}
    everything = prepared.within({**machine, **own})
    command = _command(orders, prepared, everything)
    if prepared.container is not None:
        own["HOME"] = everything["HOME"] = work
        command = prepared.container.with_gpus(job.gpus).command(command, work, own, rank)
    log = os.path.join(logs, os.path.basename(log_name(rank)))
    return Launch(command, everything, work, log, rank, prepared.container is not None)


def log_name(rank: int) -> str:
    """The run's log of one process."""
    return LOG if rank == 0 else f"{LOG[:-4]}_{rank}.txt"


def journal_folder(place: JobFolder, rank: int) -> str:
    """Where the journals of the scripts on one machine are."""
    return place.own("journal", rank)


def _command(orders: Orders, prepared: Prepared, base: dict[str, str]) -> Sequence[str]:
    definition = orders.definition
    if not definition.command:
        return [prepared.python, definition.script, *definition.arguments]
    program, *rest = definition.command
    if prepared.container is not None:
        return [prepared.python if program in ("python", "python3") else program, *rest]
    # found where the script finds programs, which is not where this process does
    found = program if os.sep in program else shutil.which(program, path=base.get("PATH"))
    if found is None and program in ("python", "python3"):
        found = prepared.python
    return [found or program, *rest]


def _variables(job: JobFile, orders: Orders, prepared: Prepared) -> dict[str, str]:
    definition = orders.definition
    named = definition.environment.get("environmentVariables") or {}
    return {
        **{str(name): str(value) for name, value in named.items()},
        **definition.environment_variables,
        **_of_gpus(job),
        **variables.of_job(job, orders.variables, prepared.packages),
        "RUNYARD_JOURNAL": journal_folder(job.place, node_rank()),
    }


def _threads(job: JobFile, processes: int) -> dict[str, str]:
    """Numerical libraries start no more threads than the job asked for; what the job says itself goes before."""
    return dict.fromkeys(THREADS, str(max(1, job.cpus // processes))) if job.cpus else {}


def _of_gpus(job: JobFile) -> dict[str, str]:
    if job.gpus is None:
        return {}
    return {"CUDA_VISIBLE_DEVICES": ",".join(str(one) for one in job.gpus)}
