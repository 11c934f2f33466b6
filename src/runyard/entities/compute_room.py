"""Whether machines without a scheduler can ever have room for a job. Pure; what is not known of a machine is enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runyard.entities.compute import Node
from runyard.entities.job import Resources

ANY = 2**62


def amounts(wanted: Resources, machine: Node) -> Iterator[tuple[str, int, int]]:
    """Of each kind: a word for it, how much is asked for, how much a machine has. One without processors was not asked."""
    known = machine.cpus > 0
    yield "GPU", wanted.gpus, machine.gpus if known else ANY
    yield "CPU", wanted.cpus, machine.cpus if known else ANY
    yield "MB", wanted.memory_mb, machine.memory_mb or ANY


def why_never(machines: Sequence[Node], nodes: int, wanted: Resources) -> str:
    """Why a job of so many nodes can never run on these machines, one node on each; empty: it may."""
    if nodes > len(machines):
        return _too_few(len(machines), nodes)
    able = sum(all(asked <= has for _, asked, has in amounts(wanted, one)) for one in machines)
    if able >= nodes:
        return ""
    if nodes > 1:
        return (
            f"The job asks for {nodes} machines with {asked_for(wanted)} each; "
            f"{able} of the target's {len(machines)} {'has' if able == 1 else 'have'} as much."
        )
    for kind in zip(*(amounts(wanted, one) for one in machines), strict=True):
        (word, asked, _), greatest = kind[0], max(has for _, _, has in kind)
        if asked > greatest:
            return f"The job asks for {amount(asked, word)}; no machine of the target has more than {greatest:,}."
    return f"The job asks for {asked_for(wanted)}; no machine of the target has all of that."


def asked_for(wanted: Resources) -> str:
    """In words; empty: nothing."""
    asked = (("GPU", wanted.gpus), ("CPU", wanted.cpus), ("MB", wanted.memory_mb))
    *words, last = [amount(count, word) for word, count in asked if count] or [""]
    return f"{', '.join(words)} and {last}" if words else last


def amount(count: int, word: str) -> str:
    """So much of a kind, in words."""
    if word == "MB":
        return f"{count:,} MB of memory"
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _too_few(machines: int, nodes: int) -> str:
    way = "or ask for fewer nodes and more processes on each."
    if machines == 1:
        return (
            f"The job asks for {nodes} nodes, and the target is one machine. Submit it to an ssh target with as many hosts, or "
            f"to a slurm or ray target, {way}"
        )
    return (
        f"The job asks for {nodes} nodes, each on a machine of its own, and the target has {machines} hosts. Add hosts to it, "
        f"{way}"
    )
