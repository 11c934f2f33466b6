"""Starting a job on its machines: on all of them or on none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from runyard.engines.contracts import EngineRefused, EngineUnreachable
from runyard.engines.shell.contracts import NotConnected
from runyard.engines.shell.machine import Machine

Failure = NotConnected | EngineRefused


class NotStarted(Exception):
    """Nothing of the job is left. `failures`: of the machines that were not reached or refuse, by name."""

    def __init__(self, failures: Mapping[str, Failure]) -> None:
        self.failures = failures
        super().__init__("; ".join(map(str, failures.values())))


async def start_all(nodes: Sequence[tuple[Machine, str, Mapping[str, Any]]]) -> None:
    """Start a job.

    The first node comes last: until it begins the job has not begun for the server, and the others only wait for it.

    Args:
        nodes: machine, name and job file of each.
    Raises: NotStarted; EngineUnreachable, when something may have begun that could not be ended again.
    """
    failures = await _failures((machine.name, machine.lay(name, job)) for machine, name, job in nodes)
    laid = [(machine, name) for machine, name, _ in nodes if machine.name not in failures]
    for some in () if failures else (laid[1:], laid[:1]):
        failures = await _failures((machine.name, machine.start(name)) for machine, name in some)
        if failures:
            break
    if not failures:
        return
    uncertain = next(
        (one for one in failures.values() if not isinstance(one, NotConnected | EngineRefused)), None
    )
    if uncertain is not None and nodes[0][0].name in failures and len(laid) == len(nodes):
        raise uncertain  # the first may be at work, and then needs the others
    await asyncio.gather(
        *(_removed(machine, name, missing=machine.name in failures) for machine, name in laid)
    )
    if uncertain is not None:
        raise uncertain
    raise NotStarted(
        {name: one for name, one in failures.items() if isinstance(one, NotConnected | EngineRefused)}
    )


async def _failures(
    calls: Iterable[tuple[str, Awaitable[None]]],
) -> dict[str, EngineUnreachable | EngineRefused]:
    asked = dict(calls)
    answers = await asyncio.gather(*map(_failure, asked.values()))
    return {name: answer for name, answer in zip(asked, answers, strict=True) if answer is not None}


async def _failure(call: Awaitable[None]) -> EngineUnreachable | EngineRefused | None:
    try:
        await call
    except (EngineUnreachable, EngineRefused) as exc:
        return exc
    return None


async def _removed(machine: Machine, name: str, *, missing: bool) -> None:
    """Nothing of a node is left. One that cannot be reached either way is let be: it waits in vain, and leaves."""
    with suppress(*((EngineUnreachable, EngineRefused) if missing else ())):
        await machine.stop(name)
        await machine.forget(name)
