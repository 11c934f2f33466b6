"""What Slurm's commands print, as they do from 22.05 on: fields between bars, a line for each job or node."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from runyard.engines.contracts import EngineState, Phase
from runyard.engines.slurm.words import ENDED, ENGINE_REASONS, how, phase_of, waits
from runyard.entities.compute import Node

SQUEUE_FORMAT = "JobID:24|,Name:272|,State:24|,exit_code:16|,Reason:256|"
SACCT_FORMAT = "JobIDRaw,JobName,State,ExitCode"
SINFO_FORMAT = "%N|%T|%c|%m|%G"
NODES_FORMAT = "%N"
MAX_EXPANDED = 10_000
_GPUS = re.compile(r"gpu(?::[^:,(]+)*?:(\d+)")
_GROUP = re.compile(r"([^,\[\]]*)\[([^\]]*)\]([^,\[\]]*)|([^,\[\]]+)")
_BUSY = frozenset(("allocated", "mixed", "completing"))
_USELESS = ("down", "drain", "fail", "error", "maint", "unknown", "inval", "not_responding", "reboot")


def parse_squeue(text: str, names: Mapping[str, str]) -> Mapping[str, EngineState]:
    """States by job id, of squeue with SQUEUE_FORMAT.

    Args:
        names: of the jobs by id. A cluster that was set up anew counts from one: what is called otherwise is another job.
    """
    rows = _rows(text, 5)
    return {
        job: _state(state, exit_code, reason)
        for job, name, state, exit_code, reason in rows
        if names.get(job) == name
    }


def parse_sacct(text: str, names: Mapping[str, str]) -> Mapping[str, EngineState]:
    """The same of sacct with SACCT_FORMAT; `CANCELLED by 1000` is CANCELLED."""
    rows = _rows(text, 4)
    return {
        job: _state(state.partition(" ")[0], exit_code, "")
        for job, name, state, exit_code in rows
        if names.get(job) == name
    }


def parse_ended(text: str) -> Mapping[str, EngineState]:
    """States by job id, of what scripts wrote when they ended: `job code`."""
    found: dict[str, EngineState] = {}
    for job, code in (line.split() for line in text.splitlines() if len(line.split()) == 2):
        if code.isdigit():
            exit_code, signal = _of_shell(int(code))
            found[job] = EngineState(Phase.ENDED, "its script ended", exit_code=exit_code, signal=signal)
    return found


def parse_nodes(sinfo: str, running: str) -> Sequence[Node]:
    """Nodes in their order, each once.

    Args:
        sinfo: of sinfo --Node with SINFO_FORMAT, in which a node stands once for each of its partitions.
        running: the nodes of each running job, of squeue with NODES_FORMAT.
    """
    counts: dict[str, int] = {}
    for line in running.splitlines():
        for name in expand(line.strip()):
            counts[name] = counts.get(name, 0) + 1
    found: dict[str, Node] = {}
    for name, state, cpus, memory, gres in _rows(sinfo, 5):
        found[name] = Node(
            name, _node_state(state), _number(cpus), _number(memory), _gpus(gres), counts.get(name, 0)
        )
    return list(found.values())


def expand(text: str) -> Iterator[str]:
    """The names of a list of hosts: `n[1-2,7],m03` is n1, n2, n7, m03. At most MAX_EXPANDED."""
    left = MAX_EXPANDED
    for before, inside, after, plain in _GROUP.findall(text):
        for middle in _numbers(inside) if inside else ("",):
            if left == 0:
                return
            left -= 1
            yield plain or f"{before}{middle}{after}"


def _rows(text: str, count: int) -> Iterator[Sequence[str]]:
    for line in text.splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) >= count and fields[0]:
            yield fields[:count]


def _state(state: str, exit_text: str, reason: str) -> EngineState:
    phase = phase_of(state)
    if phase is Phase.WAITING:
        return EngineState(phase, waits(reason))
    if phase is Phase.RUNNING:
        return EngineState(phase)
    exit_code, signal = _exit(exit_text)
    code = ENDED[state]
    if state == "FAILED" and reason in ENGINE_REASONS:
        code, exit_code = "EngineError", None
    elif state == "FAILED" and reason == "JobLaunchFailure" and not signal:
        code = "EngineError"
    if state != "FAILED" and state != "COMPLETED":
        exit_code = signal = None  # of Slurm's own doing
    return EngineState(phase, how(state, reason), code, exit_code, signal)


def _exit(text: str) -> tuple[int | None, int | None]:
    """Exit code and signal: as a wait status, or as `code:signal`."""
    code, colon, signal = text.partition(":")
    if not code.isdigit() or (colon and not signal.isdigit()):
        return None, None
    if colon:
        found = (int(code), int(signal))
    else:
        found = (int(code) >> 8, int(code) & 0x7F)
    return (None, found[1]) if found[1] else _of_shell(found[0])


def _of_shell(code: int) -> tuple[int | None, int | None]:
    """A shell tells of a signal by 128 and its number."""
    return (None, code - 128) if 128 < code < 128 + 65 else (code, None)


def _node_state(text: str) -> str:
    plain = text.rstrip("*~#!%$@^-+")
    if text.endswith("*") or plain.startswith(_USELESS):
        return "unusable"
    return "running" if plain in _BUSY else plain


def _gpus(gres: str) -> int:
    return sum(int(number) for number in _GPUS.findall(gres))


def _number(text: str) -> int:
    digits = text.rstrip("+")
    return int(digits) if digits.isdigit() else 0


def _numbers(text: str) -> Iterable[str]:
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if dash and first.isdigit() and last.isdigit():
            yield from (f"{number:0{len(first)}d}" for number in range(int(first), int(last) + 1))
        else:
            yield part
