"""Processes of MPI: on one machine its own program starts them, as only that makes one world of them.

Without it each finds its rank in variables, which is enough for scripts that read those, but not for MPI's own library.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from typing import Sequence

from .ranks import Group
from .supervision import Launch

PROGRAMS = ("mpirun", "mpiexec")
ABSENT = (
    "[Each process knows its rank by OMPI_COMM_WORLD_RANK only: there is no mpirun here, or there are several machines. "
    "MPI's own library, as mpi4py uses it, sees one process each.]\n"
)
# more processes than cores, by whoever runs the job: the engine has decided both
_ALLOWED = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}
_OF_ONE = ("RUNYARD_RANK", "RUNYARD_LOCAL_RANK")


def with_mpirun(started: Sequence[Launch], group: Group) -> Sequence[Launch]:
    """The same processes, started by MPI's program where that is there; else with a word about it in the log."""
    if not group.is_mpi or group.size == 1:
        return started
    first = started[0]
    program = None if group.nodes > 1 or first.contained else _find(first.variables.get("PATH", ""))
    if program is None:
        with open(first.log, "a", encoding="utf-8") as log:
            log.write(ABSENT)
        return started
    kept = {
        name: value
        for name, value in first.variables.items()
        if name not in _OF_ONE and not name.startswith("OMPI_COMM_WORLD_")
    }
    command = [program, "-n", str(len(started)), *first.command]
    return [replace(first, command=command, variables={**kept, **_ALLOWED})]


def _find(path: str) -> str | None:
    places = os.pathsep.join(one for one in path.split(os.pathsep) if not one.endswith(f"{os.sep}shims"))
    found = (shutil.which(name, path=places) for name in PROGRAMS)
    return next((one for one in found if one), None)
