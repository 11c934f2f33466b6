"""What a program's log says last of its end."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

TAIL_BYTES = 16_384
HINTS = {  # by what errors say of themselves
    "ModuleNotFoundError: No module named": "Neither the run's environment nor the files that went along have it.",
    "active experiment ID does not match environment run ID": "The script sets another experiment "
    "(mlflow.set_experiment) than the one that it was submitted to: leave that call out, or submit to that experiment.",
}
_RAISED = re.compile(r"(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:Error|Exception|Interrupt|Exit|Warning)\b.*")
_FRAME = re.compile(r"([-=])\1{60,}")
_OF_MPI = re.compile(
    r"srun: |slurmstepd|\[\S+:\S+\] |\[(?:mpiexec|proxy:\d+)@|Abort\(\d+\) on node |MPI_ABORT was invoked"
)
_OF_SRUN = re.compile(r"srun: error: \S+: tasks? \S+: Exited with exit code (\d+)")


def code_of_srun(log: str, code: int) -> int:
    """Of the first process that failed, as srun tells it: its own exit code is of those that it ended therefore."""
    found = next((one for line in _tail(log) if (one := _OF_SRUN.match(line))), None)
    return int(found.group(1)) if found else code


def last_words(log: str, code: int, of_mpi: bool = False) -> str:
    """The exception that a Python program told at last, or its exit code with the last line that it wrote.

    Args:
        of_mpi: MPI's program has started several, and says a lot of its own when one of them fails.
    """
    lines = _tail(log)
    if of_mpi:
        lines = list(_without_notices(lines)) or lines
    last = lines[-1] if lines else ""
    found = next((line for line in reversed(lines if of_mpi else lines[-1:]) if _RAISED.fullmatch(line)), "")
    if found:
        hint = "".join(f". {hint}" for said, hint in HINTS.items() if said in found)
        return f"{found[:1000]} (exit code {code}){hint}"
    return f"exit code {code}; the last line of its log: {last[:300]}" if last else f"exit code {code}."


def _tail(log: str) -> list[str]:
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line.strip() for line in text.rstrip().splitlines()]


def _without_notices(lines: Iterable[str]) -> Iterator[str]:
    """What the processes themselves wrote: no notices between lines of dashes, nothing that names its program."""
    inside = False
    for line in lines:
        if _FRAME.fullmatch(line):
            inside = not inside
        elif not inside and any(map(str.isalnum, line)) and not _OF_MPI.match(line):
            yield line
